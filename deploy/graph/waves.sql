-- Deploy pgdocket:graph/waves to pg
-- requires: graph/blockers

begin;
set local role docket_owner;

-- One pass over the edges of an ordered graph, with arrays: a recursive query would come to each
-- task once for every way that leads there.
create function docket_private.longest_paths(
    prerequisites    integer[],
    dependents       integer[],
    weights          double precision[],
    out totals       double precision[],
    out predecessors integer[]
)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_total double precision;
begin
    totals       := coalesce(weights, '{}');
    predecessors := array_fill(0, array[cardinality(totals)]);

    for i in 1 .. coalesce(cardinality(prerequisites), 0) loop
        v_total := totals[prerequisites[i]] + weights[dependents[i]];
        if v_total > totals[dependents[i]] then
            totals[dependents[i]]       := v_total;
            predecessors[dependents[i]] := prerequisites[i];
        end if;
    end loop;
end;
$$;

comment on function docket_private.longest_paths(integer[], integer[], double precision[]) is
'The weight of the heaviest path that ends at each task, and the task before it on that path (0: none).

Tasks are places in a topological order; the edges come in a topological order of either end.';

-- Security definer, because who calls it may not enter this schema to call the other; neither
-- reads anything.
create function docket_private.longest_path(
    prerequisites integer[],
    dependents    integer[],
    weights       double precision[]
) returns integer[]
language plpgsql
immutable
security definer
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_totals       double precision[];
    v_predecessors integer[];
    v_here         integer   := 1;
    v_path         integer[] := '{}';
begin
    select p.totals, p.predecessors into v_totals, v_predecessors
      from docket_private.longest_paths(
               longest_path.prerequisites, longest_path.dependents, longest_path.weights) as p;

    for i in 2 .. coalesce(cardinality(v_totals), 0) loop
        if v_totals[i] > v_totals[v_here] then
            v_here := i;
        end if;
    end loop;

    while v_predecessors[v_here] is not null loop
        v_path := array_append(v_path, v_here);
        v_here := v_predecessors[v_here];
    end loop;

    return v_path;
end;
$$;

comment on function docket_private.longest_path(integer[], integer[], double precision[]) is
    'The heaviest path of all, from its end to its beginning, as places; arguments as for longest_paths().';

create function docket_private.wave_numbers(
    prerequisites integer[],
    dependents    integer[],
    tasks         bigint
) returns integer[]
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_waves integer[] := array_fill(1, array[wave_numbers.tasks::integer]);
begin
    for i in 1 .. coalesce(cardinality(prerequisites), 0) loop
        v_waves[dependents[i]] := greatest(v_waves[dependents[i]], v_waves[prerequisites[i]] + 1);
    end loop;

    return v_waves;
end;
$$;

comment on function docket_private.wave_numbers(integer[], integer[], bigint) is
'The number of tasks on the longest path that ends at each of so many tasks.

Tasks are places; the edges come in a topological order of their dependents.';

