-- Deploy pgdocket:graph/blockers to pg
-- requires: graph/task_nodes

begin;
set local role docket_owner;

-- Both walk level by level, each task once and at its least depth, and no further than rows are
-- wanted. A task that was met is forgotten as soon as the level has sunk (risen) past its rank:
-- nothing on the way can meet it again. So a chain of any length carries no luggage.
-- Remembering (task, depth) pairs instead visits a task once for each of its depths: thousands of
-- times in a plan of 10,000 tasks.

create function docket.blockers(
    task_id           uuid,
    max_depth         integer default null,
    max_tasks         integer default 1000,
    include_completed boolean default false
) returns table (
    depth       integer,
    blocker_id  uuid,
    blocker_key text,
    title       text,
    status      docket.task_status
)
language sql
stable
begin atomic
      with recursive level (depth, reached, ids, open_ids, met_ids, met_ranks) as (
          select 0, 0, array[blockers.task_id], array[blockers.task_id], '{}'::uuid[],
                 '{}'::bigint[]
           union all
          select deeper.depth, l.reached + cardinality(deeper.ids), deeper.ids, deeper.open_ids,
                 deeper.met_ids, deeper.met_ranks
            from level as l
           cross join lateral (
                     select l.depth + 1 as depth,
                            array_agg(g.task_id) filter (where g.is_new) as ids,
                            array_agg(g.task_id) filter (where g.is_new and g.is_open) as open_ids,
                            array_agg(g.task_id) filter (where g.rank < g.reach) as met_ids,
                            array_agg(g.rank) filter (where g.rank < g.reach) as met_ranks
                       from (
                           select s.task_id, s.rank,
                                  not bool_or(s.is_met) as is_new,
                                  bool_or(s.is_open) as is_open,
                                  max(case when not bool_or(s.is_met) then s.rank end) over ()
                                      as reach
                             from (
                                 select n.task_id, n.rank, n.is_open, false as is_met
                                   from unnest(l.open_ids) as f (task_id)
                                  cross join lateral (
                                            select e.depends_on_id, e.project_id, e.satisfied_by
                                              from docket.task_dependencies as e
                                             where e.task_id = f.task_id
                                               and e.dependency_type = 'blocks'
                                             order by e.depends_on_id
                                            offset 0
                                        ) as e
                                  cross join lateral (
                                            select n.task_id, n.rank,
                                                   blockers.include_completed
                                                   or t.status <> 'completed' as is_open
                                              from docket_private.task_nodes as n
                                              join docket.tasks as t
                                                on t.task_id = n.task_id
                                               and t.project_id = n.project_id
                                             where n.project_id = e.project_id
                                               and n.task_id = e.depends_on_id
                                               and (blockers.include_completed
                                                    or not docket_private.is_satisfied(
                                                               e.satisfied_by, t.status,
                                                               t.merged_at, t.unmet_gates))
                                             order by n.task_id
                                            offset 0
                                        ) as n
                                  union all
                                 select m.task_id, m.rank, false, true
                                   from unnest(l.met_ids, l.met_ranks) as m (task_id, rank)
                             ) as s
                            group by s.task_id, s.rank
                       ) as g
                 ) as deeper
           where deeper.ids is not null
             and (blockers.max_depth is null or l.depth < blockers.max_depth)
             and (blockers.max_tasks is null or l.reached < blockers.max_tasks)
      )
    select l.depth, t.task_id, t.task_key, t.title, t.status
      from level as l
     cross join lateral unnest(l.ids) as i (task_id)
     cross join lateral (
               select t.task_id, t.task_key, t.title, t.status
                 from docket.tasks as t
                where t.task_id = i.task_id
                order by t.task_id
               offset 0
           ) as t
     where l.depth > 0
     order by l.depth, t.task_id
     limit case when blockers.max_tasks is not null then greatest(blockers.max_tasks, 0) end;
end;

comment on function docket.blockers(uuid, integer, integer, boolean) is
'What task `task_id` waits for, directly (depth 1) and through others, the nearest first.

`max_depth` stops after so many steps (default: none), `max_tasks` after so many tasks (default
1000; null: all). Completed tasks block nobody, and are passed only with `include_completed`, except
those whose merge or validation is still waited for: they are returned, and nothing behind them.
Returns one row for each task, at its least depth; none when nothing blocks it. Raises nothing.';

