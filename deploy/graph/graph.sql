-- Deploy pgdocket:graph/graph to pg
-- requires: graph/blockers
-- requires: graph/ready_tasks

begin;
set local role docket_owner;

-- Nodes and edges for whoever draws them: in rows, and in one document.
create view docket.task_dependency_graph
with (security_invoker = true) as
    select t.project_id,
           t.workflow_id,
           'node' as element,
           t.task_id,
           t.task_key,
           t.title,
           t.status,
           t.priority,
           null::uuid as depends_on_id,
           null::text as depends_on_key,
           null::docket.dependency_type as dependency_type,
           null::docket.satisfaction as satisfied_by,
           null::numeric as strength
      from docket.tasks as t
     where t.archived_at is null
     union all
    select t.project_id, t.workflow_id, 'edge', t.task_id, t.task_key, null, null, null,
           d.task_id as depends_on_id, d.task_key as depends_on_key, e.dependency_type,
           e.satisfied_by, e.strength
      from docket.tasks as t
      join docket.task_dependencies as e
        on e.task_id = t.task_id
       and e.project_id = t.project_id
      join docket.tasks as d
        on d.task_id = e.depends_on_id
       and d.project_id = e.project_id
     where t.archived_at is null
       and d.archived_at is null;

comment on view docket.task_dependency_graph is
    'The graph of the tasks in use, for pictures: a row for each task (element is node) and for each dependency (edge).';

create function docket.graph(
    project_id        uuid,
    workflow_id       uuid    default null,
    include_completed boolean default true,
    max_tasks         integer default null
) returns jsonb
language sql
stable
set enable_seqscan = off
set enable_nestloop = off
set enable_hashjoin = on
set enable_mergejoin = off
set jit = off
begin atomic
      with asked as materialized (
          select t.task_id, t.task_key, t.title, t.status, t.priority, t.parent_task_id,
                 t.workflow_id, t.assigned_to, n.rank, coalesce(n.unmet, 0) as unmet,
                 r.task_id is not null as is_ready
            from docket.tasks as t
            left join docket_private.task_nodes as n
              on n.project_id = t.project_id
             and n.task_id = t.task_id
            left join docket.ready_tasks as r
              on r.task_id = t.task_id
             and r.project_id = t.project_id
           where t.project_id = graph.project_id
             and (graph.workflow_id is null or t.workflow_id = graph.workflow_id)
             and (graph.include_completed or t.status <> 'completed')
             and t.archived_at is null
      ), chosen as materialized (
          select a.*
            from asked as a
           order by a.rank nulls first, a.task_id
           limit case when graph.max_tasks < 0 then 0 else graph.max_tasks end
      ), edges as (
          select c.task_id, c.rank, e.depends_on_id, e.dependency_type, e.satisfied_by, e.strength
            from chosen as c
           cross join lateral (
                     select e.depends_on_id, e.dependency_type, e.satisfied_by, e.strength
                       from docket.task_dependencies as e
                      where e.task_id = c.task_id
                        and e.project_id = graph.project_id
                      order by e.depends_on_id
                     offset 0
                 ) as e
            join chosen as d on d.task_id = e.depends_on_id
      )
    select jsonb_build_object(
               'nodes', coalesce((
                   select jsonb_agg(
                              jsonb_build_object(
                                  'task_id', c.task_id,
                                  'task_key', c.task_key,
                                  'title', c.title,
                                  'status', c.status,
                                  'priority', c.priority,
                                  'parent_task_id', c.parent_task_id,
                                  'workflow_id', c.workflow_id,
                                  'assigned_to', c.assigned_to,
                                  'unmet', c.unmet,
                                  'is_ready', c.is_ready)
                              order by c.rank nulls first, c.task_id)
                     from chosen as c), '[]'),
               'edges', coalesce((
                   select jsonb_agg(
                              jsonb_build_object(
                                  'task_id', e.task_id,
                                  'depends_on_id', e.depends_on_id,
                                  'dependency_type', e.dependency_type,
                                  'satisfied_by', e.satisfied_by,
                                  'strength', e.strength)
                              order by e.rank nulls first, e.task_id, e.depends_on_id,
                                       e.dependency_type)
                     from edges as e), '[]'),
               'left_out', (select count(*) from asked) - (select count(*) from chosen));
end;

comment on function docket.graph(uuid, uuid, boolean, integer) is
'The graph of a project as one document for drawing: {"nodes": [...], "edges": [...], "left_out": 0},
the nodes in an order in which they can be done.

A node has task_id, task_key, title, status, priority, parent_task_id, workflow_id, assigned_to,
unmet (how many dependencies are not satisfied) and is_ready; an edge task_id, depends_on_id,
dependency_type, satisfied_by and strength. `project_id` is the project, `workflow_id` narrows it
to one workflow, completed tasks are left out without `include_completed`, archived ones always;
with `max_tasks` only the first so many nodes are there, and left_out says how many are not.
Returns the document. Raises nothing.';

revoke all on function docket.graph(uuid, uuid, boolean, integer) from public;
grant execute on function docket.graph(uuid, uuid, boolean, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.task_dependency_graph
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
