-- Deploy pgdocket:delivery/record_errors to pg
-- requires: delivery/error_logs
-- requires: delivery/record_executions

begin;
set local role docket_owner;

-- Without what differs each time that the same thing goes wrong.
create function docket_private.normalized(message text) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := lower(left(normalized.message, 4000));
begin
    v_text := regexp_replace(
        v_text, '[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}', '<id>', 'g');
    v_text := regexp_replace(
        v_text, '\d{4}-\d\d-\d\d([t ]\d\d:\d\d(:\d\d([.,]\d+)?)?(z|[+-]\d\d:?\d\d)?)?', '<time>',
        'g');
    v_text := regexp_replace(v_text, '0x[0-9a-f]+', '<n>', 'g');
    v_text := regexp_replace(v_text, '\m(?=[a-f]*[0-9])[0-9a-f]{7,}\M', '<n>', 'g');
    v_text := regexp_replace(v_text, '"[^"]*"|''[^'']*''|`[^`]*`', '<text>', 'g');
    v_text := regexp_replace(v_text, '\d+([.,:]\d+)*', '<n>', 'g');
    return btrim(regexp_replace(v_text, '\s+', ' ', 'g'));
end;
$$;

comment on function docket_private.normalized(text) is
    'A message without ids, times, numbers and quoted texts.';

-- The lines of a stack that name a place, without numbers, and of a path its last three parts:
-- those of Python, Java, JavaScript, Ruby, Go and their kin.
create function docket_private.frames(stack text) returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select regexp_replace(
                   regexp_replace(lower(btrim(left(l.line, 1000))), '0x[0-9a-f]+|\d+', '', 'g'),
                   '[^\s"()]*[/\\]([^\s"()/\\]+[/\\][^\s"()/\\]+[/\\][^\s"()/\\]+)', '\1', 'g')
          from regexp_split_to_table(left(frames.stack, 65536), '\r?\n')
               with ordinality as l (line, place)
         where l.line ~ ('^\s*File ".*", line \d+|^\s*at\s+\S|^\s*(from )?\S+:\d+:in'
                         '|\.(go|rs|c|cc|cpp|rb):\d+')
         order by l.place
         limit 50);
end;
$$;

comment on function docket_private.frames(text) is
    'Where in the program an error occurred, without what changes with every edit.';

