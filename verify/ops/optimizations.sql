-- Verify pgdocket:ops/optimizations on pg

begin;

select 'docket.optimizations(uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.optimizations(uuid, integer)', 'execute')::integer;

rollback;
