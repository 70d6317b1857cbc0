-- Verify pgdocket:delivery/full_context on pg

begin;

select 'docket.full_context(uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.full_context(uuid, integer)', 'execute')::integer;

rollback;
