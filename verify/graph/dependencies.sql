-- Verify pgdocket:graph/dependencies on pg

begin;

select 1 / has_function_privilege(
               'docket_reader', 'docket.dependencies(uuid, text, uuid, integer)',
               'execute')::integer,
       1 / has_function_privilege(
               'docket_reader', 'docket.dependents(uuid, text, uuid, integer)',
               'execute')::integer,
       1 / has_function_privilege(
               'docket_reader', 'docket.get_task_dependencies(uuid)', 'execute')::integer;

rollback;
