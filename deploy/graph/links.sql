-- Deploy pgdocket:graph/links to pg
-- requires: graph/hierarchy
-- requires: graph/order
-- requires: graph/ready_tasks

begin;
set local role docket_owner;

-- What follows when gating dependencies come and go: order, counters, ready tasks. Everything
-- happens under lock_graph(), so that besides us only claims are at work.
--
-- Nodes are met with both columns of their key coming from the other side: with the project
-- given apart, a plan may walk all nodes of the project, once for each row.

create function docket_private.link_one(
    project_id    uuid,
    task_id       uuid,
    depends_on_id uuid,
    satisfied_by  text
) returns void
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
    v_task_rank bigint;
    v_rank      bigint;
    v_unmet     integer;
    v_added     integer;
    v_parents   uuid[];
    v_top       bigint;
begin
    -- Both tasks in one look: row-level security is asked once for each look.
    select count(*) filter (
               where t.task_id = link_one.depends_on_id
                 and not docket_private.is_satisfied(
                             link_one.satisfied_by, t.status, t.merged_at, t.unmet_gates)),
           array_agg(t.parent_task_id)
      into v_added, v_parents
      from docket.tasks as t
     where t.task_id in (link_one.task_id, link_one.depends_on_id)
       and t.project_id = link_one.project_id;

    if v_parents[1] is distinct from v_parents[2] then
        perform docket_private.refuse_kin(project_id, array[task_id], array[depends_on_id]);
    end if;

    select t.rank, t.unmet, d.rank
      into v_task_rank, v_unmet, v_rank
      from (values (link_one.project_id)) as p (project_id)
      left join docket_private.task_nodes as t
        on t.project_id = p.project_id
       and t.task_id = link_one.task_id
      left join docket_private.task_nodes as d
        on d.project_id = p.project_id
       and d.task_id = link_one.depends_on_id;

    -- A node that is new can go where it agrees: above everything, or, when only the
    -- prerequisite is new, just below its dependent.
    if v_task_rank is null then
        update docket_private.project_graphs as g
           set top = g.top + 2 * docket_private.rank_gap()
         where g.project_id = link_one.project_id
        returning g.top into v_top;

        insert into docket_private.task_nodes (project_id, task_id, rank, unmet)
        values (link_one.project_id, link_one.task_id, v_top, v_added);
    end if;

    if v_rank is null then
        insert into docket_private.task_nodes (project_id, task_id, rank, unmet)
        values (link_one.project_id, link_one.depends_on_id,
                coalesce(v_task_rank, v_top) - docket_private.rank_gap(), 0);
    elsif v_task_rank <= v_rank then
        perform docket_private.order_edge(project_id, task_id, depends_on_id);
    end if;

    if v_added = 1 then
        if v_task_rank is not null then
            update docket_private.task_nodes as n
               set unmet = n.unmet + 1
             where n.project_id = link_one.project_id
               and n.task_id = link_one.task_id;
        end if;

        if coalesce(v_unmet, 0) = 0 then
            perform docket_private.unready(project_id, array[task_id]);
        end if;
    end if;
end;
$$;

comment on function docket_private.link_one(uuid, uuid, uuid, text) is
    'Takes one new gating dependency into the graph. Raises PDCYC.';

