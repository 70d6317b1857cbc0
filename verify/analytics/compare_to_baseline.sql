-- Verify pgdocket:analytics/compare_to_baseline on pg

begin;

select 1 / count(*) from docket.settings where setting_key = 'baseline';
select 'docket.compare_to_baseline(
    uuid, timestamptz, timestamptz, timestamptz, timestamptz)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.compare_to_baseline( uuid, timestamptz, timestamptz, timestamptz, timestamptz)', 'execute')::integer;

rollback;
