-- Deploy pgdocket:delivery/record_executions to pg
-- requires: delivery/error_logs
-- requires: delivery/execution_history
-- requires: delivery/put_artifacts
-- requires: platform/idempotency_keys

begin;
set local role docket_owner;

-- Of what is too long, how it began and how it ended: why a run failed stands at its end.
create function docket_private.preview(
    given   text,
    at_most integer default 65536
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_bytes bytea;
    v_head  integer := preview.at_most / 4;
    v_tail  integer;
begin
    if octet_length(preview.given) <= preview.at_most or preview.given is null then
        return preview.given;
    end if;

    v_bytes := convert_to(preview.given, 'UTF8');
    v_tail  := octet_length(v_bytes) - (preview.at_most - v_head - 100);

    -- No character is cut into pieces.
    while get_byte(v_bytes, v_head) & 192 = 128 loop
        v_head := v_head - 1;
    end loop;
    while get_byte(v_bytes, v_tail) & 192 = 128 loop
        v_tail := v_tail + 1;
    end loop;

    return format(e'%s\n[... %s bytes ...]\n%s',
                  convert_from(substring(v_bytes from 1 for v_head), 'UTF8'), v_tail - v_head,
                  convert_from(substring(v_bytes from v_tail + 1), 'UTF8'));
end;
$$;

comment on function docket_private.preview(text, integer) is
    'A text, or its beginning and its end, so that it has no more bytes than that.';

create function docket_private.execution_refused(
    constraint_name text,
    reason          text
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the execution is refused: %',
                    coalesce(
                        docket_private.constraint_text('execution_history', constraint_name),
                        docket_private.constraint_text('execution_log_lines', constraint_name),
                        left(reason, 300))
        using errcode = 'PD422';
end;
$$;

comment on function docket_private.execution_refused(text, text) is
    'Raises PD422, with what a constraint asks for.';

-- By the time in its id: one month is looked into.
create function docket_private.find_execution(
    execution_id uuid,
    to_write     boolean
) returns docket.execution_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_created_at timestamptz := docket_private.time_of_id(find_execution.execution_id);
    v_execution  docket.execution_history;
begin
    select e.* into v_execution
      from docket.execution_history as e
     where e.execution_id = find_execution.execution_id
       and e.created_at   = v_created_at;

    if not found then
        raise exception 'execution % does not exist',
                        coalesce(find_execution.execution_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_executions() lists those of a project.';
    end if;

    if find_execution.to_write then
        perform docket_private.require_project(v_execution.project_id);

        -- Who ends it and who writes its log follow each other.
        select e.* into v_execution
          from docket.execution_history as e
         where e.execution_id = v_execution.execution_id
           and e.project_id   = v_execution.project_id
           and e.created_at   = v_created_at
           for no key update;
    end if;

    return v_execution;
end;
$$;

comment on function docket_private.find_execution(uuid, boolean) is
    'An execution by its id, locked where it is to be written. Raises PD404, PD403.';

create function docket_private.require_running(execution docket.execution_history) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if execution.status <> 'running' then
        raise exception 'execution % has ended already: it is %',
                        execution.execution_id, execution.status
            using errcode = 'PDTRN',
                  detail  = jsonb_build_object('status', execution.status)::text,
                  hint    = 'It ends once; docket.start_execution(retry_of => ...) begins the next.';
    end if;
end;
$$;

comment on function docket_private.require_running(docket.execution_history) is
    'Raises PDTRN for an execution that has ended.';

create function docket.start_execution(
    project_id       uuid,
    execution_type   text,
    task_id          uuid        default null,
    workflow_id      uuid        default null,
    attempt_id       uuid        default null,
    execution_phase  text        default null,
    environment      text        default null,
    environment_info jsonb       default null,
    retry_of         uuid        default null,
    started_at       timestamptz default null,
    metadata         jsonb       default null,
    lease_seconds    integer     default null,
    request_id       uuid        default null
) returns docket.execution_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb       := docket_private.replay(request_id, 'start_execution');
    v_now        timestamptz := docket.clock();
    v_lease      integer     := coalesce(
        start_execution.lease_seconds,
        (docket_private.setting('execution_lease_seconds') #>> '{}')::integer);
    v_before     docket.execution_history;
    v_execution  docket.execution_history;
    v_id         uuid;
    v_constraint text;
begin
    if v_answer is not null then
        return docket_private.find_execution((v_answer ->> 'execution_id')::uuid, false);
    end if;

    perform docket_private.require_project(start_execution.project_id);

    if start_execution.retry_of is not null then
        v_before := docket_private.find_execution(start_execution.retry_of, true);
        if v_before.project_id <> start_execution.project_id then
            raise exception 'execution % is of another project', start_execution.retry_of
                using errcode = 'PD422';
        elsif v_before.status in ('running', 'completed') then
            raise exception 'execution % is %, and is not tried again',
                            start_execution.retry_of, v_before.status
                using errcode = 'PDTRN',
                      detail  = jsonb_build_object('status', v_before.status)::text,
                      hint    = 'What has failed, timed out or been cancelled is.';
        elsif exists (
            select
              from docket.execution_history as e
             where e.first_execution_id = v_before.first_execution_id
               and e.project_id  = v_before.project_id
               and e.created_at >= docket_private.time_of_id(v_before.first_execution_id)
               and e.retry_of    = v_before.execution_id
            offset 0)
        then
            raise exception 'execution % has been tried again already', start_execution.retry_of
                using errcode = 'PD409',
                      hint    = 'docket.execution_chain() shows the last of the chain.';
        end if;

        -- Whoever has an older snapshot, and so does not see this, can not serialize (40001).
        update docket.execution_history as e
           set retry_count = e.retry_count
         where e.execution_id = v_before.execution_id
           and e.project_id   = v_before.project_id
           and e.created_at   = v_before.created_at;
    end if;

    begin
        v_id := docket_private.id_at(start_execution.project_id, v_now);
        insert into docket.execution_history as e (
            execution_id, project_id, task_id, workflow_id, attempt_id, execution_type,
            execution_phase, phases, environment, started_at, retry_count, retry_of,
            first_execution_id, environment_info, metadata, lease_seconds, lease_expires_at,
            created_at)
        values (
            v_id, start_execution.project_id,
            coalesce(start_execution.task_id,
                     case when start_execution.workflow_id is null then v_before.task_id end),
            coalesce(start_execution.workflow_id,
                     case when start_execution.task_id is null then v_before.workflow_id end),
            start_execution.attempt_id,
            coalesce(lower(btrim(start_execution.execution_type)), v_before.execution_type),
            start_execution.execution_phase,
            case
                when start_execution.execution_phase is null then '[]'
                else jsonb_build_array(jsonb_build_object(
                         'phase', start_execution.execution_phase,
                         'started_at', coalesce(start_execution.started_at, v_now)))
            end,
            coalesce(lower(btrim(start_execution.environment)), v_before.environment),
            coalesce(start_execution.started_at, v_now),
            coalesce(v_before.retry_count + 1, 0), v_before.execution_id,
            coalesce(v_before.first_execution_id, v_id),
            docket_private.without_secrets(coalesce(start_execution.environment_info, '{}')),
            docket_private.without_secrets(coalesce(start_execution.metadata, '{}')), v_lease,
            v_now + make_interval(secs => v_lease), v_now)
        returning e.* into v_execution;
    exception
        when foreign_key_violation then
            raise exception 'the task, workflow or attempt of an execution is none of this project'
                using errcode = 'PD404';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            perform docket_private.execution_refused(v_constraint, sqlerrm);
    end;

    perform docket_private.check_attempts(
        v_execution.project_id, array[v_execution.task_id], array[v_execution.attempt_id]);
    perform docket_private.remember(
        request_id, jsonb_build_object('execution_id', v_execution.execution_id));
    return v_execution;
end;
$$;

comment on function docket.start_execution(
    uuid, text, uuid, uuid, uuid, text, text, jsonb, uuid, timestamptz, jsonb, integer, uuid) is
'Begins the record of one run: of a task, of a workflow, or of the project.

`execution_type` is any word (build, test, deployment...), `execution_phase` the phase that it
begins with, `environment` where it is run, `environment_info` on what, `started_at` when it began
(null: now), `metadata` an object. `attempt_id` is the attempt at the task that runs it, which has
not lost it. `retry_of` is the execution that it tries again, which has failed, timed out or been
cancelled: task, workflow and environment are those of it unless others are given. `lease_seconds`
is after how long without a sign of life it is taken for dead, and ended by maintenance (null: the
setting execution_lease_seconds); phases, lines of its log and heartbeat_execution() are such
signs. What stands under a secret key is stored as asterisks. The same `request_id` again returns
the execution as it is then. Returns the execution. Raises PD404, PD403, PD409 (it has been tried
again already), PD422, PDTRN (it can not be tried again), PDLSE.';

create function docket_private.close_phase(
    phases jsonb,
    at     timestamptz
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if close_phase.phases = '[]' or close_phase.phases -> -1 ? 'duration_ms' then
        return close_phase.phases;
    end if;

    return jsonb_set(
        close_phase.phases, '{-1,duration_ms}',
        to_jsonb(greatest(
            (extract(epoch from close_phase.at
                                - (close_phase.phases -> -1 ->> 'started_at')::timestamptz)
             * 1000)::bigint, 0)));
end;
$$;

comment on function docket_private.close_phase(jsonb, timestamptz) is
    'Phases, the last of which has ended.';

create function docket.enter_execution_phase(
    execution_id    uuid,
    execution_phase text,
    request_id      uuid default null
) returns docket.execution_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'enter_execution_phase');
    v_execution  docket.execution_history;
    v_constraint text;
begin
    v_execution := docket_private.find_execution(
        enter_execution_phase.execution_id, v_answer is null);
    if v_answer is not null then
        return v_execution;
    end if;

    perform docket_private.require_running(v_execution);

    if jsonb_array_length(v_execution.phases) >= 100 then
        raise exception 'execution % has had 100 phases', v_execution.execution_id
            using errcode = 'PD413',
                  hint    = 'What happens more often belongs into its log: docket.execution_log().';
    end if;

    begin
        if enter_execution_phase.execution_phase is null then
            raise exception not_null_violation using message = 'a phase has a name';
        end if;

        update docket.execution_history as e
           set execution_phase = enter_execution_phase.execution_phase,
               phases = docket_private.close_phase(e.phases, docket.clock())
                        || jsonb_build_object(
                               'phase', enter_execution_phase.execution_phase,
                               'started_at', docket.clock()),
               lease_expires_at = docket.clock() + make_interval(secs => e.lease_seconds)
         where e.execution_id = v_execution.execution_id
           and e.project_id   = v_execution.project_id
           and e.created_at   = v_execution.created_at
        returning e.* into v_execution;
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            perform docket_private.execution_refused(v_constraint, sqlerrm);
    end;

    perform docket_private.remember(request_id, 'true');
    return v_execution;
end;
$$;

comment on function docket.enter_execution_phase(uuid, text, uuid) is
'Says that a running execution has come to its next phase, up to 100 of them.

`execution_phase` is its name, of 1 to 255 characters. The same `request_id` again returns the
execution as it is then. Returns the execution. Raises PD404, PD403, PD413, PD422, PDTRN (it has
ended).';

create function docket.finish_execution(
    execution_id        uuid,
    status              text        default 'completed',
    exit_code           integer     default null,
    stdout_preview      text        default null,
    stderr_preview      text        default null,
    error_message       text        default null,
    error_stack         text        default null,
    cpu_usage_percent   numeric     default null,
    memory_usage_mb     numeric     default null,
    performance_metrics jsonb       default null,
    completed_at        timestamptz default null,
    metadata            jsonb       default null,
    request_id          uuid        default null
) returns docket.execution_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'finish_execution');
    v_execution  docket.execution_history;
    v_ended_at   timestamptz;
    v_constraint text;
begin
    v_execution := docket_private.find_execution(
        finish_execution.execution_id, v_answer is null);
    if v_answer is not null then
        return v_execution;
    end if;

    perform docket_private.require_running(v_execution);

    if finish_execution.status is null
       or finish_execution.status not in ('completed', 'failed', 'timed_out', 'cancelled') then
        raise exception 'an execution does not end %',
                        quote_nullable(left(finish_execution.status, 100))
            using errcode = 'PD422',
                  hint    = 'It ends completed, failed, timed_out or cancelled.';
    end if;

    v_ended_at := coalesce(finish_execution.completed_at,
                           greatest(docket.clock(), v_execution.started_at));

    begin
        update docket.execution_history as e
           set status              = finish_execution.status,
               completed_at        = v_ended_at,
               lease_expires_at    = null,
               duration_ms         = (extract(epoch from v_ended_at - e.started_at)
                                      * 1000)::bigint,
               phases              = docket_private.close_phase(e.phases, v_ended_at),
               exit_code           = finish_execution.exit_code,
               stdout_preview      = docket_private.preview(finish_execution.stdout_preview),
               stderr_preview      = docket_private.preview(finish_execution.stderr_preview),
               error_message       = docket_private.preview(finish_execution.error_message),
               error_stack         = docket_private.preview(finish_execution.error_stack),
               cpu_usage_percent   = finish_execution.cpu_usage_percent,
               memory_usage_mb     = finish_execution.memory_usage_mb,
               performance_metrics = coalesce(
                   docket_private.without_secrets(finish_execution.performance_metrics), '{}'),
               metadata            = e.metadata || coalesce(
                   docket_private.without_secrets(finish_execution.metadata), '{}')
         where e.execution_id = v_execution.execution_id
           and e.project_id   = v_execution.project_id
           and e.created_at   = v_execution.created_at
        returning e.* into v_execution;
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            perform docket_private.execution_refused(v_constraint, sqlerrm);
    end;

    -- What succeeds resolves what had gone wrong there.
    if v_execution.status = 'completed' then
        perform docket_private.resolve_errors(v_execution);
    end if;

    perform docket_private.remember(request_id, 'true');
    return v_execution;
end;
$$;

comment on function docket.finish_execution(
    uuid, text, integer, text, text, text, text, numeric, numeric, jsonb, timestamptz, jsonb,
    uuid) is
'Ends an execution: once, and it is never changed after that. One that is completed resolves the
errors that executions of its kind had before: of the same task or workflow, type and environment.

`status` is completed, failed, timed_out or cancelled, `exit_code` what its process ended with
(negative: the signal). `stdout_preview` and `stderr_preview` are what it printed, `error_message`
and `error_stack` what went wrong and where: of more than 65536 bytes the beginning and the end are
kept. `cpu_usage_percent` is 0 to 100 of all processors, `memory_usage_mb` in megabytes,
`performance_metrics` an object of what else was measured, `completed_at` when it ended (null: now),
`metadata` an object that is added to what was told at its start. The same `request_id` again
returns the execution. Returns the execution, with its duration. Raises PD404, PD403, PD422, PDTRN
(it has ended already).';

create function docket.execution_log(
    execution_id uuid,
    entries      jsonb,
    request_id   uuid default null
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb  := docket_private.replay(request_id, 'execution_log');
    v_most       bigint := (docket_private.setting('max_execution_log_lines') #>> '{}')::bigint;
    v_batch      bigint := (docket_private.setting('max_batch_size') #>> '{}')::bigint;
    v_given      jsonb  := docket_private.without_secrets(execution_log.entries);
    v_execution  docket.execution_history;
    v_room       bigint;
    v_constraint text;
begin
    if v_answer is not null then
        return (v_answer #>> '{}')::bigint;
    end if;

    v_execution := docket_private.find_execution(execution_log.execution_id, true);
    perform docket_private.require_running(v_execution);

    if coalesce(jsonb_typeof(v_given), '') not in ('array', 'string')
       or v_given @? '$[*] ? (@.type() != "string" && @.type() != "object")' then
        raise exception 'entries is no line, nor a JSON array of lines'
            using errcode = 'PD422',
                  hint    = 'A line is a string, or an object with message, level, data and logged_at.';
    end if;

    v_given := case jsonb_typeof(v_given)
                   when 'array' then v_given
                   else jsonb_build_array(v_given)
               end;
    if jsonb_array_length(v_given) > v_batch then
        raise exception '% lines in one call', jsonb_array_length(v_given)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_batch_size).', v_batch);
    end if;

    v_room := least(greatest(v_most - v_execution.log_lines, 0), jsonb_array_length(v_given));

    begin
        insert into docket.execution_log_lines (
            execution_id, project_id, line_no, level, message, data, logged_at, created_at)
        select v_execution.execution_id, v_execution.project_id,
               v_execution.log_lines + g.place,
               coalesce(g.line ->> 'level', 'info'),
               docket_private.preview(
                   case jsonb_typeof(g.line)
                       when 'string' then g.line #>> '{}'
                       else g.line ->> 'message'
                   end,
                   8192),
               g.line -> 'data',
               coalesce((g.line ->> 'logged_at')::timestamptz, docket.clock()),
               v_execution.created_at
          from jsonb_array_elements(v_given) with ordinality as g (line, place)
         where g.place <= v_room;
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            perform docket_private.execution_refused(v_constraint, sqlerrm);
    end;

    update docket.execution_history as e
       set lease_expires_at   = docket.clock() + make_interval(secs => e.lease_seconds),
           log_lines          = e.log_lines + v_room,
           log_lines_left_out = e.log_lines_left_out + jsonb_array_length(v_given) - v_room
     where e.execution_id = v_execution.execution_id
       and e.project_id   = v_execution.project_id
       and e.created_at   = v_execution.created_at;

    perform docket_private.remember(request_id, to_jsonb(v_room));
    return v_room;
end;
$$;

comment on function docket.execution_log(uuid, jsonb, uuid) is
'Adds lines to the log of a running execution.

`entries` is a line or an array of lines (up to the setting max_batch_size): strings, or objects
with message (of more than 8192 bytes the beginning and the end), level (debug, info, warning,
error; info unless given), data (any JSON, with asterisks under secret keys) and logged_at. Beyond
the setting max_execution_log_lines lines are counted (log_lines_left_out), and not kept: no run
fails for its log. The same `request_id` again adds nothing. Returns how many were kept. Raises
PD404, PD403, PD413, PD422, PDTRN (it has ended).';

create function docket.heartbeat_execution(execution_id uuid) returns docket.execution_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_execution docket.execution_history :=
        docket_private.find_execution(heartbeat_execution.execution_id, true);
begin
    perform docket_private.require_running(v_execution);

    update docket.execution_history as e
       set lease_expires_at = docket.clock() + make_interval(secs => e.lease_seconds)
     where e.execution_id = v_execution.execution_id
       and e.project_id   = v_execution.project_id
       and e.created_at   = v_execution.created_at
    returning e.* into v_execution;

    return v_execution;
end;
$$;

comment on function docket.heartbeat_execution(uuid) is
'Says of a running execution, `execution_id`, that it is alive: it is not taken for dead before its
lease has passed once more. Returns the execution. Raises PD404, PD403, PDTRN (it has ended: whoever
runs it should stop).';

-- Whoever ran it has died, or can not reach the database any more: it ends as timed out.
create function docket_private.end_silent_executions(
    at_most      bigint,
    execution_id uuid default null
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now   timestamptz := docket.clock();
    v_count bigint;
begin
      with silent as materialized (
          select e.execution_id, e.project_id, e.created_at
            from docket.execution_history as e
           where e.status            = 'running'
             and e.lease_expires_at <= v_now
             and (end_silent_executions.execution_id is null
                  or e.execution_id  = end_silent_executions.execution_id)
           limit end_silent_executions.at_most
             for no key update skip locked
      ), ended as (
          update docket.execution_history as e
             set status           = 'timed_out',
                 completed_at     = greatest(v_now, e.started_at),
                 duration_ms      = (extract(epoch from greatest(v_now, e.started_at)
                                                        - e.started_at) * 1000)::bigint,
                 phases           = docket_private.close_phase(
                                        e.phases, greatest(v_now, e.started_at)),
                 error_message    = format('no sign of life for %s seconds: whoever ran it has '
                                           'died, or does not reach the database', e.lease_seconds),
                 lease_expires_at = null
            from silent as s
           where e.execution_id = s.execution_id
             and e.project_id   = s.project_id
             and e.created_at   = s.created_at
          returning 1
      )
    select count(*) into v_count from ended;

    return v_count;
end;
$$;

comment on function docket_private.end_silent_executions(bigint, uuid) is
    'Ends at most so many executions, or the one, that have given no sign of life for as long as they said. Returns how many.';

revoke all on function docket_private.preview(text, integer) from public;
revoke all on function docket_private.execution_refused(text, text) from public;
revoke all on function docket_private.find_execution(uuid, boolean) from public;
revoke all on function docket_private.require_running(docket.execution_history) from public;
revoke all on function docket.start_execution(
    uuid, text, uuid, uuid, uuid, text, text, jsonb, uuid, timestamptz, jsonb, integer, uuid)
  from public;
revoke all on function docket_private.close_phase(jsonb, timestamptz) from public;
revoke all on function docket.enter_execution_phase(uuid, text, uuid) from public;
revoke all on function docket.finish_execution(
    uuid, text, integer, text, text, text, text, numeric, numeric, jsonb, timestamptz, jsonb, uuid)
  from public;
revoke all on function docket.execution_log(uuid, jsonb, uuid) from public;
revoke all on function docket.heartbeat_execution(uuid) from public;
revoke all on function docket_private.end_silent_executions(bigint, uuid) from public;
grant execute on function
    docket.start_execution(
        uuid, text, uuid, uuid, uuid, text, text, jsonb, uuid, timestamptz, jsonb, integer, uuid),
    docket.enter_execution_phase(uuid, text, uuid),
    docket.finish_execution(
        uuid, text, integer, text, text, text, text, numeric, numeric, jsonb, timestamptz, jsonb,
        uuid),
    docket.execution_log(uuid, jsonb, uuid),
    docket.heartbeat_execution(uuid)
   to docket_admin, docket_app, docket_agent;

commit;