create function docket_private.add_nodes(
    project_id     uuid,
    task_ids       uuid[],
    depends_on_ids uuid[],
    waiting_ids    uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    v_top   bigint := (
        select g.top
          from docket_private.project_graphs as g
         where g.project_id = add_nodes.project_id);
    v_added bigint;
begin
      with ends as (
          select u.task_id, sum(u.unmet)::integer as unmet
            from (
                select unnest(add_nodes.task_ids) as task_id, 0 as unmet
                 union all
                select unnest(add_nodes.depends_on_ids), 0
                 union all
                select unnest(add_nodes.waiting_ids), 1
            ) as u
           group by u.task_id
      ), known as materialized (
          select add_nodes.project_id as project_id, e.task_id, e.unmet, n.is_node
            from ends as e
            left join lateral (
                     select true as is_node
                       from docket_private.task_nodes as n
                      where n.project_id = add_nodes.project_id
                        and n.task_id = e.task_id
                     offset 0
                 ) as n on true
      ), added as (
          insert into docket_private.task_nodes (project_id, task_id, rank, unmet)
          select k.project_id, k.task_id,
                 v_top + row_number() over (order by k.task_id) * docket_private.rank_gap(),
                 k.unmet
            from known as k
           where k.is_node is null
          returning rank
      ), raised as (
          update docket_private.task_nodes as n
             set unmet = n.unmet + k.unmet
            from known as k
           where n.project_id = k.project_id
             and n.task_id = k.task_id
             and k.is_node
             and k.unmet > 0
      )
    select count(*) into v_added
      from added;

    update docket_private.project_graphs as g
       set top = v_top + v_added * docket_private.rank_gap()
     where g.project_id = add_nodes.project_id
       and v_added > 0;
end;
$$;

comment on function docket_private.add_nodes(uuid, uuid[], uuid[], uuid[]) is
    'Gives the ends of new gating dependencies their nodes, and counts: each time that a task is in `waiting_ids`, it has one more unsatisfied.';

create function docket_private.order_new(
    project_id     uuid,
    task_ids       uuid[],
    depends_on_ids uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    v_tasks      uuid[];
    v_depends_on uuid[];
    v_lowest     bigint;
    v_highest    bigint;
    v_one_by_one constant integer := 50;
begin
    loop
        select array_agg(e.task_id order by t.rank desc, e.task_id),
               array_agg(e.depends_on_id order by t.rank desc, e.task_id),
               min(t.rank),
               max(d.rank)
          into v_tasks, v_depends_on, v_lowest, v_highest
          from unnest(order_new.task_ids, order_new.depends_on_ids) as e (task_id, depends_on_id)
         cross join lateral (
                   select n.rank
                     from docket_private.task_nodes as n
                    where n.project_id = order_new.project_id
                      and n.task_id = e.task_id
                   offset 0
               ) as t
         cross join lateral (
                   select n.rank
                     from docket_private.task_nodes as n
                    where n.project_id = order_new.project_id
                      and n.task_id = e.depends_on_id
                   offset 0
               ) as d
         where d.rank >= t.rank;

        if v_tasks is null then
            return;
        end if;

        -- Few are put right one after the other; many would thrash, and are peeled together.
        if cardinality(v_tasks) <= v_one_by_one then
            for i in 1 .. cardinality(v_tasks) loop
                perform docket_private.order_edge(project_id, v_tasks[i], v_depends_on[i]);
            end loop;
            return;
        end if;

        if docket_private.order_batch(
               project_id, v_lowest, v_highest, order_new.task_ids, order_new.depends_on_ids)
        then
            return;
        end if;

        perform docket_private.respace(project_id);
    end loop;
end;
$$;

comment on function docket_private.order_new(uuid, uuid[], uuid[]) is
    'Makes the ranks agree with new gating dependencies. Raises PDCYC.';

create function docket_private.link_many(
    project_id     uuid,
    task_ids       uuid[],
    depends_on_ids uuid[],
    satisfied_by   text[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    v_waiting        uuid[];
    v_kin_task_ids   uuid[];
    v_kin_depends_on uuid[];
begin
    -- By the id alone: statistics that do not know a new project yet make its rows look like one,
    -- and any index that begins with the project as good as the key (4 s for 3,000 edges).
    select array_agg(e.task_id) filter (
               where not docket_private.is_satisfied(
                             e.satisfied_by, d.status, d.merged_at, d.unmet_gates)),
           array_agg(e.task_id) filter (where k.may_be_kin),
           array_agg(e.depends_on_id) filter (where k.may_be_kin)
      into v_waiting, v_kin_task_ids, v_kin_depends_on
      from unnest(link_many.task_ids, link_many.depends_on_ids, link_many.satisfied_by)
           as e (task_id, depends_on_id, satisfied_by)
     cross join lateral (
               select t.parent_task_id
                 from docket.tasks as t
                where t.task_id = e.task_id
               offset 0
           ) as t
     cross join lateral (
               select t.status, t.merged_at, t.unmet_gates, t.parent_task_id
                 from docket.tasks as t
                where t.task_id = e.depends_on_id
               offset 0
           ) as d
     cross join lateral (
               select coalesce(t.parent_task_id, d.parent_task_id) is not null
                      and t.parent_task_id is distinct from d.parent_task_id as may_be_kin
           ) as k;

    if v_kin_task_ids is not null then
        perform docket_private.refuse_kin(project_id, v_kin_task_ids, v_kin_depends_on);
    end if;

    perform docket_private.add_nodes(
        project_id, task_ids, depends_on_ids, coalesce(v_waiting, '{}'));
    perform docket_private.order_new(project_id, task_ids, depends_on_ids);

    if v_waiting is not null then
        perform docket_private.unready(project_id, v_waiting);
    end if;
end;
$$;

comment on function docket_private.link_many(uuid, uuid[], uuid[], text[]) is
    'Takes new gating dependencies into the graph. Raises PDCYC.';

-- A snapshot that is kept may be older than what has happened to these tasks: locking them
-- finds out (40001). At read committed the next statement sees it anyway.
create function docket_private.lock_ends(
    project_id uuid,
    task_ids   uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
       from docket.tasks as t
      where t.task_id = any (lock_ends.task_ids)
        and t.project_id = lock_ends.project_id
      order by t.task_id
        for share;
end;
$$;

comment on function docket_private.lock_ends(uuid, uuid[]) is
    'Locks the ends of new gating dependencies, for a transaction that keeps its snapshot.';

create function docket_private.follow_new_dependencies() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_ids    uuid[];
    v_project_id     uuid;
    v_task_ids       uuid[];
    v_depends_on_ids uuid[];
    v_satisfied_by   text[];
    v_is_kept        boolean := current_setting('transaction_isolation')
                                in ('repeatable read', 'serializable');
begin
    select array_agg(i.project_id), array_agg(i.task_id), array_agg(i.depends_on_id),
           array_agg(i.satisfied_by::text)
      into v_project_ids, v_task_ids, v_depends_on_ids, v_satisfied_by
      from inserted as i
     where i.dependency_type = 'blocks';

    if cardinality(v_task_ids) = 1 then
        perform docket_private.lock_graph(v_project_ids[1]);
        if v_is_kept then
            perform docket_private.lock_ends(v_project_ids[1], v_task_ids || v_depends_on_ids);
        end if;
        perform docket_private.link_one(
            v_project_ids[1], v_task_ids[1], v_depends_on_ids[1], v_satisfied_by[1]);
        return null;
    end if;

    for v_project_id, v_task_ids, v_depends_on_ids, v_satisfied_by in
        select e.project_id, array_agg(e.task_id), array_agg(e.depends_on_id),
               array_agg(e.satisfied_by)
          from unnest(v_project_ids, v_task_ids, v_depends_on_ids, v_satisfied_by)
               as e (project_id, task_id, depends_on_id, satisfied_by)
         group by e.project_id
         order by e.project_id
    loop
        perform docket_private.lock_graph(v_project_id);
        if v_is_kept then
            perform docket_private.lock_ends(v_project_id, v_task_ids || v_depends_on_ids);
        end if;
        perform docket_private.link_many(
            v_project_id, v_task_ids, v_depends_on_ids, v_satisfied_by);
    end loop;

    return null;
end;
$$;

comment on function docket_private.follow_new_dependencies() is
    'Takes what an INSERT added into the graph, or refuses it: PDCYC.';

create trigger task_dependencies_follow_insert after insert on docket.task_dependencies
    referencing new table as inserted
    for each statement execute function docket_private.follow_new_dependencies();

-- Counted anew from what is left, since a prerequisite may be gone together with its status.
-- Every counter is written, changed or not: two who saw different statuses meet there.
create function docket_private.recount(
    project_id uuid,
    task_ids   uuid[]
) returns void
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
    v_free uuid[];
begin
      with counted as (
          update docket_private.task_nodes as n
             set unmet = (
                     select count(*)
                       from docket.task_dependencies as e
                       join docket.tasks as d
                         on d.task_id = e.depends_on_id
                        and d.project_id = e.project_id
                      where e.task_id = n.task_id
                        and e.project_id = n.project_id
                        and e.dependency_type = 'blocks'
                        and not docket_private.is_satisfied(
                                    e.satisfied_by, d.status, d.merged_at, d.unmet_gates))
            from docket_private.task_nodes as o
           where n.project_id = recount.project_id
             and n.task_id = any (recount.task_ids)
             and o.project_id = n.project_id
             and o.task_id = n.task_id
          returning n.task_id, n.unmet, o.unmet as before
      )
    -- What was ready before stays so without our doing: a claim may be taking it at this moment,
    -- and a row that is entered behind the claim's deletion would give the task away twice.
    select array_agg(c.task_id) into v_free
      from counted as c
     where c.unmet = 0
       and c.before > 0;

    if v_free is not null then
        perform docket_private.make_ready(project_id, v_free);
    end if;
end;
$$;

comment on function docket_private.recount(uuid, uuid[]) is
    'Counts the unsatisfied gating dependencies of tasks that lost some; what has none left is ready. Ranks stay right.';

create function docket_private.follow_removed_dependencies() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_task_ids   uuid[];
begin
    for v_project_id, v_task_ids in
        select d.project_id, array_agg(distinct d.task_id)
          from deleted as d
         where d.dependency_type = 'blocks'
         group by d.project_id
         order by d.project_id
    loop
        perform docket_private.lock_graph(v_project_id);
        perform docket_private.recount(v_project_id, v_task_ids);
    end loop;

    return null;
end;
$$;

comment on function docket_private.follow_removed_dependencies() is
    'Lets go of the tasks that waited for what a DELETE removed.';

create trigger task_dependencies_follow_delete after delete on docket.task_dependencies
    referencing old table as deleted
    for each statement execute function docket_private.follow_removed_dependencies();

-- An edge that asks for something else is one that goes and one that comes, at the same place.
create function docket_private.follow_changed_dependencies() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id     uuid;
    v_task_ids       uuid[];
    v_depends_on_ids uuid[];
begin
    for v_project_id, v_task_ids, v_depends_on_ids in
        select e.project_id, array_agg(e.task_id), array_agg(e.depends_on_id)
          from (
              select u.project_id, u.task_id, u.depends_on_id
                from (select o.project_id, o.task_id, o.depends_on_id, o.satisfied_by
                        from original as o
                       where o.dependency_type = 'blocks'
                       union all
                      select n.project_id, n.task_id, n.depends_on_id, n.satisfied_by
                        from changed as n
                       where n.dependency_type = 'blocks') as u
               group by u.project_id, u.task_id, u.depends_on_id
              having min(u.satisfied_by::text) <> max(u.satisfied_by::text)
          ) as e
         group by e.project_id
         order by e.project_id
    loop
        perform docket_private.lock_graph(v_project_id);
        if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
            perform docket_private.lock_ends(v_project_id, v_task_ids || v_depends_on_ids);
        end if;
        perform docket_private.recount(v_project_id, v_task_ids);
        perform docket_private.unready(v_project_id, array(
            select n.task_id
              from docket_private.task_nodes as n
             where n.project_id = v_project_id
               and n.task_id = any (v_task_ids)
               and n.unmet > 0));
    end loop;

    return null;
end;
$$;

comment on function docket_private.follow_changed_dependencies() is
    'Counts anew for the tasks whose dependencies ask for something else after an UPDATE.';

create trigger task_dependencies_follow_update after update on docket.task_dependencies
    referencing old table as original new table as changed
    for each statement execute function docket_private.follow_changed_dependencies();

create function docket_private.follow_truncated_dependencies() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    truncate docket_private.task_nodes, docket_private.task_weights, docket.ready_tasks;

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
     where t.status = 'pending'
       and t.archived_at is null;

    return null;
end;
$$;

comment on function docket_private.follow_truncated_dependencies() is
    'Begins the graph anew after a TRUNCATE (of tasks, too): nothing waits for anything.';

create trigger task_dependencies_follow_truncate after truncate on docket.task_dependencies
    for each statement execute function docket_private.follow_truncated_dependencies();

revoke all on function docket_private.link_one(uuid, uuid, uuid, text) from public;
revoke all on function docket_private.add_nodes(uuid, uuid[], uuid[], uuid[]) from public;
revoke all on function docket_private.order_new(uuid, uuid[], uuid[]) from public;
revoke all on function docket_private.link_many(uuid, uuid[], uuid[], text[]) from public;
revoke all on function docket_private.lock_ends(uuid, uuid[]) from public;
revoke all on function docket_private.follow_new_dependencies() from public;
revoke all on function docket_private.recount(uuid, uuid[]) from public;
revoke all on function docket_private.follow_removed_dependencies() from public;
revoke all on function docket_private.follow_changed_dependencies() from public;
revoke all on function docket_private.follow_truncated_dependencies() from public;

commit;
