-- Deploy pgdocket:queue/fail_task to pg
-- requires: queue/complete_tasks

begin;
set local role docket_owner;

-- The task that an attempt holds, locked; the attempt after it.
create function docket_private.hold_attempt(attempt_id uuid) returns docket.task_attempts
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project uuid := (
        select a.project_id
          from docket_private.tasks_of_attempts(array[hold_attempt.attempt_id]) as a);
    v_attempt docket.task_attempts;
begin
    -- The graph's key, the task, the attempt: the order that holds everywhere.
    perform docket_private.share_graph(v_project);
    perform
       from docket.task_attempts as a
       join docket.tasks as t
         on t.task_id = a.task_id
        and t.project_id = a.project_id
      where a.attempt_id = hold_attempt.attempt_id
        and a.project_id = v_project
        for no key update of t;

    -- Judged in a new statement, under the lock.
    select a.* into v_attempt
      from docket.task_attempts as a
      join docket.tasks as t
        on t.task_id = a.task_id
       and t.project_id = a.project_id
       and t.attempt_id = a.attempt_id
     where a.attempt_id = hold_attempt.attempt_id
       and a.project_id = v_project
       for no key update of a;

    if not found then
        perform docket_private.lease_lost(hold_attempt.attempt_id);
    end if;

    return v_attempt;
end;
$$;

comment on function docket_private.hold_attempt(uuid) is
    'A live attempt, with its task and itself locked in that order. Raises PD404, PD403, PDLSE.';

create function docket.fail_task(
    attempt_id    uuid,
    error         text,
    failure_class text  default 'bug',
    details       jsonb default null,
    request_id    uuid  default null
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
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'fail_task');
    v_attempt docket.task_attempts;
    v_task    docket.tasks;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.tasks, v_answer);
    end if;

    if fail_task.failure_class is null or not exists (
        select from docket.retry_policies as p where p.failure_class = fail_task.failure_class
    ) then
        raise exception '% is no failure class',
                        coalesce(quote_literal(left(fail_task.failure_class, 100)), 'null')
            using errcode = 'PD422',
                  hint    = format('One of %s.', (
                                select string_agg(p.failure_class, ', ' order by p.failure_class)
                                  from docket.retry_policies as p));
    end if;

    v_attempt := docket_private.hold_attempt(fail_task.attempt_id);

    select g.* into v_task
      from docket_private.give_back(
               v_attempt.project_id, array[v_attempt.attempt_id], 'failed', fail_task.failure_class,
               fail_task.error, fail_task.details) as g;

    perform docket_private.remember(request_id, to_jsonb(v_task));
    return v_task;
end;
$$;

comment on function docket.fail_task(uuid, text, text, jsonb, uuid) is
'Ends an attempt that failed. The retry policy of `failure_class` says what becomes of the task:
back into the queue after a while (not_before), or failed, or blocked for a person.

`error` says what went wrong, `failure_class` is a row of docket.retry_policies, `details` any
JSON. The same `request_id` again returns the first answer. Returns the task as it now stands.
Raises PDLSE, PD404, PD403, PD422.';

create function docket.release_task(
    attempt_id uuid,
    reason     text        default null,
    not_before timestamptz default null,
    request_id uuid        default null
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
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'release_task');
    v_attempt docket.task_attempts;
    v_task    docket.tasks;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.tasks, v_answer);
    end if;

    v_attempt := docket_private.hold_attempt(release_task.attempt_id);

    select g.* into v_task
      from docket_private.give_back(
               v_attempt.project_id, array[v_attempt.attempt_id], 'released',
               error => release_task.reason, not_before => release_task.not_before) as g;

    perform docket_private.remember(request_id, to_jsonb(v_task));
    return v_task;
end;
$$;

comment on function docket.release_task(uuid, text, timestamptz, uuid) is
'Gives a task back that an attempt holds, without a failure: it is pending again.

`reason` is kept with the attempt, before `not_before` nobody may claim it. The same `request_id`
again returns the first answer. Returns the task. Raises PDLSE, PD404, PD403.';

revoke all on function docket_private.hold_attempt(uuid) from public;
revoke all on function docket.fail_task(uuid, text, text, jsonb, uuid) from public;
revoke all on function docket.release_task(uuid, text, timestamptz, uuid) from public;
grant execute on function
    docket.fail_task(uuid, text, text, jsonb, uuid),
    docket.release_task(uuid, text, timestamptz, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