create function docket.impact(
    task_id           uuid,
    max_depth         integer default null,
    max_tasks         integer default 1000,
    include_completed boolean default false
) returns table (
    depth        integer,
    affected_id  uuid,
    affected_key text,
    title        text,
    status       docket.task_status
)
language sql
stable
begin atomic
      with recursive level (depth, reached, ids, met_ids, met_ranks) as (
          select 0, 0, array[impact.task_id], '{}'::uuid[], '{}'::bigint[]
           union all
          select further.depth, l.reached + cardinality(further.ids), further.ids,
                 further.met_ids, further.met_ranks
            from level as l
           cross join lateral (
                     select l.depth + 1 as depth,
                            array_agg(g.task_id) filter (where g.is_new) as ids,
                            array_agg(g.task_id) filter (where g.rank > g.reach) as met_ids,
                            array_agg(g.rank) filter (where g.rank > g.reach) as met_ranks
                       from (
                           select s.task_id, s.rank,
                                  not bool_or(s.is_met) as is_new,
                                  min(case when not bool_or(s.is_met) then s.rank end) over ()
                                      as reach
                             from (
                                 select n.task_id, n.rank, false as is_met
                                   from unnest(l.ids) as f (task_id)
                                  cross join lateral (
                                            select e.task_id, e.project_id
                                              from docket.task_dependencies as e
                                             where e.depends_on_id = f.task_id
                                               and e.dependency_type = 'blocks'
                                             order by e.task_id
                                            offset 0
                                        ) as e
                                  cross join lateral (
                                            select n.task_id, n.rank
                                              from docket_private.task_nodes as n
                                              join docket.tasks as t
                                                on t.task_id = n.task_id
                                               and t.project_id = n.project_id
                                             where n.project_id = e.project_id
                                               and n.task_id = e.task_id
                                               and (impact.include_completed
                                                    or t.status <> 'completed')
                                             order by n.task_id
                                            offset 0
                                        ) as n
                                  union all
                                 select m.task_id, m.rank, true
                                   from unnest(l.met_ids, l.met_ranks) as m (task_id, rank)
                             ) as s
                            group by s.task_id, s.rank
                       ) as g
                 ) as further
           where further.ids is not null
             and (impact.max_depth is null or l.depth < impact.max_depth)
             and (impact.max_tasks is null or l.reached < impact.max_tasks)
      )
    select l.depth, t.task_id, t.task_key, t.title, t.status
      from level as l
     cross join lateral unnest(l.ids) as i (task_id)
     cross join lateral (
               select t.task_id, t.task_key, t.title, t.status
                 from docket.tasks as t
                where t.task_id = i.task_id
                order by t.task_id
               offset 0
           ) as t
     where l.depth > 0
     order by l.depth, t.task_id
     limit case when impact.max_tasks is not null then greatest(impact.max_tasks, 0) end;
end;

comment on function docket.impact(uuid, integer, integer, boolean) is
'What waits for task `task_id`, directly (depth 1) and through others, the nearest first: what is late when it is.

`max_depth` stops after so many steps (default: none), `max_tasks` after so many tasks (default
1000; null: all). Completed tasks wait for nothing, and are passed only with `include_completed`.
Returns one row for each task, at its least depth; none when nothing waits. Raises nothing.';

create function docket.get_task_dependency_graph(
    task_id   uuid,
    max_depth integer default null,
    max_tasks integer default 1000
) returns table (
    direction        text,
    depth            integer,
    related_task_id  uuid,
    related_task_key text,
    title            text,
    status           docket.task_status
)
language sql
stable
begin atomic
    select 'ancestor', b.depth, b.blocker_id, b.blocker_key, b.title, b.status
      from docket.blockers(
               get_task_dependency_graph.task_id, get_task_dependency_graph.max_depth,
               get_task_dependency_graph.max_tasks, true) as b
     union all
    select 'descendant', i.depth, i.affected_id, i.affected_key, i.title, i.status
      from docket.impact(
               get_task_dependency_graph.task_id, get_task_dependency_graph.max_depth,
               get_task_dependency_graph.max_tasks, true) as i;
end;

comment on function docket.get_task_dependency_graph(uuid, integer, integer) is
'Everything that task `task_id` depends on (ancestors) and everything that depends on it (descendants),
completed or not, with the depth, the nearest first.

`max_depth` stops after so many steps (default: none), `max_tasks` after so many tasks each way
(default 1000; null: all). Returns one row for each task. Raises nothing.';

grant select on docket_private.task_nodes
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
revoke all on function docket.blockers(uuid, integer, integer, boolean) from public;
revoke all on function docket.impact(uuid, integer, integer, boolean) from public;
revoke all on function docket.get_task_dependency_graph(uuid, integer, integer) from public;
grant execute on function docket.blockers(uuid, integer, integer, boolean),
                          docket.impact(uuid, integer, integer, boolean),
                          docket.get_task_dependency_graph(uuid, integer, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
