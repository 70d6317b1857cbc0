-- Verify pgdocket:knowledge/recommendations on pg

begin;

select 'docket.recommendations(uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.recommendations(uuid, integer)', 'execute')::integer;

rollback;
