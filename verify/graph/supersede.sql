-- Verify pgdocket:graph/supersede on pg

begin;

select 'docket.supersede(uuid, uuid, uuid)'::regprocedure;
select 1 / has_function_privilege(
           'docket_agent', 'docket.supersede(uuid, uuid, uuid)', 'execute')::integer;

rollback;
