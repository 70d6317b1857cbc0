-- Deploy pgdocket:graph/order to pg
-- requires: graph/task_nodes

begin;
set local role docket_owner;

-- Keeps rank(d) < rank(t) for every gating dependency (t, d), or finds the cycle that makes that
-- impossible. A dependency that agrees with the ranks costs nothing here; one that disagrees is
-- searched for between the two ranks only, from both ends, and the smaller side moves.
--
-- Whoever calls holds lock_graph(): ranks change under it alone. The functions forbid scans
-- and joins that look cheap only while a table is empty, as it may have been when a session
-- made its plan; and each says what it allows, since it inherits what its caller forbids.

create function docket_private.rank_gap() returns bigint
language sql
immutable
parallel safe
begin atomic
    select 4294967296;
end;

comment on function docket_private.rank_gap() is
    'How far apart the ranks of two new nodes are: room for 32 halvings.';

create function docket_private.subgraph(
    project_id        uuid,
    members           uuid[],
    out prerequisites integer[],
    out dependents    integer[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = off
set enable_hashjoin = on
set enable_mergejoin = off
set jit = off
as $$
begin
      with numbered as materialized (
          select m.task_id, m.place::integer as place
            from unnest(subgraph.members) with ordinality as m (task_id, place)
      ), edges as (
          select d.place as prerequisite, t.place as dependent
            from numbered as t
           cross join lateral (
                     select e.depends_on_id
                       from docket.task_dependencies as e
                      where e.task_id         = t.task_id
                        and e.project_id      = subgraph.project_id
                        and e.dependency_type = 'blocks'
                     offset 0
                 ) as e
            join numbered as d on d.task_id = e.depends_on_id
      )
    select coalesce(array_agg(e.prerequisite order by e.prerequisite, e.dependent), '{}'),
           coalesce(array_agg(e.dependent order by e.prerequisite, e.dependent), '{}')
      into prerequisites, dependents
      from edges as e;
end;
$$;

comment on function docket_private.subgraph(uuid, uuid[]) is
    'The gating dependencies among some tasks, as pairs of places in `members`, sorted by prerequisite.';

create function docket_private.cycle_path(
    project_id uuid,
    from_id    uuid,
    to_id      uuid,
    members    uuid[]
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_from          integer   := array_position(members, from_id);
    v_to            integer   := array_position(members, to_id);
    v_prerequisites integer[];
    v_dependents    integer[];
    v_first         integer[] := array_fill(0, array[cardinality(members)]);
    v_toward        integer[] := array_fill(0, array[cardinality(members)]);
    v_queue         integer[] := array[v_to];
    v_head          integer   := 1;
    v_here          integer;
    v_edge          integer;
    v_next          integer;
    v_path          uuid[]    := '{}';
begin
    select s.prerequisites, s.dependents into v_prerequisites, v_dependents
      from docket_private.subgraph(cycle_path.project_id, cycle_path.members) as s;

    for i in reverse cardinality(v_prerequisites) .. 1 loop
        v_first[v_prerequisites[i]] := i;
    end loop;

    -- Breadth first from the end, against the arrows: the first way found is a shortest one.
    v_toward[v_to] := v_to;
    while v_toward[v_from] = 0 and v_head <= cardinality(v_queue) loop
        v_here := v_queue[v_head];
        v_head := v_head + 1;
        v_edge := v_first[v_here];
        while v_edge > 0 and v_prerequisites[v_edge] = v_here loop
            v_next := v_dependents[v_edge];
            if v_toward[v_next] = 0 then
                v_toward[v_next] := v_here;
                v_queue := array_append(v_queue, v_next);
            end if;
            v_edge := v_edge + 1;
        end loop;
    end loop;

    v_here := v_from;
    loop
        v_path := array_append(v_path, members[v_here]);
        exit when v_here = v_to;
        v_here := v_toward[v_here];
    end loop;

    return v_path;
end;
$$;

comment on function docket_private.cycle_path(uuid, uuid, uuid, uuid[]) is
    'A shortest way from one task to another that it depends on, through `members` only.';

create function docket_private.raise_cycle(
    project_id uuid,
    path       uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_length integer := cardinality(raise_cycle.path);
    v_shown  uuid[]  := raise_cycle.path || raise_cycle.path[1];
    v_keys   text[];
begin
    -- Long cycles show both ends, and the program that reads the detail gets a bounded text.
    if v_length > 21 then
        v_shown := raise_cycle.path[:10] || null::uuid
                   || raise_cycle.path[v_length - 9 :] || raise_cycle.path[1];
    end if;

    v_keys := array(
        select coalesce(t.task_key, format('... (%s more) ...', v_length - 20))
          from unnest(v_shown) with ordinality as s (task_id, place)
          left join docket.tasks as t
            on t.task_id = s.task_id
           and t.project_id = raise_cycle.project_id
         order by s.place);

    raise exception 'dependency cycle: %', array_to_string(v_keys, ' -> ')
        using errcode    = 'PDCYC',
              schema     = 'docket',
              table      = 'task_dependencies',
              constraint = 'task_dependencies_acyclic',
              detail     = jsonb_build_object(
                               'path', raise_cycle.path[:1000],
                               'length', v_length,
                               'edge', jsonb_build_object(
                                           'task', raise_cycle.path[1],
                                           'depends_on', v_shown[2]))::text,
              hint       = '"a -> b" reads "a depends on b". Remove one of these edges, or use the type '
                           'related or suggests.';
end;
$$;

comment on function docket_private.raise_cycle(uuid, uuid[]) is
'Raises PDCYC for a cycle, given as its tasks in the order of "depends on"; the edge that closes it goes
from the first to the second.

The message shows the first and last ten of more than 21 tasks, the detail at most 1,000 ids.';

create function docket_private.respace(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = on
set enable_mergejoin = off
set jit = off
as $$
begin
      with spread as materialized (
          select n.project_id, n.task_id,
                 dense_rank() over (order by n.rank) * docket_private.rank_gap() as rank
            from docket_private.task_nodes as n
           where n.project_id = respace.project_id
      )
    update docket_private.task_nodes as n
       set rank = s.rank
      from spread as s
     where n.project_id = s.project_id
       and n.task_id = s.task_id;

    update docket_private.project_graphs as g
       set top = coalesce((
                     select max(n.rank)
                       from docket_private.task_nodes as n
                      where n.project_id = respace.project_id), 0)
     where g.project_id = respace.project_id;
end;
$$;

comment on function docket_private.respace(uuid) is
    'Gives the nodes of a project their full distances back, in the same order. For when there is no room between two.';

create function docket_private.place_nodes(
    project_id uuid,
    members    uuid[],
    above      bigint,
    below      bigint
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_parts bigint := cardinality(members) + 1;
    v_above bigint := coalesce(above, below - v_parts * docket_private.rank_gap());
    v_below bigint := coalesce(below, above + v_parts * docket_private.rank_gap());
    v_step  bigint := (v_below - v_above) / v_parts;
    v_limit constant bigint := (2::numeric ^ 61)::bigint;
begin
    if v_step < 1 or v_above < -v_limit or v_below > v_limit then
        return false;
    end if;

      with placed as materialized (
          select place_nodes.project_id as project_id, n.task_id,
                 row_number() over (order by n.rank, n.task_id) as place
            from unnest(place_nodes.members) as m (task_id)
           cross join lateral (
                     select n.task_id, n.rank
                       from docket_private.task_nodes as n
                      where n.project_id = place_nodes.project_id
                        and n.task_id = m.task_id
                     offset 0
                 ) as n
      )
    update docket_private.task_nodes as n
       set rank = v_above + p.place * v_step
      from placed as p
     where n.project_id = p.project_id
       and n.task_id = p.task_id;

    update docket_private.project_graphs as g
       set top = v_below
     where g.project_id = place_nodes.project_id
       and g.top < v_below
       and place_nodes.below is null;

    return true;
end;
$$;

comment on function docket_private.place_nodes(uuid, uuid[], bigint, bigint) is
    'Spreads nodes evenly between two ranks (null: open end), in their order. False, and nothing done, where there is no room.';

create function docket_private.prerequisites_above(
    project_id uuid,
    task_id    uuid,
    lowest     bigint,
    max_tasks  integer
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    -- Evaluated lazily: the recursion stops where the limit does.
    return array(
          with recursive reached (task_id) as (
              select prerequisites_above.task_id
               union
              select n.task_id
                from reached as r
               cross join lateral (
                         select e.depends_on_id
                           from docket.task_dependencies as e
                          where e.task_id = r.task_id
                            and e.project_id = prerequisites_above.project_id
                            and e.dependency_type = 'blocks'
                         offset 0
                     ) as e
               cross join lateral (
                         select n.task_id
                           from docket_private.task_nodes as n
                          where n.project_id = prerequisites_above.project_id
                            and n.task_id = e.depends_on_id
                            and n.rank >= prerequisites_above.lowest
                         offset 0
                     ) as n
          )
        select r.task_id
          from reached as r
         limit prerequisites_above.max_tasks);
end;
$$;

comment on function docket_private.prerequisites_above(uuid, uuid, bigint, integer) is
    'A task and all that it waits for, however far, down to the rank `lowest`; the nearest first, at most `max_tasks`.';

create function docket_private.dependents_below(
    project_id uuid,
    task_id    uuid,
    highest    bigint,
    max_tasks  integer
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    return array(
          with recursive reached (task_id) as (
              select dependents_below.task_id
               union
              select n.task_id
                from reached as r
               cross join lateral (
                         select e.task_id
                           from docket.task_dependencies as e
                          where e.depends_on_id = r.task_id
                            and e.project_id = dependents_below.project_id
                            and e.dependency_type = 'blocks'
                         offset 0
                     ) as e
               cross join lateral (
                         select n.task_id
                           from docket_private.task_nodes as n
                          where n.project_id = dependents_below.project_id
                            and n.task_id = e.task_id
                            and n.rank <= dependents_below.highest
                         offset 0
                     ) as n
          )
        select r.task_id
          from reached as r
         limit dependents_below.max_tasks);
end;
$$;

comment on function docket_private.dependents_below(uuid, uuid, bigint, integer) is
    'A task and all that wait for it, however far, up to the rank `highest`; the nearest first, at most `max_tasks`.';

-- The ranks next to some nodes, without looking at dependencies that disagree themselves (those
-- are put right in their turn, and moving these nodes breaks none that agrees).
create function docket_private.rank_beneath(
    project_id uuid,
    members    uuid[],
    below      bigint
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    return (
        select max(n.rank)
          from unnest(rank_beneath.members) as m (task_id)
         cross join lateral (
                   select e.depends_on_id
                     from docket.task_dependencies as e
                    where e.task_id = m.task_id
                      and e.project_id = rank_beneath.project_id
                      and e.dependency_type = 'blocks'
                   offset 0
               ) as e
         cross join lateral (
                   select n.rank
                     from docket_private.task_nodes as n
                    where n.project_id = rank_beneath.project_id
                      and n.task_id = e.depends_on_id
                      and (rank_beneath.below is null or n.rank < rank_beneath.below)
                   offset 0
               ) as n);
end;
$$;

comment on function docket_private.rank_beneath(uuid, uuid[], bigint) is
    'The highest rank, under `below`, of what some tasks wait for; null: none.';

create function docket_private.rank_over(
    project_id uuid,
    members    uuid[],
    above      bigint
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    return (
        select min(n.rank)
          from unnest(rank_over.members) as m (task_id)
         cross join lateral (
                   select e.task_id
                     from docket.task_dependencies as e
                    where e.depends_on_id = m.task_id
                      and e.project_id = rank_over.project_id
                      and e.dependency_type = 'blocks'
                   offset 0
               ) as e
         cross join lateral (
                   select n.rank
                     from docket_private.task_nodes as n
                    where n.project_id = rank_over.project_id
                      and n.task_id = e.task_id
                      and (rank_over.above is null or n.rank > rank_over.above)
                   offset 0
               ) as n);
end;
$$;

comment on function docket_private.rank_over(uuid, uuid[], bigint) is
    'The lowest rank, over `above`, of what waits for some tasks; null: none.';

create function docket_private.order_edge(
    project_id    uuid,
    task_id       uuid,
    depends_on_id uuid
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task_rank bigint;
    v_rank      bigint;
    v_above     bigint;
    v_below     bigint;
    v_side      uuid[];
    v_max       integer;
begin
    loop
        select t.rank, d.rank into v_task_rank, v_rank
          from docket_private.task_nodes as t
         cross join docket_private.task_nodes as d
         where t.project_id = order_edge.project_id
           and t.task_id    = order_edge.task_id
           and d.project_id = order_edge.project_id
           and d.task_id    = order_edge.depends_on_id;

        if v_rank < v_task_rank then
            return;
        end if;

        -- A new blocker for an old task, or an old blocker for a task that nobody waits for:
        -- one of the two ends alone can move.
        v_max   := 1;
        v_side  := array[order_edge.depends_on_id];
        v_above := docket_private.rank_beneath(order_edge.project_id, v_side, null);
        v_below := v_task_rank;

        if v_above >= v_task_rank then
            v_side  := array[order_edge.task_id];
            v_above := v_rank;
            v_below := docket_private.rank_over(order_edge.project_id, v_side, null);
        end if;

        if v_below <= v_rank and v_side[1] = order_edge.task_id then
            v_max := 16;
        end if;

        -- Both sides are searched a little further in turn, until one of them is exhausted (it
        -- is the smaller, and moves) or meets the other end (that is the cycle).
        while v_max > 1 loop
            v_side := docket_private.prerequisites_above(
                order_edge.project_id, order_edge.depends_on_id, v_task_rank, v_max);
            if order_edge.task_id = any (v_side) then
                perform docket_private.raise_cycle(
                    order_edge.project_id,
                    array_prepend(order_edge.task_id, trim_array(docket_private.cycle_path(
                        order_edge.project_id, order_edge.depends_on_id, order_edge.task_id,
                        v_side), 1)));
            end if;
            if cardinality(v_side) < v_max then
                v_above := docket_private.rank_beneath(order_edge.project_id, v_side, v_task_rank);
                v_below := v_task_rank;
                exit;
            end if;

            v_side := docket_private.dependents_below(
                order_edge.project_id, order_edge.task_id, v_rank, v_max);
            if order_edge.depends_on_id = any (v_side) then
                perform docket_private.raise_cycle(
                    order_edge.project_id,
                    array_prepend(order_edge.task_id, trim_array(docket_private.cycle_path(
                        order_edge.project_id, order_edge.depends_on_id, order_edge.task_id,
                        v_side), 1)));
            end if;
            if cardinality(v_side) < v_max then
                v_above := v_rank;
                v_below := docket_private.rank_over(order_edge.project_id, v_side, v_rank);
                exit;
            end if;

            v_max := v_max * 4;
        end loop;

        if docket_private.place_nodes(order_edge.project_id, v_side, v_above, v_below) then
            return;
        end if;

        perform docket_private.respace(order_edge.project_id);
    end loop;
end;
$$;

comment on function docket_private.order_edge(uuid, uuid, uuid) is
'Makes the ranks agree with one gating dependency that is there already, moving as few nodes as it can.

Raises PDCYC when the dependency closes a cycle.';

create function docket_private.order_batch(
    project_id     uuid,
    lowest         bigint,
    highest        bigint,
    task_ids       uuid[],
    depends_on_ids uuid[]
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = on
set enable_mergejoin = off
set jit = off
as $$
declare
    v_members       uuid[] := array(
        select n.task_id
          from docket_private.task_nodes as n
         where n.project_id = order_batch.project_id
           and n.rank between order_batch.lowest and order_batch.highest
         order by n.rank, n.task_id);
    v_count         integer   := cardinality(v_members);
    v_step          bigint    := (highest - lowest) / v_count;
    v_prerequisites integer[];
    v_dependents    integer[];
    v_first         integer[] := array_fill(0, array[v_count]);
    v_waits         integer[] := array_fill(0, array[v_count]);
    v_order         integer[] := '{}';
    v_done          integer   := 0;
    v_here          integer;
    v_edge          integer;
    v_next          integer;
begin
    if v_step < 1 then
        return false;
    end if;

    select s.prerequisites, s.dependents into v_prerequisites, v_dependents
      from docket_private.subgraph(order_batch.project_id, v_members) as s;

    for i in reverse cardinality(v_prerequisites) .. 1 loop
        v_first[v_prerequisites[i]] := i;
        v_waits[v_dependents[i]]    := v_waits[v_dependents[i]] + 1;
    end loop;

    -- Peel: what waits for nothing more goes next (Kahn).
    for i in 1 .. v_count loop
        if v_waits[i] = 0 then
            v_order := array_append(v_order, i);
        end if;
    end loop;

    while v_done < cardinality(v_order) loop
        v_done := v_done + 1;
        v_here := v_order[v_done];
        v_edge := v_first[v_here];
        while v_edge > 0 and v_prerequisites[v_edge] = v_here loop
            v_next := v_dependents[v_edge];
            v_waits[v_next] := v_waits[v_next] - 1;
            if v_waits[v_next] = 0 then
                v_order := array_append(v_order, v_next);
            end if;
            v_edge := v_edge + 1;
        end loop;
    end loop;

    if v_done < v_count then
        perform docket_private.raise_batch_cycle(
            order_batch.project_id, v_members, v_waits, v_prerequisites, v_dependents,
            order_batch.task_ids, order_batch.depends_on_ids);
    end if;

    -- Within the interval, so what leaves it stays right.
      with ordered as materialized (
          select order_batch.project_id as project_id, v_members[o.member] as task_id, o.place
            from unnest(v_order) with ordinality as o (member, place)
      )
    update docket_private.task_nodes as n
       set rank = order_batch.lowest + (o.place - 1) * v_step
      from ordered as o
     where n.project_id = o.project_id
       and n.task_id = o.task_id;

    return true;
end;
$$;

comment on function docket_private.order_batch(uuid, bigint, bigint, uuid[], uuid[]) is
'Makes the ranks between two ranks agree with all gating dependencies there, in one pass.

`task_ids` and `depends_on_ids` are the ends of the new ones. False, and nothing done, where there
is no room. Raises PDCYC when they close a cycle.';

create function docket_private.raise_batch_cycle(
    project_id     uuid,
    members        uuid[],
    waits          integer[],
    prerequisites  integer[],
    dependents     integer[],
    task_ids       uuid[],
    depends_on_ids uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_before  integer[] := array_fill(0, array[cardinality(members)]);
    v_visited boolean[] := array_fill(false, array[cardinality(members)]);
    v_here    integer;
    v_cycle   uuid[]    := '{}';
    v_task    uuid;
    v_on      uuid;
begin
    -- Each task that is left over waits for another that is: going back from any of them comes
    -- round at last.
    for i in 1 .. cardinality(prerequisites) loop
        if waits[prerequisites[i]] > 0 and waits[dependents[i]] > 0 then
            v_before[dependents[i]] := prerequisites[i];
            v_here := dependents[i];
        end if;
    end loop;

    while not v_visited[v_here] loop
        v_visited[v_here] := true;
        v_here := v_before[v_here];
    end loop;

    while v_visited[v_here] loop
        v_visited[v_here] := false;
        v_cycle := array_append(v_cycle, members[v_here]);
        v_here := v_before[v_here];
    end loop;

    -- The old graph had no cycle: one of these edges is new. The shortest way round it is told.
    select n.task_id, n.depends_on_id into v_task, v_on
      from unnest(v_cycle, v_cycle[2:] || v_cycle[1]) as c (task_id, depends_on_id)
      join unnest(raise_batch_cycle.task_ids, raise_batch_cycle.depends_on_ids)
           as n (task_id, depends_on_id) using (task_id, depends_on_id)
     limit 1;

    perform docket_private.raise_cycle(
        raise_batch_cycle.project_id,
        array_prepend(v_task, trim_array(docket_private.cycle_path(
            raise_batch_cycle.project_id, v_on, v_task, raise_batch_cycle.members), 1)));
end;
$$;

comment on function docket_private.raise_batch_cycle(
    uuid, uuid[], integer[], integer[], integer[], uuid[], uuid[]) is
    'Raises PDCYC for a cycle among the tasks that order_batch() could not peel.';

revoke all on function docket_private.rank_gap() from public;
revoke all on function docket_private.subgraph(uuid, uuid[]) from public;
revoke all on function docket_private.cycle_path(uuid, uuid, uuid, uuid[]) from public;
revoke all on function docket_private.raise_cycle(uuid, uuid[]) from public;
revoke all on function docket_private.respace(uuid) from public;
revoke all on function docket_private.place_nodes(uuid, uuid[], bigint, bigint) from public;
revoke all on function docket_private.prerequisites_above(uuid, uuid, bigint, integer) from public;
revoke all on function docket_private.dependents_below(uuid, uuid, bigint, integer) from public;
revoke all on function docket_private.rank_beneath(uuid, uuid[], bigint) from public;
revoke all on function docket_private.rank_over(uuid, uuid[], bigint) from public;
revoke all on function docket_private.order_edge(uuid, uuid, uuid) from public;
revoke all on function docket_private.order_batch(uuid, bigint, bigint, uuid[], uuid[]) from public;
revoke all on function docket_private.raise_batch_cycle(
    uuid, uuid[], integer[], integer[], integer[], uuid[], uuid[]) from public;

commit;
