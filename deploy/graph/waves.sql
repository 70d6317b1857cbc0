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

Tasks are places in a topological order; the edges come sorted by their prerequisite.';

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

-- Many rows meet themselves here: a nested loop would be quadratic where the tables have not been
-- analyzed yet.
create function docket.waves(
    project_id        uuid,
    workflow_id       uuid    default null,
    include_completed boolean default false
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
set enable_hashjoin = on
set enable_mergejoin = off
set jit = off
begin atomic
      with chosen as materialized (
          select t.task_id, t.task_key, t.title, t.status, t.priority,
                 1::double precision as weight,
                 row_number() over (order by n.rank nulls first, t.task_id)::integer as place
            from docket.tasks as t
            left join docket_private.task_nodes as n
              on n.project_id = t.project_id
             and n.task_id = t.task_id
           where t.project_id = waves.project_id
             and (waves.workflow_id is null or t.workflow_id = waves.workflow_id)
             and (waves.include_completed or t.status <> 'completed')
             and t.archived_at is null
      ), edges as (
          select d.place as prerequisite, c.place as dependent
            from chosen as c
           cross join lateral (
                     select e.depends_on_id
                       from docket.task_dependencies as e
                      where e.task_id = c.task_id
                        and e.project_id = waves.project_id
                        and e.dependency_type = 'blocks'
                      order by e.depends_on_id
                     offset 0
                 ) as e
            join chosen as d on d.task_id = e.depends_on_id
      ), paths as materialized (
          select p.totals
            from docket_private.longest_paths(
                     (select array_agg(e.prerequisite order by e.prerequisite) from edges as e),
                     (select array_agg(e.dependent order by e.prerequisite) from edges as e),
                     (select array_agg(c.weight) from chosen as c)) as p
      ), levels as (
          select l.place, l.total
            from paths as p
           cross join lateral unnest(p.totals) with ordinality as l (total, place)
      )
    select l.total::integer, c.task_id, c.task_key, c.title, c.status, c.priority
      from chosen as c
      join levels as l on l.place = c.place
     order by l.total, c.priority desc, c.task_id;
end;

comment on function docket.waves(uuid, uuid, boolean) is
'The unfinished tasks of a project in waves: those of wave 1 wait for nothing unfinished, each later
one for a task of the wave before. What is in one wave can be done at the same time.

`project_id` is the project, `workflow_id` narrows it to one workflow, `include_completed` takes
in what is completed. Archived tasks are left out; a dependency on what is left out does not count.
Returns tasks by wave, then by priority. Raises nothing.';

create function docket.critical_path(
    project_id        uuid,
    workflow_id       uuid    default null,
    include_completed boolean default false
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
set enable_hashjoin = on
set enable_mergejoin = off
set jit = off
begin atomic
      with chosen as materialized (
          select t.task_id, t.task_key, t.title, t.status,
                 coalesce(t.estimated_effort, avg(t.estimated_effort) over (), 1) as effort,
                 row_number() over (order by n.rank nulls first, t.task_id)::integer as place
            from docket.tasks as t
            left join docket_private.task_nodes as n
              on n.project_id = t.project_id
             and n.task_id = t.task_id
           where t.project_id = critical_path.project_id
             and (critical_path.workflow_id is null or t.workflow_id = critical_path.workflow_id)
             and (critical_path.include_completed or t.status <> 'completed')
             and t.archived_at is null
      ), edges as (
          select d.place as prerequisite, c.place as dependent
            from chosen as c
           cross join lateral (
                     select e.depends_on_id
                       from docket.task_dependencies as e
                      where e.task_id = c.task_id
                        and e.project_id = critical_path.project_id
                        and e.dependency_type = 'blocks'
                      order by e.depends_on_id
                     offset 0
                 ) as e
            join chosen as d on d.task_id = e.depends_on_id
      ), path as materialized (
          select h.place, h.steps
            from unnest(docket_private.longest_path(
                     (select array_agg(e.prerequisite order by e.prerequisite) from edges as e),
                     (select array_agg(e.dependent order by e.prerequisite) from edges as e),
                     (select array_agg(c.effort::double precision order by c.place)
                        from chosen as c))) with ordinality as h (place, steps)
      )
    select row_number() over along::integer, c.task_id, c.task_key, c.title, c.status,
           round(c.effort, 2), round(sum(c.effort) over along, 2)
      from path as h
      join chosen as c on c.place = h.place
    window along as (order by h.steps desc)
     order by h.steps desc;
end;

comment on function docket.critical_path(uuid, uuid, boolean) is
'The longest chain of unfinished tasks of a project, in the order in which they have to be done: what
decides when all is done.

Long is measured by estimated_effort (hours; a task without one counts as the average of the
others), or by the number of tasks where nobody has estimated anything. `project_id` is the
project, `workflow_id` narrows it to one workflow, `include_completed` takes in what is completed;
archived tasks are left out. Returns one row for each task, with the effort so far in total.
Raises nothing.';

revoke all on function docket_private.longest_paths(integer[], integer[], double precision[])
  from public;
revoke all on function docket_private.longest_path(integer[], integer[], double precision[])
  from public;
revoke all on function docket.waves(uuid, uuid, boolean) from public;
revoke all on function docket.critical_path(uuid, uuid, boolean) from public;
grant execute on function docket.waves(uuid, uuid, boolean),
                          docket.critical_path(uuid, uuid, boolean),
                          docket_private.longest_paths(integer[], integer[], double precision[]),
                          docket_private.longest_path(integer[], integer[], double precision[])
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
