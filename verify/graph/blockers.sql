-- Verify pgdocket:graph/blockers on pg

begin;

select 1 / has_function_privilege(
               'docket_reader', 'docket.blockers(uuid, integer, integer, boolean, integer, uuid)',
               'execute')::integer,
       1 / has_function_privilege(
               'docket_reader', 'docket.impact(uuid, integer, integer, boolean, integer, uuid)',
               'execute')::integer,
       1 / has_function_privilege(
               'docket_reader', 'docket.get_task_dependency_graph(uuid, integer, integer)',
               'execute')::integer,
       1 / has_table_privilege('docket_reader', 'docket_private.task_nodes', 'select')::integer;

rollback;
