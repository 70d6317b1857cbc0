-- Verify pgdocket:graph/task_nodes on pg

begin;

select project_id, version, top
  from docket_private.project_graphs
 where false;

select project_id, task_id, rank, unmet
  from docket_private.task_nodes
 where false;

-- A project without its guard would be unguarded.
select 1 / (not exists (
               select o.project_id
                 from docket_private.organization_projects as o
               except
               select g.project_id
                 from docket_private.project_graphs as g))::integer;

select has_function_privilege('docket_owner', 'docket_private.lock_graph(uuid)', 'execute'),
       has_function_privilege('docket_owner', 'docket_private.share_graph(uuid)', 'execute');

rollback;