-- All edges of the chosen tasks come from one scan of their index, and their ends are turned into
-- places by binary search (width_bucket) in the sorted ids: joining edges with tasks twice took
-- longer, since neither a hash table of 333,000 ids nor sorting 1,000,000 edges by id is cheap.
-- Subscripts are quick as long as there is no null in an array. Many rows meet themselves here: a
-- nested loop would be quadratic where the tables have not been analyzed yet. Of a plan of
-- 1,000,000 edges nothing is spilled to disk with this work_mem; a small one uses what it needs.
create function docket.waves(
    project_id        uuid,
    workflow_id       uuid    default null,
    include_completed boolean default false,
    max_tasks         integer default null,
    after_wave        integer default null,
    after             uuid    default null
) returns table (
    wave     integer,
    task_id  uuid,
    task_key text,
    title    text,
    status   docket.task_status,
    priority docket.task_priority
)
language sql
stable
set enable_seqscan = off
set enable_nestloop = off
set enable_hashjoin = off
set enable_mergejoin = on
set jit = off
set work_mem = '64MB'
begin atomic
      with chosen as materialized (
          select t.task_id, t.task_key, t.title, t.status, t.priority,
                 coalesce(n.rank, 0) as rank,
                 row_number() over (order by t.task_id)::integer as place
            from docket.tasks as t
            left join docket_private.task_nodes as n
              on n.project_id = t.project_id
             and n.task_id = t.task_id
           where t.project_id = waves.project_id
             and (waves.workflow_id is null or t.workflow_id = waves.workflow_id)
             and (waves.include_completed or t.status <> 'completed')
             and t.archived_at is null
      ), sorted as materialized (
          select array_agg(c.task_id order by c.task_id) as ids,
                 array_agg(c.rank order by c.task_id) as ranks
            from chosen as c
      ), found as (
          select width_bucket(e.depends_on_id, (select s.ids from sorted as s)) as prerequisite,
                 width_bucket(e.task_id, (select s.ids from sorted as s)) as dependent,
                 e.depends_on_id
            from docket.task_dependencies as e
           where e.task_id = any ((select s.ids from sorted as s)::uuid[])
             and e.project_id = waves.project_id
             and e.dependency_type = 'blocks'
           order by e.task_id
          offset 0
      ), edges as (
          select f.prerequisite, f.dependent
            from found as f
           where (select s.ids from sorted as s)[f.prerequisite] = f.depends_on_id
           order by (select s.ranks from sorted as s)[f.dependent]
      ), numbered as materialized (
          select docket_private.wave_numbers(
                     array_agg(e.prerequisite), array_agg(e.dependent),
                     (select count(*) from chosen)) as waves
            from edges as e
      ), placed as (
          select (select n.waves from numbered as n)[c.place] as wave,
                 c.task_id, c.task_key, c.title, c.status, c.priority
            from chosen as c
      )
    select p.wave, p.task_id, p.task_key, p.title, p.status, p.priority
      from placed as p
     where waves.after_wave is null
        or p.wave > waves.after_wave
        or (p.wave = waves.after_wave
            and (-p.priority, p.task_id) > ((
                    select -t.priority
                      from docket.tasks as t
                     where t.task_id = waves.after
                       and t.project_id = waves.project_id), waves.after))
     order by p.wave, p.priority desc, p.task_id
     limit case when waves.max_tasks is not null then greatest(waves.max_tasks, 0) end;
end;

comment on function docket.waves(uuid, uuid, boolean, integer, integer, uuid) is
'The unfinished tasks of a project in waves: those of wave 1 wait for nothing unfinished, each later
one for a task of the wave before. What is in one wave can be done at the same time.

`project_id` is the project, `workflow_id` narrows it to one workflow, `include_completed` takes
in what is completed. Archived tasks are left out; a dependency on what is left out does not count.
`max_tasks` is the size of a page (default: all), `after_wave` and `after` are wave and id of the
last task of the previous one. Returns tasks by wave, then by priority. Raises nothing.';

