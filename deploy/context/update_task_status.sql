-- Deploy pgdocket:context/update_task_status to pg
-- requires: context/put_context
-- requires: graph/readiness
-- requires: queue/complete_tasks
-- requires: queue/retry_failed

begin;
set local role docket_owner;

create function docket.update_task_status(
    task_id          uuid,
    status           text,
    context          jsonb  default null,
    expected_version bigint default null,
    results          jsonb  default null,
    request_id       uuid   default null
) returns docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb              := docket_private.replay(request_id, 'update_task_status');
    v_status docket.task_status := docket_private.read_status(status);
    v_task   docket.tasks;
    v_tasks  docket.tasks[];
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.tasks, v_answer);
    end if;

    if v_status is null then
        raise exception 'no status is given'
            using errcode = 'PD422';
    end if;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id = update_task_status.task_id;

    if not found then
        raise exception 'task % does not exist', coalesce(update_task_status.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    -- The graph's key, then the task; judged under both.
    perform docket_private.require_project(v_task.project_id);
    perform docket_private.share_graph(v_task.project_id);

    select t.* into v_task
      from docket.tasks as t
     where t.task_id    = v_task.task_id
       and t.project_id = v_task.project_id
       for no key update;

    perform docket_private.require_version(
        'task ' || v_task.task_key, v_task.version, update_task_status.expected_version);

    -- Two who start the same task: the second is told. Any other status again changes nothing.
    if v_status = 'in_progress' and v_task.status = 'in_progress' then
        raise exception 'task % is in progress already, with %', v_task.task_key,
                        coalesce(v_task.assigned_to, 'nobody')
            using errcode = 'PD409',
                  hint    = 'Claim another, or take it over by setting it to pending first.';
    end if;

    -- Whoever takes up again what has failed, or was held back for it, gives it a new start.
    if v_task.status in ('failed', 'blocked') and v_status in ('pending', 'in_progress') then
        perform docket_private.forgive_attempts(v_task.project_id, array[v_task.task_id]);
    end if;

    -- Who completes it for its agent does what the agent would do.
    if v_status = 'completed' and v_task.attempt_id is not null then
        v_tasks := docket_private.complete_held(
            array[v_task.attempt_id], array[coalesce(update_task_status.results, v_task.results)],
            array[null::numeric], array[null::smallint]);
        v_task := v_tasks[1];
    else
        update docket.tasks as t
           set status      = v_status,
               results     = coalesce(update_task_status.results, t.results),
               assigned_to = case v_status
                                 when 'in_progress'
                                     then coalesce(t.assigned_to, docket.principal())
                                 else t.assigned_to
                             end
         where t.task_id    = v_task.task_id
           and t.project_id = v_task.project_id
        returning t.* into v_task;
    end if;

    if update_task_status.context is not null then
        perform docket.put_context(v_task.task_id, 'status', update_task_status.context);
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_task));
    return v_task;
end;
$$;

comment on function docket.update_task_status(uuid, text, jsonb, bigint, jsonb, uuid) is
'Moves a task to another status, by a person''s decision: start it, complete it, hold it back,
cancel it, reopen it. An agent that held it loses it. What has failed and is taken up again has a
new start: its retry policy counts from none.

`status` is a status or an alias, `context` is stored as the next version of the task''s context
"status" in the same transaction, `results` replaces the task''s results, `expected_version` is
the version that the caller has read. The same `request_id` again returns the first answer.
Returns the task as it now stands. Raises PD404, PD403, PD422, PDTRN (the status does not lead
there), PDGAT (a required validation is missing or has failed), PDVER, PD409 (in progress
already).';

create function docket.mark_task_completed(
    task_id    uuid,
    results    jsonb default null,
    request_id uuid  default null
) returns docket.tasks
language sql
volatile
begin atomic
    select *
      from docket.update_task_status(
               mark_task_completed.task_id, 'completed', results => mark_task_completed.results,
               request_id => mark_task_completed.request_id);
end;

comment on function docket.mark_task_completed(uuid, jsonb, uuid) is
'Completes a task by a person''s decision, and makes ready what waited for it only.

`results` is any JSON. The same `request_id` again returns the first answer.
Returns the task. Raises PD404, PD403, PDTRN, PDGAT (a required validation is missing or has
failed).';

revoke all on function docket.update_task_status(uuid, text, jsonb, bigint, jsonb, uuid)
  from public;
revoke all on function docket.mark_task_completed(uuid, jsonb, uuid) from public;
grant execute on function
    docket.update_task_status(uuid, text, jsonb, bigint, jsonb, uuid),
    docket.mark_task_completed(uuid, jsonb, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
