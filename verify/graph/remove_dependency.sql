-- Verify pgdocket:graph/remove_dependency on pg

begin;

select 1 / has_function_privilege(
               'docket_agent', 'docket.remove_dependency(uuid, uuid, text, uuid)',
               'execute')::integer,
       1 / (not has_function_privilege(
               'docket_reader', 'docket.remove_dependency(uuid, uuid, text, uuid)',
               'execute'))::integer;

rollback;