create function docket.critical_path(
    project_id        uuid,
    workflow_id       uuid    default null,
    include_completed boolean default false,
    max_tasks         integer default null,
    after_place       integer default null
) returns table (
    place    integer,
    task_id  uuid,
    task_key text,
    title    text,
    status   docket.task_status,
    effort   numeric,
    total    numeric
)
language sql
stable
set enable_seqscan = off
set enable_nestloop = off
set enable_hashjoin = off
set enable_mergejoin = on
set jit = off
set work_mem = '64MB'
begin atomic
      with chosen as materialized (
          select t.task_id, t.task_key, t.title, t.status, t.estimated_effort,
                 row_number() over (order by n.rank nulls first, t.task_id)::integer as place
            from docket.tasks as t
            left join docket_private.task_nodes as n
              on n.project_id = t.project_id
             and n.task_id = t.task_id
           where t.project_id = critical_path.project_id
             and (critical_path.workflow_id is null or t.workflow_id = critical_path.workflow_id)
             and (critical_path.include_completed or t.status <> 'completed')
             and t.archived_at is null
      ), sorted as materialized (
          select array_agg(c.task_id order by c.task_id) as ids,
                 array_agg(c.place order by c.task_id) as places
            from chosen as c
      ), found as (
          select width_bucket(e.depends_on_id, (select s.ids from sorted as s)) as prerequisite,
                 width_bucket(e.task_id, (select s.ids from sorted as s)) as dependent,
                 e.depends_on_id
            from docket.task_dependencies as e
           where e.task_id = any ((select s.ids from sorted as s)::uuid[])
             and e.project_id = critical_path.project_id
             and e.dependency_type = 'blocks'
           order by e.task_id
          offset 0
      ), edges as (
          select (select s.places from sorted as s)[f.prerequisite] as prerequisite,
                 (select s.places from sorted as s)[f.dependent] as dependent
            from found as f
           where (select s.ids from sorted as s)[f.prerequisite] = f.depends_on_id
           order by dependent, prerequisite
      ), typical as materialized (
          select coalesce(avg(c.estimated_effort), 1) as effort
            from chosen as c
      ), weighed as (
          select c.*, coalesce(c.estimated_effort, (select y.effort from typical as y)) as effort
            from chosen as c
      ), path as (
          select h.place, h.steps
            from (
                select array_agg(e.prerequisite) as prerequisites,
                       array_agg(e.dependent) as dependents
                  from edges as e
            ) as e
           cross join lateral unnest(docket_private.longest_path(
                     e.prerequisites, e.dependents,
                     (select array_agg(w.effort::double precision order by w.place)
                        from weighed as w))) with ordinality as h (place, steps)
      ), along as (
          select row_number() over along::integer as place, w.task_id, w.task_key, w.title,
                 w.status, round(w.effort, 2) as effort, round(sum(w.effort) over along, 2) as total
            from path as h
            join weighed as w on w.place = h.place
          window along as (order by h.steps desc)
      )
    select a.place, a.task_id, a.task_key, a.title, a.status, a.effort, a.total
      from along as a
     where a.place > coalesce(critical_path.after_place, 0)
     order by a.place
     limit case when critical_path.max_tasks is not null
                then greatest(critical_path.max_tasks, 0)
           end;
end;

comment on function docket.critical_path(uuid, uuid, boolean, integer, integer) is
'The longest chain of unfinished tasks of a project, in the order in which they have to be done: what
decides when all is done.

Long is measured by estimated_effort (hours; a task without one counts as the average of the
others), or by the number of tasks where nobody has estimated anything. `project_id` is the
project, `workflow_id` narrows it to one workflow, `include_completed` takes in what is completed;
archived tasks are left out. `max_tasks` is the size of a page (default: all), `after_place` the
place of the last task of the previous one. Returns one row for each task, with the effort so far
in total. Raises nothing.';

revoke all on function docket_private.wave_numbers(integer[], integer[], bigint) from public;
revoke all on function docket_private.longest_paths(integer[], integer[], double precision[])
  from public;
revoke all on function docket_private.longest_path(integer[], integer[], double precision[])
  from public;
revoke all on function docket.waves(uuid, uuid, boolean, integer, integer, uuid) from public;
revoke all on function docket.critical_path(uuid, uuid, boolean, integer, integer) from public;
grant execute on function docket.waves(uuid, uuid, boolean, integer, integer, uuid),
                          docket.critical_path(uuid, uuid, boolean, integer, integer),
                          docket_private.wave_numbers(integer[], integer[], bigint),
                          docket_private.longest_paths(integer[], integer[], double precision[]),
                          docket_private.longest_path(integer[], integer[], double precision[])
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
