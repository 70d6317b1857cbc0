-- Deploy pgdocket:graph/ready_tasks to pg
-- requires: graph/claim_orders
-- requires: platform/settings

begin;
set local role docket_owner;

-- Exactly the tasks that can be claimed, or could when their time has come: pending, not
-- archived, with every gating dependency satisfied. Narrow, and with indexes of its own, so that
-- a claim never searches the tasks.
--
-- Derived from tasks, whose triggers keep it (graph/readiness), so without a foreign key: its
-- check would lock the very task that is about to be claimed.
create table docket.ready_tasks (
    task_id     uuid                 not null,
    project_id  uuid                 not null,
    priority    docket.task_priority not null,
    urgency     bigint               not null,
    ready_since timestamptz          not null default docket.clock(),
    not_before  timestamptz,
    workflow_id uuid,

    constraint ready_tasks_pkey primary key (task_id, project_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

create index ready_tasks_claim_idx
    on docket.ready_tasks (project_id, urgency desc, ready_since, task_id)
 where not_before is null;

create index ready_tasks_due_idx
    on docket.ready_tasks (project_id, not_before)
 where not_before is not null;

comment on table docket.ready_tasks is
    'The tasks that can be claimed now, or as soon as their time has come. Derived; kept by the database alone.';
comment on column docket.ready_tasks.task_id is
    'The task.';
comment on column docket.ready_tasks.priority is
    'The task''s priority, 10 the most urgent.';
comment on column docket.ready_tasks.urgency is
    'What claims go by first, the highest first: the priority and, by the setting claim_order of its project, what hangs on it, or nothing.';
comment on column docket.ready_tasks.ready_since is
    'When it became ready; what waited longest goes first.';
comment on column docket.ready_tasks.not_before is
    'It may be claimed from this time on; null: now.';
comment on column docket.ready_tasks.workflow_id is
    'The task''s workflow.';

-- Functions reach it by the key of a task, or for a project, that they have been let through to
-- already; filtering the rows again would cost a claim more than the claim.
call docket_private.add_isolation('docket.ready_tasks', functions_see_all => true);

-- Waking costs every commit that does it a lock on the whole database, so it is done once when
-- work comes to a project that had none: whoever is busy there finds it anyway. Two who bring work
-- at the same moment may both wake; who looks while others claim the last may leave it to the
-- agents to look again by themselves, as they do.
create function docket_private.has_ready(project_id uuid) returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_sort = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    -- The first in the order of a claim: any would do, but this index begins with the project.
    return (
        select r.task_id
          from docket.ready_tasks as r
         where r.project_id = has_ready.project_id
           and r.not_before is null
         order by r.urgency desc, r.ready_since, r.task_id
         limit 1) is not null;
end;
$$;

comment on function docket_private.has_ready(uuid) is
    'Whether a task of the project can be claimed now.';

create function docket_private.wake_agents(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if docket_private.has_ready(wake_agents.project_id)
       and docket_private.setting('notify', (
               select p.settings
                 from docket.projects as p
                where p.project_id = wake_agents.project_id)) = 'true'
    then
        perform pg_notify('docket_ready', wake_agents.project_id::text);
    end if;
end;
$$;

comment on function docket_private.wake_agents(uuid) is
    'Tells who listens to docket_ready that the project has work, where its setting notify is on; the message is the project''s id.';

-- For tasks that could not be claimed until now, or whose rows the caller holds: a claim that is
-- under way has deleted the ready row, and one that is entered behind it would give the task away
-- twice. So inserting waits for nobody, and what is read of the tasks is younger than these locks.
create function docket_private.make_ready(
    project_id uuid,
    task_ids   uuid[],
    to_claim   integer default 0
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_sort = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_is_new boolean;
begin
    -- What had been ready is looked for in the same statement, which does not see its own rows.
      with entered as (
          insert into docket.ready_tasks as r (
              task_id, project_id, priority, urgency, not_before, workflow_id)
          select t.task_id, t.project_id, t.priority,
                 docket_private.urgency(o.claim_order, t.priority, w.weight), t.not_before,
                 t.workflow_id
            from docket.tasks as t
            left join docket_private.claim_orders as o
              on o.project_id = t.project_id
            left join docket_private.task_weights as w
              on w.project_id = t.project_id
             and w.task_id = t.task_id
           where t.task_id = any (make_ready.task_ids)
             and t.project_id = make_ready.project_id
             and t.status = 'pending'
             and t.archived_at is null
             and not exists (
                     select
                       from docket_private.task_nodes as n
                      where n.project_id = t.project_id
                        and n.task_id = t.task_id
                        and n.unmet > 0)
              on conflict on constraint ready_tasks_pkey
              do update set priority    = excluded.priority,
                            urgency     = excluded.urgency,
                            not_before  = excluded.not_before,
                            workflow_id = excluded.workflow_id
          returning r.not_before
      )
    select count(*) filter (where e.not_before is null) > make_ready.to_claim
           and (
               select r.task_id
                 from docket.ready_tasks as r
                where r.project_id = make_ready.project_id
                  and r.not_before is null
                order by r.urgency desc, r.ready_since, r.task_id
                limit 1) is null
      into v_is_new
      from entered as e;

    if v_is_new then
        perform docket_private.wake_agents(make_ready.project_id);
    end if;
end;
$$;

comment on function docket_private.make_ready(uuid, uuid[], integer) is
    'Enters those of some tasks that are ready, or brings their rows up to date; wakes agents where there was no work and there is more now than the caller is about to claim.';

create function docket_private.unready(
    project_id uuid,
    task_ids   uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    -- Waits for a claim that is taking one of them; a claim waits for nobody.
    delete from docket.ready_tasks as r
     where r.task_id = any (unready.task_ids)
       and r.project_id = unready.project_id;
end;
$$;

comment on function docket_private.unready(uuid, uuid[]) is
    'Takes tasks out of the ready ones.';

revoke all on function docket_private.has_ready(uuid) from public;
revoke all on function docket_private.wake_agents(uuid) from public;
revoke all on function docket_private.make_ready(uuid, uuid[], integer) from public;
revoke all on function docket_private.unready(uuid, uuid[]) from public;
grant select on docket.ready_tasks
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
