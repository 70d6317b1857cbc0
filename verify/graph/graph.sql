-- Verify pgdocket:graph/graph on pg

begin;

select project_id, workflow_id, element, task_id, task_key, title, status, priority, depends_on_id,
       depends_on_key, dependency_type, strength
  from docket.task_dependency_graph
 where false;

select 1 / has_function_privilege(
               'docket_reader', 'docket.graph(uuid, uuid, boolean, integer)', 'execute')::integer;

rollback;
