-- Verify pgdocket:graph/fork on pg

begin;

select 'docket.fork(uuid[], uuid, uuid)'::regprocedure;
select 1 / has_function_privilege(
           'docket_agent', 'docket.fork(uuid[], uuid, uuid)', 'execute')::integer;

rollback;
