-- Verify pgdocket:access/list_access on pg

begin;

select 'docket.list_access(uuid, uuid, uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_reader', 'docket.list_access(uuid, uuid, uuid, integer)', 'execute')::integer;

rollback;
