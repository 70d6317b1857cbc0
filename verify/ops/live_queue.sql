-- Verify pgdocket:ops/live_queue on pg

begin;

select 'docket.list_leases(uuid, uuid, integer)'::regprocedure;
select 'docket.attempt_rates(uuid, interval)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.list_leases(uuid, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.attempt_rates(uuid, interval)', 'execute')::integer;

rollback;