create function docket_private.fingerprint(
    error_type text,
    message    text,
    stack      text
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return encode(
        sha256(convert_to(
            jsonb_build_array(
                lower(btrim(fingerprint.error_type)),
                docket_private.normalized(fingerprint.message),
                docket_private.frames(fingerprint.stack))::text,
            'UTF8')),
        'hex');
end;
$$;

comment on function docket_private.fingerprint(text, text, text) is
    'What errors have in common that are the same: type, message and frames, without what differs each time.';

create function docket.record_error(
    project_id       uuid,
    message          text,
    severity         text        default 'medium',
    error_type       text        default null,
    stack            text        default null,
    task_id          uuid        default null,
    workflow_id      uuid        default null,
    execution_id     uuid        default null,
    context          jsonb       default null,
    environment      text        default null,
    environment_info jsonb       default null,
    fingerprint      text        default null,
    retry_count      integer     default null,
    occurred_at      timestamptz default null,
    metadata         jsonb       default null,
    request_id       uuid        default null
) returns docket.error_logs
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb       := docket_private.replay(request_id, 'record_error');
    v_now        timestamptz := docket.clock();
    v_execution  docket.execution_history;
    v_known      docket.error_groups;
    v_error      docket.error_logs;
    v_print      text;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.error_logs, v_answer);
    end if;

    perform docket_private.require_project(record_error.project_id);

    if record_error.execution_id is not null then
        v_execution := docket_private.find_execution(record_error.execution_id, false);
        if v_execution.project_id <> record_error.project_id then
            raise exception 'execution % is of another project', record_error.execution_id
                using errcode = 'PD422';
        end if;
    end if;

    begin
        v_error.severity    := coalesce(lower(btrim(record_error.severity)), 'medium');
        v_error.message     := docket_private.preview(record_error.message);
        v_error.stack       := docket_private.preview(
                                   coalesce(record_error.stack, v_execution.error_stack));
        v_error.occurred_at := coalesce(record_error.occurred_at, v_now);
        v_print := coalesce(
            record_error.fingerprint,
            docket_private.fingerprint(
                record_error.error_type, coalesce(v_error.message, ''), v_error.stack));

        -- Two that are the same follow each other here.
        insert into docket.error_groups as g (
            error_group_id, project_id, fingerprint, error_type, message, severity, occurrences,
            first_seen_at, last_seen_at)
        values (
            docket_private.new_id(record_error.project_id), record_error.project_id, v_print,
            record_error.error_type, v_error.message, v_error.severity, 0, v_error.occurred_at,
            v_error.occurred_at)
            on conflict on constraint error_groups_fingerprint_key do nothing;

        select g.* into v_known
          from docket.error_groups as g
         where g.project_id  = record_error.project_id
           and g.fingerprint = v_print
           for no key update;

        -- What happened before it was resolved does not say that it came back.
        v_error.is_regression := v_known.resolved_at is not null
                                 and v_error.occurred_at > v_known.resolved_at;

        update docket.error_groups as g
           set occurrences   = g.occurrences + 1,
               message       = v_error.message,
               severity      = case
                                   when array_position(
                                            array['low', 'medium', 'high', 'critical'],
                                            g.severity::text)
                                        >= array_position(
                                            array['low', 'medium', 'high', 'critical'],
                                            v_error.severity::text)
                                   then g.severity
                                   else v_error.severity
                               end,
               first_seen_at = least(g.first_seen_at, v_error.occurred_at),
               last_seen_at  = greatest(g.last_seen_at, v_error.occurred_at),
               regressions   = g.regressions + v_error.is_regression::integer,
               regressed_at  = case
                                   when v_error.is_regression then v_error.occurred_at
                                   else g.regressed_at
                               end,
               resolved_at   = case when not v_error.is_regression then g.resolved_at end,
               resolved_by   = case when not v_error.is_regression then g.resolved_by end,
               resolution    = case when not v_error.is_regression then g.resolution end,
               resolution_reason        = case
                                              when not v_error.is_regression
                                              then g.resolution_reason
                                          end,
               resolved_by_execution_id = case
                                              when not v_error.is_regression
                                              then g.resolved_by_execution_id
                                          end
         where g.error_group_id = v_known.error_group_id
           and g.project_id     = v_known.project_id;

        if record_error.execution_id is not null
           and (v_known.resolved_at is null or v_error.is_regression) then
            insert into docket.error_sources as s (
                error_group_id, project_id, source_key, last_seen_at)
            values (
                v_known.error_group_id, v_known.project_id,
                docket_private.error_source(v_execution), v_error.occurred_at)
                on conflict on constraint error_sources_pkey
                do update set last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at),
                              is_open      = true;
        end if;

        insert into docket.error_logs as e (
            error_id, project_id, error_group_id, task_id, workflow_id, execution_id, severity,
            error_type, message, stack, context, environment, environment_info, retry_count,
            is_regression, occurred_at, metadata, created_at)
        values (
            docket_private.id_at(record_error.project_id, v_now), record_error.project_id,
            v_known.error_group_id,
            coalesce(record_error.task_id,
                     case when record_error.workflow_id is null then v_execution.task_id end),
            coalesce(record_error.workflow_id,
                     case when record_error.task_id is null then v_execution.workflow_id end),
            record_error.execution_id, v_error.severity, record_error.error_type, v_error.message,
            v_error.stack, docket_private.without_secrets(coalesce(record_error.context, '{}')),
            coalesce(lower(btrim(record_error.environment)), v_execution.environment),
            docket_private.without_secrets(
                coalesce(record_error.environment_info, v_execution.environment_info, '{}')),
            coalesce(record_error.retry_count, v_execution.retry_count, 0),
            v_error.is_regression, v_error.occurred_at,
            docket_private.without_secrets(coalesce(record_error.metadata, '{}')), v_now)
        returning e.* into v_error;
    exception
        when foreign_key_violation then
            raise exception 'the task or workflow of an error is none of this project'
                using errcode = 'PD404';
        when check_violation or not_null_violation or data_exception or program_limit_exceeded then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the error is refused: %',
                            coalesce(
                                docket_private.constraint_text('error_logs', v_constraint),
                                docket_private.constraint_text('error_groups', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422',
                      hint    = 'It has a message; severity is low, medium, high or critical.';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_error));
    return v_error;
end;
$$;

comment on function docket.record_error(
    uuid, text, text, text, text, uuid, uuid, uuid, jsonb, text, jsonb, text, integer, timestamptz,
    jsonb, uuid) is
'Records an error, in the group of those that are the same.

`message` is what it says, `severity` low, medium, high or critical, `error_type` the name of an
exception or a code, `stack` where in the program it occurred, `context` an object of what was asked
for. `task_id`, `workflow_id` or `execution_id` say what it was about: task, workflow,
`environment`, `environment_info`, `retry_count` and stack are those of the execution unless others
are given. `fingerprint` says which errors are the same (null: it is made of type, message and
frames, without ids, times, numbers and quoted texts). `occurred_at` is when (null: now), `metadata`
an object. What stands under a secret key is stored as asterisks.
One that comes back after its group was resolved is a regression, and opens the group again. A later
execution of the same kind that is completed resolves it. The same `request_id` again returns the
first answer. Returns the error. Raises PD404, PD403, PD422.';

