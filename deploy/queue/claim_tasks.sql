-- Deploy pgdocket:queue/claim_tasks to pg
-- requires: graph/weigh_tasks
-- requires: platform/idempotency_keys
-- requires: queue/sweep_leases
-- requires: tasks/budgets
-- requires: tasks/task_search

begin;
set local role docket_owner;

create function docket_private.lease(
    lease_seconds    integer,
    project_settings jsonb
) returns interval
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_longest integer;
begin
    if lease.lease_seconds is null then
        return make_interval(secs => (
            docket_private.setting('lease_seconds', lease.project_settings) #>> '{}')::integer);
    end if;

    -- The longest lease is asked for only where the caller names one.
    v_longest := (docket_private.setting('max_lease_seconds') #>> '{}')::integer;
    if lease.lease_seconds not between 1 and v_longest then
        raise exception 'a lease of % seconds can not be had', lease.lease_seconds
            using errcode = 'PD422',
                  hint    = format('1 to %s seconds (setting max_lease_seconds).', v_longest);
    end if;

    return make_interval(secs => lease.lease_seconds);
end;
$$;

comment on function docket_private.lease(integer, jsonb) is
    'How long a claim or heartbeat holds a task: the seconds asked for, or the setting lease_seconds of the project. Raises PD422.';

-- What a claim changes in a task, as it is before.
create type docket_private.claimable as (
    task_id     uuid,
    project_id  uuid,
    assigned_to text,
    version     bigint,
    updated_at  timestamptz,
    updated_by  text
);

comment on type docket_private.claimable is
    'A task that is about to be claimed: its key, and what the claim changes in it.';

-- One statement, which also stamps the tasks and writes the journal: see tasks/tasks, whose
-- triggers leave a claim out. The settings are those of the journal's own triggers.
create function docket_private.begin_attempts(
    tasks docket_private.claimable[],
    agent text,
    lease interval
) returns docket.tasks[]
language plpgsql
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_now       constant timestamptz := docket.clock();
    v_principal constant text        := docket.principal();
    v_tasks     docket.tasks[];
begin
      with numbered as materialized (
          select p.*,
                 docket_private.new_id(p.project_id, p.ordinal) as attempt_id,
                 1 + coalesce((
                         select max(b.attempt_no)
                           from docket.task_attempts as b
                          where b.task_id    = p.task_id
                            and b.project_id = p.project_id), 0) as attempt_no
            from unnest(begin_attempts.tasks) with ordinality
                 as p (task_id, project_id, assigned_to, version, updated_at, updated_by, ordinal)
      ), begun as (
          insert into docket.task_attempts (
              attempt_id, project_id, task_id, attempt_no, agent, lease_expires_at, heartbeat_at,
              created_at)
          select n.attempt_id, n.project_id, n.task_id, n.attempt_no, begin_attempts.agent,
                 v_now + begin_attempts.lease, v_now, v_now
            from numbered as n
      ), claimed as (
          update docket.tasks as t
             set status      = 'in_progress',
                 attempt_id  = n.attempt_id,
                 assigned_to = begin_attempts.agent,
                 version     = t.version + 1,
                 updated_at  = v_now,
                 updated_by  = v_principal
            from numbered as n
           where t.task_id    = n.task_id
             and t.project_id = n.project_id
          returning t, n.*,
                    array[case when n.assigned_to = begin_attempts.agent then 'assigned_to' end,
                          case when n.updated_by = v_principal then 'updated_by' end] as same
      ), journaled as (
          insert into docket.audit_log (
              table_name, operation, project_id, row_id, old_values, new_values, principal)
          select 'tasks', 'update', c.project_id, c.task_id,
                 jsonb_object(
                     array['status', 'attempt_id', 'version', 'updated_at', 'assigned_to',
                           'updated_by'],
                     array['pending', null, c.version::text, c.updated_at::text, c.assigned_to,
                           c.updated_by]) - c.same,
                 jsonb_object(
                     array['status', 'attempt_id', 'version', 'updated_at', 'assigned_to',
                           'updated_by'],
                     array['in_progress', c.attempt_id::text, (c.version + 1)::text, v_now::text,
                           begin_attempts.agent, v_principal]) - c.same,
                 v_principal
            from claimed as c
           union all
          select 'task_attempts', 'insert', c.project_id, c.attempt_id, null,
                 jsonb_object(
                     array['attempt_id', 'project_id', 'task_id', 'attempt_no', 'agent',
                           'lease_expires_at', 'heartbeat_at', 'created_at', 'is_forgiven'],
                     array[c.attempt_id::text, c.project_id::text, c.task_id::text,
                           c.attempt_no::text, begin_attempts.agent,
                           (v_now + begin_attempts.lease)::text, v_now::text, v_now::text, 'f']),
                 v_principal
            from claimed as c
      )
    select array_agg(c.t order by c.ordinal) into v_tasks
      from claimed as c;

    return v_tasks;
end;
$$;

comment on function docket_private.begin_attempts(docket_private.claimable[], text, interval) is
    'Gives each of some tasks, which the caller has locked and taken out of the ready ones, an attempt; returns them in that order, in progress.';

-- The heart of the queue. Takes no key and waits for no row: a ready task or its row that
-- somebody holds is passed over. Both are locked before either is touched, so who holds only
-- the task (a person who cancels it) is never waited for while the ready row is held.
--
-- A session keeps the plan that its first caller made: without sorting, since that would begin with
-- reading all that is ready.
create function docket_private.take_ready(
    project_id     uuid,
    agent          text,
    max_tasks      integer,
    lease          interval,
    workflow_id    uuid,
    parent_task_id uuid,
    tags_all       text[],
    capabilities   text[],
    has_exhausted  boolean
) returns docket.tasks[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_sort = off
as $$
declare
    v_tasks docket_private.claimable[];
begin
      with picked as materialized (
          select r.task_id, r.project_id, r.urgency, r.ready_since, t.assigned_to, t.version,
                 t.updated_at, t.updated_by
            from docket.ready_tasks as r
            join docket.tasks as t
              on t.task_id = r.task_id
             and t.project_id = r.project_id
           where r.project_id = take_ready.project_id
             and r.not_before is null
             and t.status = 'pending'
             and (take_ready.workflow_id is null or r.workflow_id = take_ready.workflow_id)
             and (take_ready.parent_task_id is null or t.parent_task_id = take_ready.parent_task_id)
             and (take_ready.tags_all is null or t.tags @> take_ready.tags_all)
             and (t.needed_capabilities = '{}'
                  or t.needed_capabilities <@ take_ready.capabilities)
             and (not take_ready.has_exhausted
                  or not exists (
                         select
                           from docket.budgets as b
                          where b.project_id = r.project_id
                            and b.is_exhausted
                            and (b.workflow_id is null or b.workflow_id = r.workflow_id)
                            and (b.task_id is null or b.task_id = r.task_id)))
             and (r.workflow_id is null
                  or exists (
                         select
                           from docket.workflows as w
                          where w.workflow_id = r.workflow_id
                            and w.project_id = r.project_id
                            and w.status = 'active'))
           order by r.urgency desc, r.ready_since, r.task_id
           limit take_ready.max_tasks
             for update of r skip locked
             for no key update of t skip locked
      ), taken as (
          delete from docket.ready_tasks as r
           using picked as p
           where r.task_id    = p.task_id
             and r.project_id = p.project_id
      )
    select array_agg(row(
               p.task_id, p.project_id, p.assigned_to, p.version, p.updated_at,
               p.updated_by)::docket_private.claimable
               order by p.urgency desc, p.ready_since, p.task_id)
      into v_tasks
      from picked as p;

    if v_tasks is null then
        return '{}';
    end if;
    return docket_private.begin_attempts(v_tasks, take_ready.agent, take_ready.lease);
end;
$$;

comment on function docket_private.take_ready(
    uuid, text, integer, interval, uuid, uuid, text[], text[], boolean) is
    'Takes at most `max_tasks` ready tasks, gives each an attempt, and returns them in the order of a claim.';

-- Tasks whose time has come join those that are ready.
create function docket_private.promote_due(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
      with due as materialized (
          select r.task_id
            from docket.ready_tasks as r
           where r.project_id = promote_due.project_id
             and r.not_before <= docket.clock()
           order by r.not_before
           limit 1000
             for update skip locked
      )
    update docket.ready_tasks as r
       set ready_since = r.not_before,
           not_before  = null
      from due as d
     where r.task_id    = d.task_id
       and r.project_id = promote_due.project_id;
end;
$$;

comment on function docket_private.promote_due(uuid) is
    'Makes claimable what was to wait until now, at most 1,000 tasks a call.';

create function docket_private.check_claim(
    agent     text,
    max_tasks integer
) returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(check_claim.agent, '') = '' or length(check_claim.agent) > 255 then
        raise exception 'an agent needs a name of 1 to 255 characters to claim a task'
            using errcode = 'PD422',
                  hint    = 'Give agent => the name that the attempts are to be found by.';
    end if;

    if check_claim.max_tasks is null or check_claim.max_tasks not between 1 and 1000 then
        raise exception 'max_tasks is %', coalesce(check_claim.max_tasks::text, 'null')
            using errcode = 'PD422',
                  hint    = 'A claim takes 1 to 1000 tasks.';
    end if;
end;
$$;

comment on function docket_private.check_claim(text, integer) is
    'Raises PD422 for an agent without a name, and for a number of tasks that no claim takes.';

-- A claim in one project. It waits for nobody, so it may follow whatever holds locks.
create function docket_private.claim(
    project_id     uuid,
    agent          text,
    max_tasks      integer,
    lease_seconds  integer,
    workflow_id    uuid,
    parent_task_id uuid,
    tags_all       text[],
    capabilities   text[]
) returns docket.tasks[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project record;
    v_lease   interval;
begin
    perform docket_private.check_claim(claim.agent, claim.max_tasks);

    -- One look for all that a claim has to know beforehand. Whoever is no writer by his own name is
    -- asked for his rights in full. A project is weighed anew when its graph has changed, a large
    -- one not all the time: at most a tenth of it goes into weighing.
    select p.paused_at, n.has_expired, n.has_due, n.has_changed, n.has_exhausted,
           n.has_expired or n.has_due or n.has_changed as has_chores,
           exists (
               select
                 from docket_private.project_access as m
                where m.principal = docket.principal()
                  and m.project_id = p.project_id
                  and m.access <> 'reader') as is_writer,
           coalesce(p.settings -> 'lease_seconds', (
                        select s.value
                          from docket.settings as s
                         where s.setting_key = 'lease_seconds')) as lease_seconds
      into v_project
      from docket.projects as p
     cross join lateral (
         select exists (
                    select
                      from docket.task_attempts as a
                     where a.project_id = p.project_id
                       and a.outcome is null
                       and a.lease_expires_at <= (select docket.clock())) as has_expired,
                exists (
                    select
                      from docket.ready_tasks as r
                     where r.project_id = p.project_id
                       and r.not_before <= (select docket.clock())) as has_due,
                exists (
                    select
                      from docket.budgets as b
                     where b.project_id = p.project_id
                       and b.is_exhausted) as has_exhausted,
                exists (
                    select
                      from docket_private.claim_orders as o
                      join docket_private.project_graphs as g on g.project_id = o.project_id
                     where o.project_id = p.project_id
                       and o.claim_order = 'critical_path'
                       and g.version is distinct from o.weighed_version
                       and (o.weighed_edges < 1000
                            or o.weighed_at < docket.clock()
                                              - make_interval(secs => o.weighed_edges * 0.0001)))
                    as has_changed
         offset 0
     ) as n
     where p.project_id = claim.project_id;

    if v_project.is_writer is not true then
        perform docket_private.require_project(claim.project_id);
    end if;

    v_lease := case
        when claim.lease_seconds is null
            then make_interval(secs => (v_project.lease_seconds #>> '{}')::integer)
        else docket_private.lease(claim.lease_seconds, null)
    end;

    if v_project.paused_at is not null then
        return '{}';
    end if;

    -- What was lost comes back before what is new is taken.
    if v_project.has_chores then
        if v_project.has_expired then
            perform docket_private.sweep(claim.project_id, claim.max_tasks);
        end if;
        if v_project.has_due then
            perform docket_private.promote_due(claim.project_id);
        end if;
        if v_project.has_changed then
            perform docket_private.weigh_tasks(claim.project_id);
        end if;
    end if;

    return docket_private.take_ready(
        claim.project_id, claim.agent, claim.max_tasks, v_lease, claim.workflow_id,
        claim.parent_task_id, claim.tags_all, claim.capabilities, v_project.has_exhausted);
end;
$$;

comment on function docket_private.claim(
    uuid, text, integer, integer, uuid, uuid, text[], text[]) is
    'Claims in one project; arguments as for claim_tasks(). Raises PD404, PD403, PD422.';

-- Whoever holds such a task by now, the token is the one that this claim made: nobody can use it
-- for the work of another.
create function docket_private.tasks_of_claim(attempts jsonb) returns docket.tasks[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select coalesce(array_agg(h.task order by n.ordinal), '{}')
          from jsonb_array_elements_text(tasks_of_claim.attempts)
               with ordinality as n (attempt_id, ordinal)
         cross join lateral (
             select a.task_id, a.project_id
               from docket.task_attempts as a
              where a.attempt_id = n.attempt_id::uuid
             offset 0
         ) as b
         cross join lateral (
             select jsonb_populate_record(t, jsonb_build_object('attempt_id', n.attempt_id)) as task
               from docket.tasks as t
              where t.task_id    = b.task_id
                and t.project_id = b.project_id
             offset 0
         ) as h);
end;
$$;

comment on function docket_private.tasks_of_claim(jsonb) is
    'The tasks that these attempts took, in their order, as they are by now, each with its attempt.';

-- The public functions of the queue plan once for a session, for whatever they are called with:
-- planning a claim anew costs several times what running it does. A plan may be made while a
-- table is still empty, so what is cheap on an empty table only is forbidden; and a limit that
-- is not known yet is taken for a tenth of the table, which would make sorting it look cheap.
-- All that they call, triggers included, is planned under the same settings.
create function docket.claim_tasks(
    project_id     uuid,
    agent          text,
    max_tasks      integer default 1,
    lease_seconds  integer default null,
    workflow_id    uuid    default null,
    parent_task_id uuid    default null,
    tags_all       text[]  default null,
    capabilities   text[]  default null,
    request_id     uuid    default null
) returns setof docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
as $$
declare
    v_answer jsonb;
    v_tasks  docket.tasks[];
begin
    if claim_tasks.request_id is not null then
        v_answer := docket_private.recall(claim_tasks.request_id, 'claim_tasks');
        if v_answer is not null then
            return query
            select u.* from unnest(docket_private.tasks_of_claim(v_answer)) as u;
            return;
        end if;
    end if;

    v_tasks := docket_private.claim(
        claim_tasks.project_id, claim_tasks.agent, claim_tasks.max_tasks,
        claim_tasks.lease_seconds, claim_tasks.workflow_id, claim_tasks.parent_task_id,
        claim_tasks.tags_all, claim_tasks.capabilities);

    -- Who weighs a project holds ready rows of it, which are passed over as if they were taken.
    -- Nothing is held here, so that moment can be waited for.
    if cardinality(v_tasks) = 0 then
        if exists (
            select
              from docket_private.claim_orders as o
             where o.project_id = claim_tasks.project_id
               and o.claim_order = 'critical_path')
        then
            perform pg_advisory_xact_lock_shared(uuid_hash_extended(claim_tasks.project_id, 1));
            v_tasks := docket_private.claim(
                claim_tasks.project_id, claim_tasks.agent, claim_tasks.max_tasks,
                claim_tasks.lease_seconds, claim_tasks.workflow_id, claim_tasks.parent_task_id,
                claim_tasks.tags_all, claim_tasks.capabilities);
        end if;
    end if;

    -- Of wide rows only the tokens are kept, and nothing where nothing was taken: agents that idle
    -- write nothing. An answer that this snapshot is too old to see is a failure to serialize
    -- (40001).
    if claim_tasks.request_id is not null and cardinality(v_tasks) > 0 then
        insert into docket.idempotency_keys as k (request_id, function_name, answer)
        values (claim_tasks.request_id, 'claim_tasks',
                (select jsonb_agg(u.attempt_id) from unnest(v_tasks) as u))
            on conflict on constraint idempotency_keys_pkey do nothing;
    end if;

    return query
    select u.* from unnest(v_tasks) as u;
end;
$$;

comment on function docket.claim_tasks(
    uuid, text, integer, integer, uuid, uuid, text[], text[], uuid) is
'Takes ready tasks for an agent: pending, with every dependency satisfied, due, not archived, in no
paused project or workflow, with no budget used up; in the order that the setting claim_order asks
for: the most urgent first, then those that have waited longest.

`agent` is the name that the attempts are found by, `max_tasks` how many at most (1 to 1000),
`lease_seconds` how long they are held without a heartbeat (default: setting lease_seconds),
`workflow_id`, `parent_task_id` and `tags_all` (all of these tags) narrow the choice,
`capabilities` is what the agent is able to do: a task that needs others is not given to it, and
without any it is given what needs none. Expired leases of the project are taken back first. The
same `request_id` again returns the tasks that it took, as they are by then; one that took none
claims anew. Returns the tasks claimed, none when nothing is ready; each with its attempt_id, the
token that heartbeat, complete_task, fail_task and release_task ask for. Raises PD404, PD403,
PD422.';

create function docket.start_task(
    task_id       uuid,
    agent         text,
    lease_seconds integer default null,
    request_id    uuid    default null
) returns docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
as $$
declare
    v_answer    jsonb := docket_private.replay(request_id, 'start_task');
    v_task      docket.tasks;
    v_project   record;
    v_lease     interval;
    v_tasks     docket.tasks[];
    v_exhausted text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.tasks, v_answer);
    end if;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id = start_task.task_id;

    if not found then
        raise exception 'task % does not exist', coalesce(start_task.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    perform docket_private.require_project(v_task.project_id);

    perform docket_private.check_claim(start_task.agent, 1);

    select p.settings, p.slug, p.paused_at into v_project
      from docket.projects as p
     where p.project_id = v_task.project_id;
    v_lease := docket_private.lease(start_task.lease_seconds, v_project.settings);

    if v_project.paused_at is not null then
        raise exception 'project % is paused', v_project.slug
            using errcode = 'PD409',
                  hint    = 'docket.resume_project() lets its tasks be claimed again.';
    end if;

    v_exhausted := docket_private.exhausted_budget(
        v_task.project_id, v_task.workflow_id, v_task.task_id);
    if v_exhausted is not null then
        raise exception 'the budget of task % is used up: that of its %', v_task.task_key,
                        v_exhausted
            using errcode = 'PD413',
                  hint    = 'docket.set_budget() gives it more.';
    end if;

    -- It may be the very one whose agent is gone.
    perform docket_private.sweep(v_task.project_id, 100);

    -- The task first, then its ready row, as everywhere.
    select t.* into v_task
      from docket.tasks as t
     where t.task_id    = v_task.task_id
       and t.project_id = v_task.project_id
       for no key update;

    perform docket_private.promote_due(v_task.project_id);

    delete from docket.ready_tasks as r
     where r.task_id    = v_task.task_id
       and r.project_id = v_task.project_id
       and r.not_before is null
       and (r.workflow_id is null
            or exists (
                   select
                     from docket.workflows as w
                    where w.workflow_id = r.workflow_id
                      and w.project_id = r.project_id
                      and w.status = 'active'));

    if not found or v_task.status <> 'pending' then
        raise exception 'task % is not ready', v_task.task_key
            using errcode = 'PD409',
                  detail  = jsonb_build_object(
                                'task_id', v_task.task_id, 'status', v_task.status,
                                'assigned_to', v_task.assigned_to)::text,
                  hint    = 'docket.why_blocked() says what it waits for.';
    end if;

    v_tasks := docket_private.begin_attempts(
        array[row(v_task.task_id, v_task.project_id, v_task.assigned_to, v_task.version,
                  v_task.updated_at, v_task.updated_by)::docket_private.claimable],
        start_task.agent, v_lease);
    v_task := v_tasks[1];

    perform docket_private.remember(request_id, to_jsonb(v_task));
    return v_task;
end;
$$;

comment on function docket.start_task(uuid, text, integer, uuid) is
'Claims this very task for an agent, when it is ready.

`agent` and `lease_seconds` as for claim_tasks(). The same `request_id` again returns the first
answer. Returns the task with its attempt_id. Raises PD404, PD403, PD422, PD409 (not ready: it
waits, is held, or somebody has it; or its project is paused), PD413 (a budget is used up).';

revoke all on function docket_private.lease(integer, jsonb) from public;
revoke all on type docket_private.claimable from public;
revoke all on function docket_private.begin_attempts(
    docket_private.claimable[], text, interval) from public;
revoke all on function docket_private.take_ready(
    uuid, text, integer, interval, uuid, uuid, text[], text[], boolean) from public;
revoke all on function docket_private.promote_due(uuid) from public;
revoke all on function docket_private.check_claim(text, integer) from public;
revoke all on function docket_private.claim(
    uuid, text, integer, integer, uuid, uuid, text[], text[]) from public;
revoke all on function docket_private.tasks_of_claim(jsonb) from public;
revoke all on function docket.claim_tasks(
    uuid, text, integer, integer, uuid, uuid, text[], text[], uuid) from public;
revoke all on function docket.start_task(uuid, text, integer, uuid) from public;
grant execute on function
    docket.claim_tasks(uuid, text, integer, integer, uuid, uuid, text[], text[], uuid),
    docket.start_task(uuid, text, integer, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
