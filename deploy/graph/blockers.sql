-- Deploy pgdocket:graph/blockers to pg
-- requires: graph/task_nodes

begin;
set local role docket_owner;

-- Both walk level by level, each task once and at its least depth, and no further than rows are
-- wanted: first the neighbours that were not met before, then what is to be known of them, each
-- in one scan of an index for the whole level. A task that was met is forgotten as soon as the
-- level has sunk (risen) past its rank: nothing on the way can meet it again. So a chain of any
-- length carries no luggage.
-- Remembering (task, depth) pairs instead visits a task once for each of its depths: thousands of
-- times in a plan of 10,000 tasks. No nested loops: a wide level would be compared with itself.

create function docket.blockers(
    task_id           uuid,
    max_depth         integer default null,
    max_tasks         integer default 1000,
    include_completed boolean default false,
    after_depth       integer default null,
    after             uuid    default null
) returns table (
    depth       integer,
    blocker_id  uuid,
    blocker_key text,
    title       text,
    status      docket.task_status
)
language sql
stable
set enable_seqscan = off
set enable_nestloop = off
set jit = off
begin atomic
      with recursive level
               (project_id, depth, reached, ids, open_ids, met_ids, met_ranks) as (
          select t.project_id, 0, 0, array[t.task_id], array[t.task_id], '{}'::uuid[],
                 '{}'::bigint[]
            from docket.tasks as t
           where t.task_id = blockers.task_id
           union all
          select l.project_id, deeper.depth,
                 l.reached
                 + case when l.depth < coalesce(blockers.after_depth, 0) then 0
                        else cardinality(deeper.ids)
                   end,
                 deeper.ids, deeper.open_ids, deeper.met_ids, deeper.met_ranks
            from level as l
           cross join lateral (
                     select l.project_id, array_agg(u.task_id) as ids, array_agg(u.asked) as asked
                       from (
                           select s.task_id, bit_or(s.asked) as asked
                             from (
                                 select e.depends_on_id as task_id,
                                        docket_private.satisfaction_bit(e.satisfied_by) as asked
                                   from docket.task_dependencies as e
                                  where e.task_id = any (l.open_ids)
                                    and e.project_id = l.project_id
                                    and e.dependency_type = 'blocks'
                                  union all
                                 select m.task_id, null
                                   from unnest(l.met_ids) as m (task_id)
                             ) as s
                            group by s.task_id
                           having count(*) = count(s.asked)
                       ) as u
                 ) as neighbours
           cross join lateral (
                     select l.depth + 1 as depth,
                            array_agg(g.task_id) filter (where g.is_new) as ids,
                            array_agg(g.task_id) filter (where g.is_open) as open_ids,
                            array_agg(g.task_id) filter (where g.rank < g.reach) as met_ids,
                            array_agg(g.rank) filter (where g.rank < g.reach) as met_ranks
                       from (
                           select s.task_id, s.rank, s.is_new, s.is_open,
                                  max(s.rank) filter (where s.is_new) over () as reach
                             from (
                                 select n.task_id, n.rank, true as is_new,
                                        blockers.include_completed
                                        or t.status <> 'completed' as is_open
                                   from unnest(neighbours.ids, neighbours.asked)
                                            as u (task_id, asked)
                                  cross join lateral (
                                            select n.task_id, n.rank
                                              from docket_private.task_nodes as n
                                             where n.task_id = any (neighbours.ids)
                                               and n.project_id = l.project_id
                                             order by n.task_id
                                            offset 0
                                        ) as n
                                  cross join lateral (
                                            select t.task_id, t.status, t.merged_at, t.unmet_gates
                                              from docket.tasks as t
                                             where t.task_id = any (neighbours.ids)
                                               and t.project_id = l.project_id
                                             order by t.task_id
                                            offset 0
                                        ) as t
                                  where n.task_id = u.task_id
                                    and t.task_id = u.task_id
                                    and (blockers.include_completed
                                         or u.asked & docket_private.satisfactions(
                                                t.status, t.merged_at, t.unmet_gates) <> u.asked)
                                  union all
                                 select m.task_id, m.rank, false, false
                                   from unnest(l.met_ids, l.met_ranks) as m (task_id, rank)
                             ) as s
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
                  and t.project_id = l.project_id
                order by t.task_id
               offset 0
           ) as t
     where l.depth > 0
       and (blockers.after_depth is null
            or (l.depth, i.task_id) > (blockers.after_depth, blockers.after))
     order by l.depth, t.task_id
     limit case when blockers.max_tasks is not null then greatest(blockers.max_tasks, 0) end;
end;

comment on function docket.blockers(uuid, integer, integer, boolean, integer, uuid) is
'What task `task_id` waits for, directly (depth 1) and through others, the nearest first.

`max_depth` stops after so many steps (default: none), `max_tasks` after so many tasks (default
1000; null: all). Completed tasks block nobody, and are passed only with `include_completed`, except
those whose merge or validation is still waited for: they are returned, and nothing behind them.
`after_depth` and `after` are depth and id of the last task of the previous page.
Returns one row for each task, at its least depth; none when nothing blocks it. Raises nothing.';

create function docket.impact(
    task_id           uuid,
    max_depth         integer default null,
    max_tasks         integer default 1000,
    include_completed boolean default false,
    after_depth       integer default null,
    after             uuid    default null
) returns table (
    depth        integer,
    affected_id  uuid,
    affected_key text,
    title        text,
    status       docket.task_status,
    is_freed     boolean
)
language sql
stable
set enable_seqscan = off
set enable_nestloop = off
set jit = off
begin atomic
      with recursive level (project_id, depth, reached, ids, met_ids, met_ranks) as (
          select t.project_id, 0, 0, array[t.task_id], '{}'::uuid[], '{}'::bigint[]
            from docket.tasks as t
           where t.task_id = impact.task_id
           union all
          select l.project_id, further.depth,
                 l.reached
                 + case when l.depth < coalesce(impact.after_depth, 0) then 0
                        else cardinality(further.ids)
                   end,
                 further.ids, further.met_ids, further.met_ranks
            from level as l
           cross join lateral (
                     select l.project_id, array_agg(u.task_id) as ids
                       from (
                           select e.task_id
                             from docket.task_dependencies as e
                            where e.depends_on_id = any (l.ids)
                              and e.project_id = l.project_id
                              and e.dependency_type = 'blocks'
                           except
                           select m.task_id
                             from unnest(l.met_ids) as m (task_id)
                       ) as u
                 ) as neighbours
           cross join lateral (
                     select l.depth + 1 as depth,
                            array_agg(g.task_id) filter (where g.is_new) as ids,
                            array_agg(g.task_id) filter (where g.rank > g.reach) as met_ids,
                            array_agg(g.rank) filter (where g.rank > g.reach) as met_ranks
                       from (
                           select s.task_id, s.rank, s.is_new,
                                  min(s.rank) filter (where s.is_new) over () as reach
                             from (
                                 select n.task_id, n.rank, t.task_id is not null as is_new
                                   from docket_private.task_nodes as n
                                   left join docket.tasks as t
                                     on t.task_id = n.task_id
                                    and t.task_id = any (neighbours.ids)
                                    and t.project_id = l.project_id
                                    and (impact.include_completed or t.status <> 'completed')
                                  where n.project_id = l.project_id
                                    and n.task_id = any (neighbours.ids)
                                  union all
                                 select m.task_id, m.rank, false
                                   from unnest(l.met_ids, l.met_ranks) as m (task_id, rank)
                             ) as s
                       ) as g
                 ) as further
           where further.ids is not null
             and (impact.max_depth is null or l.depth < impact.max_depth)
             and (impact.max_tasks is null or l.reached < impact.max_tasks)
      )
    select l.depth, t.task_id, t.task_key, t.title, t.status,
           l.depth = 1 and t.is_open and exists (
               select
                 from docket.task_dependencies as e
                where e.task_id = t.task_id
                  and e.project_id = l.project_id
                  and e.dependency_type = 'blocks'
                  and e.depends_on_id = impact.task_id
                  and e.satisfied_by = 'completed')
           and 1 = (
               select n.unmet
                 from docket_private.task_nodes as n
                where n.project_id = l.project_id
                  and n.task_id = t.task_id)
           and 'completed' <> (
               select r.status
                 from docket.tasks as r
                where r.task_id = impact.task_id
                  and r.project_id = l.project_id)
      from level as l
     cross join lateral unnest(l.ids) as i (task_id)
     cross join lateral (
               select t.task_id, t.task_key, t.title, t.status,
                      t.status = 'pending' and t.archived_at is null as is_open
                 from docket.tasks as t
                where t.task_id = i.task_id
                  and t.project_id = l.project_id
                order by t.task_id
               offset 0
           ) as t
     where l.depth > 0
       and (impact.after_depth is null
            or (l.depth, i.task_id) > (impact.after_depth, impact.after))
     order by l.depth, t.task_id
     limit case when impact.max_tasks is not null then greatest(impact.max_tasks, 0) end;
end;

comment on function docket.impact(uuid, integer, integer, boolean, integer, uuid) is
'What waits for task `task_id`, directly (depth 1) and through others, the nearest first: what is late when it is.
is_freed says of a task that this one is all it still waits for: completed, it makes it ready.

`max_depth` stops after so many steps (default: none), `max_tasks` after so many tasks (default
1000; null: all). Completed tasks wait for nothing, and are passed only with `include_completed`.
`after_depth` and `after` are depth and id of the last task of the previous page.
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
revoke all on function docket.blockers(uuid, integer, integer, boolean, integer, uuid) from public;
revoke all on function docket.impact(uuid, integer, integer, boolean, integer, uuid) from public;
revoke all on function docket.get_task_dependency_graph(uuid, integer, integer) from public;
grant execute on function docket.blockers(uuid, integer, integer, boolean, integer, uuid),
                          docket.impact(uuid, integer, integer, boolean, integer, uuid),
                          docket.get_task_dependency_graph(uuid, integer, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
