-- Deploy pgdocket:graph/readiness to pg
-- requires: graph/links

begin;
set local role docket_owner;

-- Keeps counters and ready tasks as the tasks change.
--
-- Whatever is no claim shares the key of the graph, so that dependencies hold still, and takes the
-- nodes of all tasks it touches, its own and its dependents', in one statement by (rank,
-- task_id): that order is the same for everybody, as ranks change under the exclusive key
-- only. What follows reads the tasks anew: whoever changed a task before has let go of its node,
-- and whoever changes it now will find the node after us, and put right what we did.
-- A node is written even where nothing changes in it: a snapshot that is older than the
-- change of its task then fails at the node (40001).
--
-- A claim (pending to in_progress, with an attempt) has deleted the ready row itself, and
-- takes neither key nor node: with nothing unmet nobody counts its node down, and whoever counts
-- it up goes on to delete the ready row, where he meets the claim.

create function docket_private.settle_tasks(
    project_id uuid,
    moved      uuid[],
    closed     uuid[],
    opened     uuid[],
    settled    uuid[],
    met_before integer[],
    met_now    integer[],
    to_claim   integer default 0
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
    v_nodes   uuid[];
    v_deltas  integer[];
    v_freed   uuid[];
    v_blocked uuid[];
begin
    select array_agg(c.task_id), array_agg(c.delta)
      into v_nodes, v_deltas
      from (
          select u.task_id, sum(u.delta)::integer as delta
            from (
                select m.task_id, 0 as delta
                  from unnest(settle_tasks.moved) as m (task_id)
                 union all
                select e.task_id, case when s.met_now & e.bit = 0 then 1 else -1 end
                  from unnest(settle_tasks.settled, settle_tasks.met_before, settle_tasks.met_now)
                       as s (task_id, met_before, met_now)
                 cross join lateral (
                           select e.task_id, docket_private.satisfaction_bit(e.satisfied_by) as bit
                             from docket.task_dependencies as e
                            where e.depends_on_id = s.task_id
                              and e.project_id = settle_tasks.project_id
                              and e.dependency_type = 'blocks'
                           offset 0
                       ) as e
                 where (s.met_before # s.met_now) & e.bit <> 0
            ) as u
           group by u.task_id
      ) as c;

    -- One node has no order.
    if cardinality(v_nodes) > 1 then
        perform
           from docket_private.task_nodes as n
          where n.project_id = settle_tasks.project_id
            and n.task_id = any (v_nodes)
          order by n.rank, n.task_id
            for no key update;
    end if;

    if v_nodes is not null then
          with changes as materialized (
              select settle_tasks.project_id as project_id, u.task_id, u.delta
                from unnest(v_nodes, v_deltas) as u (task_id, delta)
          ), counted as (
              update docket_private.task_nodes as n
                 set unmet = n.unmet + c.delta
                from changes as c
               where n.project_id = c.project_id
                 and n.task_id = c.task_id
              returning n.task_id, n.unmet, c.delta
          )
        select array_agg(c.task_id) filter (where c.delta < 0 and c.unmet = 0),
               array_agg(c.task_id) filter (where c.delta > 0)
          into v_freed, v_blocked
          from counted as c;
    end if;

    if closed is not null or v_blocked is not null then
        perform docket_private.unready(project_id, closed || v_blocked);
    end if;

    if opened is not null or v_freed is not null then
        perform docket_private.make_ready(project_id, opened || v_freed, to_claim);
    end if;
end;
$$;

comment on function docket_private.settle_tasks(
    uuid, uuid[], uuid[], uuid[], uuid[], integer[], integer[], integer) is
'Follows a change of tasks into the graph; the caller holds share_graph().

`moved` are the tasks that were open or are, of them `closed` are no longer and `opened` are now;
`settled` satisfy other dependencies than before: `met_before` and `met_now`, each
docket_private.satisfactions(). The caller is about to claim `to_claim` tasks, for which nobody else
needs to be woken.';

-- Per statement, because nodes are taken in one order only if they are taken together. The price
-- is paid by claims and completions, which need none of it: one look.
create function docket_private.follow_changed_tasks() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_moved      uuid[];
    v_closed     uuid[];
    v_opened     uuid[];
    v_settled    uuid[];
    v_met_before integer[];
    v_met_now    integer[];
begin
    -- Claims, and completions by their attempts, end here: the queue's own statements make these
    -- and have seen to what follows. What is held now was held before or is being claimed.
    if not exists (select from changed as n where n.attempt_id is null) then
        return null;
    end if;
    if not exists (select from original as o where o.attempt_id is null)
       and not exists (select from changed as n where n.status <> 'completed')
    then
        return null;
    end if;

    -- A full join is never a nested loop, which a plan made for one row would be, and quadratic
    -- when many come.
    for v_project_id, v_moved, v_closed, v_opened, v_settled, v_met_before, v_met_now in
        select r.project_id,
               array_agg(r.task_id) filter (where r.is_moved),
               array_agg(r.task_id) filter (where r.is_moved and not r.is_open),
               array_agg(r.task_id) filter (where r.is_moved and r.is_open),
               array_agg(r.task_id) filter (where r.met_before <> r.met_now),
               array_agg(r.met_before) filter (where r.met_before <> r.met_now),
               array_agg(r.met_now) filter (where r.met_before <> r.met_now)
          from (
              select coalesce(n.task_id, o.task_id) as task_id,
                     coalesce(n.project_id, o.project_id) as project_id,
                     coalesce(n.status = 'pending' and n.archived_at is null, false) as is_open,
                     docket_private.satisfactions(o.status, o.merged_at, o.unmet_gates)
                         as met_before,
                     docket_private.satisfactions(n.status, n.merged_at, n.unmet_gates)
                         as met_now,
                     coalesce(o.status = 'pending' or n.status = 'pending', false)
                     and coalesce(n.status <> 'in_progress' or n.attempt_id is null, true)
                     and (o.status, o.archived_at, o.priority, o.not_before, o.workflow_id)
                         is distinct from
                         (n.status, n.archived_at, n.priority, n.not_before, n.workflow_id)
                         as is_moved
                from original as o
                full join changed as n
                  on n.task_id = o.task_id
                 and n.project_id = o.project_id
          ) as r
         where r.is_moved
            or r.met_before <> r.met_now
         group by r.project_id
         order by r.project_id
    loop
        perform docket_private.share_graph(v_project_id);
        perform docket_private.settle_tasks(
            v_project_id, v_moved, v_closed, v_opened, v_settled, v_met_before, v_met_now);
    end loop;

    return null;
end;
$$;

comment on function docket_private.follow_changed_tasks() is
    'Follows an UPDATE of tasks into the graph, where it opens, closes, completes or reopens them, changes when they are claimed, or what dependencies on them are satisfied.';

create trigger tasks_follow_update after update on docket.tasks
    referencing old table as original new table as changed
    for each statement execute function docket_private.follow_changed_tasks();

create function docket_private.follow_new_tasks() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_idle uuid[] := array(
        select i.project_id
          from (select distinct n.project_id from inserted as n) as i
         where not docket_private.has_ready(i.project_id));
begin
    -- Nobody else sees these tasks yet, and nothing can depend on them: no key, no nodes.
    insert into docket.ready_tasks (
        task_id, project_id, priority, urgency, ready_since, not_before, workflow_id)
    select i.task_id, i.project_id, i.priority,
           docket_private.urgency(o.claim_order, i.priority, null), (select docket.clock()),
           i.not_before, i.workflow_id
      from inserted as i
      left join docket_private.claim_orders as o
        on o.project_id = i.project_id
     where i.status = 'pending'
       and i.archived_at is null;

    perform docket_private.wake_agents(i.project_id)
       from unnest(v_idle) as i (project_id);

    return null;
end;
$$;

comment on function docket_private.follow_new_tasks() is
    'Enters new tasks among the ready ones, as they wait for nothing yet, and wakes agents where there was no work.';

create trigger tasks_follow_insert after insert on docket.tasks
    referencing new table as inserted
    for each statement execute function docket_private.follow_new_tasks();

create function docket_private.follow_deleted_tasks() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_ids uuid[] := array(select distinct d.project_id from deleted as d);
    v_task_ids    uuid[] := array(select d.task_id from deleted as d);
begin
    -- The dependencies are gone already, by their foreign keys, under the exclusive key.
    delete from docket.ready_tasks as r
     where r.task_id = any (v_task_ids)
       and r.project_id = any (v_project_ids);

    delete from docket_private.task_nodes as n
     where n.project_id = any (v_project_ids)
       and n.task_id = any (v_task_ids);

    delete from docket_private.task_weights as w
     where w.project_id = any (v_project_ids)
       and w.task_id = any (v_task_ids);

    return null;
end;
$$;

comment on function docket_private.follow_deleted_tasks() is
    'Clears away what was derived from tasks that are deleted.';

create trigger tasks_follow_delete after delete on docket.tasks
    referencing old table as deleted
    for each statement execute function docket_private.follow_deleted_tasks();

revoke all on function docket_private.settle_tasks(
    uuid, uuid[], uuid[], uuid[], uuid[], integer[], integer[], integer) from public;
revoke all on function docket_private.follow_changed_tasks() from public;
revoke all on function docket_private.follow_new_tasks() from public;
revoke all on function docket_private.follow_deleted_tasks() from public;

commit;
