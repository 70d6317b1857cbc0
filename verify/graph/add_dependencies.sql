-- Verify pgdocket:graph/add_dependencies on pg

begin;

select 1 / has_function_privilege(
               'docket_agent', 'docket.add_dependencies(uuid, jsonb, uuid)', 'execute')::integer,
       1 / (not has_function_privilege(
               'docket_reader', 'docket.add_dependencies(uuid, jsonb, uuid)', 'execute'))::integer;

rollback;
