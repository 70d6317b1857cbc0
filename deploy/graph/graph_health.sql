-- Deploy pgdocket:graph/graph_health to pg
-- requires: graph/readiness

begin;
set local role docket_owner;

-- Recomputes what the triggers keep, and names each row that differs. A doctor's question, for
-- a quiet moment: it reads the whole graph in one snapshot.
create function docket.graph_health(project_id uuid default null)
returns table (
    invariant     text,
    in_project_id uuid,
    task_id       uuid,
    detail        text
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set enable_hashjoin = on
set enable_mergejoin = off
set jit = off
begin atomic
      with recursive asked as (
          select p.project_id
            from docket.projects as p
           where graph_health.project_id is null
              or p.project_id = graph_health.project_id
      ), gating as materialized (
          select e.project_id, e.task_id, e.depends_on_id, e.satisfied_by
            from docket.task_dependencies as e
            join asked as a on a.project_id = e.project_id
           where e.dependency_type = 'blocks'
      ), node as materialized (
          select n.project_id, n.task_id, n.rank, n.unmet
            from docket_private.task_nodes as n
            join asked as a on a.project_id = n.project_id
      ), task as materialized (
          select t.project_id, t.task_id, t.parent_task_id, t.status, t.archived_at, t.priority,
                 t.not_before, t.workflow_id, t.merged_at, t.unmet_gates
            from docket.tasks as t
            join asked as a on a.project_id = t.project_id
      ), unmet as (
          select g.project_id, g.task_id, count(*) as unmet
            from gating as g
            join task as d
              on d.task_id = g.depends_on_id
             and d.project_id = g.project_id
           where not docket_private.is_satisfied(
                         g.satisfied_by, d.status, d.merged_at, d.unmet_gates)
           group by g.project_id, g.task_id
      ), claimable as (
          select t.*
            from task as t
            left join unmet as u
              on u.task_id = t.task_id
             and u.project_id = t.project_id
           where t.status = 'pending'
             and t.archived_at is null
             and u.task_id is null
      ), ready as (
          select r.*
            from docket.ready_tasks as r
            join asked as a on a.project_id = r.project_id
      ), kin (project_id, task_id, ancestor_id) as (
          select t.project_id, t.task_id, t.parent_task_id
            from task as t
           where t.parent_task_id is not null
           union
          select k.project_id, k.task_id, t.parent_task_id
            from kin as k
            join task as t
              on t.task_id = k.ancestor_id
             and t.project_id = k.project_id
           where t.parent_task_id is not null
      )
    select 'I1 order' as invariant, g.project_id, g.task_id,
           case
               when t.task_id is null then 'has no node, though it waits for ' || g.depends_on_id
               when d.task_id is null then 'waits for ' || g.depends_on_id || ', which has no node'
               else format('has rank %s, but waits for %s with rank %s',
                           t.rank, g.depends_on_id, d.rank)
           end as detail
      from gating as g
      left join node as t
        on t.task_id = g.task_id
       and t.project_id = g.project_id
      left join node as d
        on d.task_id = g.depends_on_id
       and d.project_id = g.project_id
     where t.rank is null
        or d.rank is null
        or d.rank >= t.rank
     union all
    select 'I2 top', n.project_id, n.task_id,
           format('has rank %s, over the project''s top %s', n.rank, g.top)
      from node as n
      join docket_private.project_graphs as g on g.project_id = n.project_id
     where n.rank > g.top
     union all
    select 'I3 counter', n.project_id, n.task_id,
           format('counts %s unsatisfied dependencies and has %s', n.unmet, coalesce(u.unmet, 0))
      from node as n
      left join unmet as u
        on u.task_id = n.task_id
       and u.project_id = n.project_id
     where n.unmet <> coalesce(u.unmet, 0)
     union all
    select 'I3 counter', n.project_id, n.task_id, 'has a node, but there is no such task'
      from node as n
      left join task as t
        on t.task_id = n.task_id
       and t.project_id = n.project_id
     where t.task_id is null
     union all
    select 'I4 ready', coalesce(r.project_id, c.project_id), coalesce(r.task_id, c.task_id),
           case
               when r.task_id is null then 'can be claimed, but is not among the ready tasks'
               when c.task_id is null then 'is among the ready tasks, but can not be claimed'
               else 'is among the ready tasks with another priority, time or workflow'
           end
      from ready as r
      full join claimable as c
        on c.task_id = r.task_id
       and c.project_id = r.project_id
     where r.task_id is null
        or c.task_id is null
        or (r.priority, r.workflow_id) is distinct from (c.priority, c.workflow_id)
        -- What is due has its time taken off by the next claim.
        or (r.not_before is distinct from c.not_before
            and not (r.not_before is null and c.not_before <= docket.clock()))
     union all
    select 'I5 guard', a.project_id, null, 'the project has no guard'
      from asked as a
      left join docket_private.project_graphs as g on g.project_id = a.project_id
     where g.project_id is null
     union all
    select 'I7 hierarchy', k.project_id, k.task_id, 'is its own ancestor'
      from kin as k
     where k.ancestor_id = k.task_id
     union all
    select 'I7 hierarchy', k.project_id, g.task_id,
           'depends on ' || g.depends_on_id || ', its own ancestor'
      from kin as k
      join gating as g
        on g.task_id = k.task_id
       and g.depends_on_id = k.ancestor_id
       and g.project_id = k.project_id
     union all
    select 'I7 hierarchy', k.project_id, g.task_id,
           'depends on ' || g.depends_on_id || ', its own descendant'
      from kin as k
      join gating as g
        on g.task_id = k.ancestor_id
       and g.depends_on_id = k.task_id
       and g.project_id = k.project_id;
end;

comment on function docket.graph_health(uuid) is
'Proves the graph: recomputes order, counters, ready tasks, guards and hierarchy from the tasks and their
dependencies, and names each row that differs.

`project_id` is the project (default: all). Returns nothing when all is well, else one row for each
difference: the invariant that is broken (I1 order, I2 top, I3 counter, I4 ready, I5 guard, I7
hierarchy), where (task_id may be null), and how. Raises nothing. docket.repair_graph() puts right
what is derived.';

create function docket_private.repair_project_graph(
    project_id        uuid,
    out nodes_changed bigint,
    out ready_added   bigint,
    out ready_removed bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set enable_hashjoin = on
set enable_mergejoin = off
set jit = off
as $$
declare
    v_task_ids       uuid[];
    v_depends_on_ids uuid[];
    v_ranks          bigint;
begin
    insert into docket_private.project_graphs (project_id)
    select p.project_id
      from docket_private.organization_projects as p
     where p.project_id = repair_project_graph.project_id
        on conflict on constraint project_graphs_pkey do nothing;

    perform docket_private.lock_graph(project_id);

    delete from docket_private.task_nodes as n
     where n.project_id = repair_project_graph.project_id
       and not exists (
               select
                 from docket.tasks as t
                where t.task_id = n.task_id
                  and t.project_id = n.project_id);
    get diagnostics nodes_changed = row_count;

    select array_agg(e.task_id), array_agg(e.depends_on_id)
      into v_task_ids, v_depends_on_ids
      from docket.task_dependencies as e
     where e.project_id = repair_project_graph.project_id
       and e.dependency_type = 'blocks';

    v_task_ids       := coalesce(v_task_ids, '{}');
    v_depends_on_ids := coalesce(v_depends_on_ids, '{}');

    update docket_private.project_graphs as g
       set top = greatest(g.top, (
                     select max(n.rank)
                       from docket_private.task_nodes as n
                      where n.project_id = repair_project_graph.project_id))
     where g.project_id = repair_project_graph.project_id;

    v_ranks := (select count(*)
                  from docket_private.task_nodes as n
                 where n.project_id = repair_project_graph.project_id);
    perform docket_private.add_nodes(project_id, v_task_ids, v_depends_on_ids, '{}');
    perform docket_private.order_new(project_id, v_task_ids, v_depends_on_ids);
    nodes_changed := nodes_changed - v_ranks + (
        select count(*)
          from docket_private.task_nodes as n
         where n.project_id = repair_project_graph.project_id);

      with counted as (
          select n.task_id, count(d.task_id)::integer as unmet
            from docket_private.task_nodes as n
            left join docket.task_dependencies as e
              on e.task_id = n.task_id
             and e.project_id = n.project_id
             and e.dependency_type = 'blocks'
            left join docket.tasks as d
              on d.task_id = e.depends_on_id
             and d.project_id = e.project_id
             and not docket_private.is_satisfied(
                         e.satisfied_by, d.status, d.merged_at, d.unmet_gates)
           where n.project_id = repair_project_graph.project_id
           group by n.task_id
      ), corrected as (
          update docket_private.task_nodes as n
             set unmet = c.unmet
            from counted as c
           where n.project_id = repair_project_graph.project_id
             and n.task_id = c.task_id
             and n.unmet <> c.unmet
          returning n.task_id
      )
    select nodes_changed + count(*) into nodes_changed
      from corrected;

    delete from docket.ready_tasks as r
     where r.project_id = repair_project_graph.project_id
       and not exists (
               select
                 from docket.tasks as t
                where t.task_id = r.task_id
                  and t.project_id = r.project_id
                  and t.status = 'pending'
                  and t.archived_at is null
                  and t.priority = r.priority
                  and t.workflow_id is not distinct from r.workflow_id
                  and not exists (
                          select
                            from docket_private.task_nodes as n
                           where n.project_id = r.project_id
                             and n.task_id = r.task_id
                             and n.unmet > 0));
    get diagnostics ready_removed = row_count;

    -- A claim at this moment has deleted its ready row in a transaction that is not seen yet: the
    -- row still counts as there. One that has ended is seen in progress.
    insert into docket.ready_tasks (
        task_id, project_id, priority, urgency, not_before, workflow_id)
    select t.task_id, t.project_id, t.priority,
           docket_private.urgency(o.claim_order, t.priority, w.weight), t.not_before, t.workflow_id
      from docket.tasks as t
      left join docket_private.claim_orders as o
        on o.project_id = t.project_id
      left join docket_private.task_weights as w
        on w.project_id = t.project_id
       and w.task_id = t.task_id
     where t.project_id = repair_project_graph.project_id
       and t.status = 'pending'
       and t.archived_at is null
       and not exists (
               select
                 from docket.ready_tasks as r
                where r.task_id = t.task_id
                  and r.project_id = t.project_id)
       and not exists (
               select
                 from docket_private.task_nodes as n
                where n.project_id = t.project_id
                  and n.task_id = t.task_id
                  and n.unmet > 0)
        on conflict on constraint ready_tasks_pkey do nothing;
    get diagnostics ready_added = row_count;
end;
$$;

comment on function docket_private.repair_project_graph(uuid) is
    'Derives nodes, ranks, counters and ready tasks of one project anew, where they are wrong.';

create function docket.repair_graph(project_id uuid default null)
returns table (
    in_project_id uuid,
    nodes_changed bigint,
    ready_added   bigint,
    ready_removed bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select p.project_id, r.nodes_changed, r.ready_added, r.ready_removed
      from (select p.project_id
              from docket.projects as p
             where repair_graph.project_id is null
                or p.project_id = repair_graph.project_id
             order by p.project_id) as p
     cross join lateral docket_private.repair_project_graph(p.project_id) as r
     where r.nodes_changed + r.ready_added + r.ready_removed > 0;
end;
$$;

comment on function docket.repair_graph(uuid) is
'Puts right what is derived from tasks and dependencies: order, counters and ready tasks. For after a
restore, or whenever docket.graph_health() finds something.

`project_id` is the project (default: all); each is taken for itself alone while it is repaired.
Returns the projects in which something was wrong, with how many nodes and ready tasks were put
right. Raises PDCYC when the dependencies themselves have a cycle.';

revoke all on function docket.graph_health(uuid) from public;
revoke all on function docket_private.repair_project_graph(uuid) from public;
revoke all on function docket.repair_graph(uuid) from public;
grant execute on function docket.graph_health(uuid), docket.repair_graph(uuid)
   to docket_admin, docket_maintenance;

-- Tasks may be older than the graph, where it was reverted and is deployed again. The owner of the
-- tables sees no project's rows while their row-level security is forced.
alter table docket.tasks no force row level security;
alter table docket.task_dependencies no force row level security;

do $$
begin
    perform docket_private.repair_project_graph(p.project_id)
       from docket_private.organization_projects as p
      order by p.project_id;
end;
$$;

alter table docket.tasks force row level security;
alter table docket.task_dependencies force row level security;

commit;