create function docket.list_errors(
    project_id     uuid,
    error_group_id uuid        default null,
    task_id        uuid        default null,
    execution_id   uuid        default null,
    severity       text        default null,
    environment    text        default null,
    since          timestamptz default null,
    until          timestamptz default null,
    after          uuid        default null,
    page_size      integer     default 100
) returns setof docket.error_logs
language sql
stable
begin atomic
    select e.*
      from docket.error_logs as e
     where e.project_id = list_errors.project_id
       and (list_errors.error_group_id is null
            or e.error_group_id = list_errors.error_group_id)
       and (list_errors.task_id is null or e.task_id = list_errors.task_id)
       and (list_errors.execution_id is null or e.execution_id = list_errors.execution_id)
       and (list_errors.severity is null or e.severity = lower(btrim(list_errors.severity)))
       and (list_errors.environment is null
            or e.environment = lower(btrim(list_errors.environment)))
       and (list_errors.since is null or e.created_at >= list_errors.since)
       and (list_errors.until is null or e.created_at < list_errors.until)
       and (list_errors.after is null
            or (e.created_at, e.error_id) < (
                   docket_private.time_of_id(list_errors.after), list_errors.after))
     order by e.created_at desc, e.error_id desc
     limit least(greatest(list_errors.page_size, 1), 1000);
end;

comment on function docket.list_errors(
    uuid, uuid, uuid, uuid, text, text, timestamptz, timestamptz, uuid, integer) is
'The errors of a project that meet every condition given, the newest first.

`error_group_id`, `task_id` and `execution_id` say which, `severity` how bad, `environment` where,
`since` and `until` when they were recorded (from the first to before the second). `after` is the id
of the last error of the previous page, `page_size` is in rows (1 to 1000). Returns errors; raises
nothing.';

create function docket.list_error_groups(
    project_id  uuid,
    is_resolved boolean default null,
    severity    text    default null,
    after       uuid    default null,
    page_size   integer default 100
) returns setof docket.error_groups
language sql
stable
begin atomic
    select g.*
      from docket.error_groups as g
     where g.project_id = list_error_groups.project_id
       and (list_error_groups.is_resolved is null
            or (g.resolved_at is not null) = list_error_groups.is_resolved)
       and (list_error_groups.severity is null
            or g.severity = lower(btrim(list_error_groups.severity)))
       and (list_error_groups.after is null or g.error_group_id < list_error_groups.after)
     order by g.error_group_id desc
     limit least(greatest(list_error_groups.page_size, 1), 1000);
end;

comment on function docket.list_error_groups(uuid, boolean, text, uuid, integer) is
'The errors of a project that are the same, group by group, the newest group first: how often they
occurred, since when, and whether they are resolved.

`is_resolved` is true for those that are, false for those that are open; `severity` is that of the
worst. `after` is the id of the last group of the previous page, `page_size` is in rows (1 to 1000).
Returns groups; raises nothing.';

create function docket.resolve_error(
    error_group_id uuid,
    reason         text default null,
    request_id     uuid default null
) returns docket.error_groups
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'resolve_error');
    v_group      docket.error_groups;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.error_groups, v_answer);
    end if;

    select g.* into v_group
      from docket.error_groups as g
     where g.error_group_id = resolve_error.error_group_id;

    if not found then
        raise exception 'error group % does not exist',
                        coalesce(resolve_error.error_group_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_error_groups() lists those of a project.';
    end if;

    perform docket_private.require_project(v_group.project_id);

    begin
        update docket.error_groups as g
           set resolved_at       = docket.clock(),
               resolved_by       = docket.principal(),
               resolution        = 'manual',
               resolution_reason = resolve_error.reason
         where g.error_group_id = v_group.error_group_id
           and g.project_id     = v_group.project_id
           and g.resolved_at is null;
    exception
        when check_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the group is not resolved: %',
                            docket_private.constraint_text('error_groups', v_constraint)
                using errcode = 'PD422';
    end;

    update docket.error_sources as s
       set is_open = false
     where s.error_group_id = v_group.error_group_id
       and s.project_id     = v_group.project_id
       and s.is_open;

    select g.* into v_group
      from docket.error_groups as g
     where g.error_group_id = v_group.error_group_id
       and g.project_id     = v_group.project_id;

    perform docket_private.remember(request_id, to_jsonb(v_group));
    return v_group;
end;
$$;

comment on function docket.resolve_error(uuid, text, uuid) is
'Says that the errors of a group are resolved, by a person''s decision. What is resolved already
stays so; the next error of the group is a regression.

`reason` says why or how, in 1 to 2000 characters. The same `request_id` again returns the first
answer. Returns the group. Raises PD404, PD403, PD422.';

revoke all on function docket_private.normalized(text) from public;
revoke all on function docket_private.frames(text) from public;
revoke all on function docket_private.fingerprint(text, text, text) from public;
revoke all on function docket.record_error(
    uuid, text, text, text, text, uuid, uuid, uuid, jsonb, text, jsonb, text, integer, timestamptz,
    jsonb, uuid) from public;
revoke all on function docket.list_errors(
    uuid, uuid, uuid, uuid, text, text, timestamptz, timestamptz, uuid, integer) from public;
revoke all on function docket.list_error_groups(uuid, boolean, text, uuid, integer) from public;
revoke all on function docket.resolve_error(uuid, text, uuid) from public;
grant execute on function
    docket.record_error(
        uuid, text, text, text, text, uuid, uuid, uuid, jsonb, text, jsonb, text, integer,
        timestamptz, jsonb, uuid),
    docket.resolve_error(uuid, text, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.list_errors(
        uuid, uuid, uuid, uuid, text, text, timestamptz, timestamptz, uuid, integer),
    docket.list_error_groups(uuid, boolean, text, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
