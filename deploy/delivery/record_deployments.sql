-- Deploy pgdocket:delivery/record_deployments to pg
-- requires: delivery/read_deployment_scripts
-- requires: delivery/record_executions

begin;
set local role docket_owner;

create function docket_private.find_deployment(deployment_id uuid)
returns docket.deployment_executions
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deployment docket.deployment_executions;
begin
    select d.* into v_deployment
      from docket.deployment_executions as d
     where d.deployment_id = find_deployment.deployment_id;

    if not found then
        raise exception 'deployment % does not exist',
                        coalesce(find_deployment.deployment_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_deployments() lists those of a project.';
    end if;

    return v_deployment;
end;
$$;

comment on function docket_private.find_deployment(uuid) is
    'A deployment by its id. Raises PD404.';

-- Everything that decides whether a script may be run now, and here.
create function docket_private.require_ready_to_deploy(
    script       docket.deployment_scripts,
    environment  text,
    is_confirmed boolean
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_missing text[] := docket_private.missing_permissions(
        script.project_id, script.required_permissions);
    v_unmet   text[];
begin
    perform docket_private.require_deployable(script, require_ready_to_deploy.environment);

    if v_missing <> '{}' then
        raise exception 'deployment script % asks for permissions that % does not have: %',
                        script.script_name, docket.principal(),
                        left(array_to_string(v_missing, ', '), 500)
            using errcode = 'PD403',
                  hint    = 'project:admin is given by docket.grant_access(), role:NAME by GRANT.';
    end if;

    v_unmet := array(
        select u.unmet_name
          from docket_private.unmet_scripts(
                   script.project_id, require_ready_to_deploy.environment) as u
         where u.script_id = script.script_id
         order by u.unmet_name);
    if v_unmet <> '{}' then
        raise exception 'deployment script % waits in % for %', script.script_name,
                        require_ready_to_deploy.environment,
                        left(array_to_string(v_unmet, ', '), 500)
            using errcode = 'PD409',
                  detail  = jsonb_build_object('unmet', v_unmet[:100])::text,
                  hint    = 'Their latest version has to have succeeded there first; docket.deployment_plan() shows the order.';
    end if;

    if not require_ready_to_deploy.is_confirmed
       and docket_private.needs_confirmation(
               script.project_id, require_ready_to_deploy.environment) then
        raise exception 'a deployment to % has to be confirmed', require_ready_to_deploy.environment
            using errcode = 'PD422',
                  hint    = 'Say that it is meant: is_confirmed => true.';
    end if;
end;
$$;

comment on function docket_private.require_ready_to_deploy(
    docket.deployment_scripts, text, boolean) is
    'Raises PD403, PD409 or PD422 for a script that may not be run in an environment now.';

create function docket.start_deployment(
    project_id       uuid,
    script_name      text,
    environment      text,
    is_confirmed     boolean default false,
    version_no       integer default null,
    retry_of         uuid    default null,
    task_id          uuid    default null,
    pull_request_id  uuid    default null,
    environment_info jsonb   default null,
    lease_seconds    integer default null,
    metadata         jsonb   default null,
    request_id       uuid    default null
) returns docket.deployment_executions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer      jsonb := docket_private.replay(request_id, 'start_deployment');
    v_environment text;
    v_script      docket.deployment_scripts;
    v_running     docket.deployment_executions;
    v_before      docket.deployment_executions;
    v_execution   docket.execution_history;
    v_deployment  docket.deployment_executions;
begin
    if v_answer is not null then
        return docket_private.find_deployment((v_answer ->> 'deployment_id')::uuid);
    end if;

    perform docket_private.require_project(start_deployment.project_id);
    v_environment := docket_private.read_environment(start_deployment.environment);

    -- Two who begin the same follow each other; and nobody puts another version meanwhile.
    perform
       from docket.deployment_scripts as s
      where s.project_id  = start_deployment.project_id
        and s.script_name = start_deployment.script_name
        for no key update;
    v_script := docket_private.find_script(
        start_deployment.project_id, start_deployment.script_name);
    perform docket_private.require_version(
        'the content of deployment script ' || v_script.script_name, v_script.version_no,
        start_deployment.version_no);

    select d.* into v_running
      from docket.deployment_executions as d
     where d.script_id   = v_script.script_id
       and d.project_id  = v_script.project_id
       and d.environment = v_environment
       and d.status      = 'running';
    if found and docket_private.end_silent_executions(1, v_running.execution_id) = 0 then
        raise exception 'deployment script % is being run in % already', v_script.script_name,
                        v_environment
            using errcode = 'PD409',
                  detail  = jsonb_build_object(
                                'deployment_id', v_running.deployment_id,
                                'started_at', v_running.started_at,
                                'created_by', v_running.created_by)::text,
                  hint    = 'It ends by docket.finish_deployment(), or when it gives no sign of life any more.';
    end if;

    perform docket_private.require_ready_to_deploy(
        v_script, v_environment, coalesce(start_deployment.is_confirmed, false));

    if start_deployment.retry_of is not null then
        v_before := docket_private.find_deployment(start_deployment.retry_of);
        if (v_before.script_id, v_before.project_id, v_before.environment)
           is distinct from (v_script.script_id, v_script.project_id, v_environment) then
            raise exception 'deployment % was not of % to %', v_before.deployment_id,
                            v_script.script_name, v_environment
                using errcode = 'PD422';
        elsif v_before.version_no <> v_script.version_no then
            raise exception 'deployment script % has changed since deployment %',
                            v_script.script_name, v_before.deployment_id
                using errcode = 'PD409',
                      hint    = 'Begin anew, without retry_of.';
        elsif v_before.retry_at is null then
            raise exception 'deployment % is %, and is not tried again', v_before.deployment_id,
                            v_before.status
                using errcode = 'PDTRN',
                      detail  = jsonb_build_object(
                                    'status', v_before.status,
                                    'attempt_no', v_before.attempt_no)::text,
                      hint    = 'What has failed or timed out is, up to max_attempts of the script. Begin anew, without retry_of.';
        end if;
    end if;

    v_execution := docket.start_execution(
        v_script.project_id, 'deployment',
        task_id          => coalesce(start_deployment.task_id, v_before.task_id),
        environment      => v_environment,
        environment_info => start_deployment.environment_info,
        retry_of         => v_before.execution_id,
        metadata         => jsonb_build_object(
                                'script_name', v_script.script_name,
                                'version_no', v_script.version_no),
        lease_seconds    => start_deployment.lease_seconds);

    begin
        insert into docket.deployment_executions as d (
            deployment_id, project_id, script_id, version_no, environment, execution_id, task_id,
            pull_request_id, is_confirmed, attempt_no, retry_of, started_at, metadata)
        values (
            docket_private.new_id(v_script.project_id), v_script.project_id, v_script.script_id,
            v_script.version_no, v_environment, v_execution.execution_id, v_execution.task_id,
            coalesce(start_deployment.pull_request_id, v_before.pull_request_id),
            coalesce(start_deployment.is_confirmed, false),
            coalesce(v_before.attempt_no + 1, 1), v_before.deployment_id, v_execution.started_at,
            docket_private.without_secrets(coalesce(start_deployment.metadata, '{}')))
        returning d.* into v_deployment;
    exception
        when unique_violation then
            -- Seen by the index, and not by a snapshot that is kept.
            raise exception 'somebody has begun to run deployment script % at the same time',
                            v_script.script_name
                using errcode = '40001';
        when foreign_key_violation then
            raise exception 'pull request % does not exist in this project',
                            start_deployment.pull_request_id
                using errcode = 'PD404',
                      hint    = 'docket.list_pull_requests() lists those of a project.';
        when check_violation or data_exception then
            raise exception 'the deployment is refused: metadata is a JSON object'
                using errcode = 'PD422';
    end;

    perform docket_private.remember(
        request_id, jsonb_build_object('deployment_id', v_deployment.deployment_id));
    return v_deployment;
end;
$$;

comment on function docket.start_deployment(
    uuid, text, text, boolean, integer, uuid, uuid, uuid, jsonb, integer, jsonb, uuid) is
'Begins to run a deployment script in an environment: whoever calls this runs it, and says how it
ended with finish_deployment(). Each is in an environment once at a time.

`script_name` is the script, `environment` development, staging or production. All that it waits
for there has succeeded, in its latest version; the caller has its required_permissions; and
`is_confirmed` says that it is meant, where the setting deployments_to_confirm (of the docket, or
of the project) has the environment. `version_no` is the version that the caller is going to run,
the latest (null: not looked at). `retry_of` is the deployment of the same version that it tries
again, which was to be (retry_at). `task_id` and `pull_request_id` say what it brings out,
`environment_info` on what it is run, `metadata` is an object. `lease_seconds` is after how long
without a sign of life it is taken for dead (null: the setting execution_lease_seconds): its
execution takes lines of a log (execution_log()) and heartbeats (heartbeat_execution()). One that
is taken for dead is ended by the next that begins here, and by maintenance. The same `request_id`
again returns the deployment as it is then. Returns the deployment. Raises PD404, PD403, PD409 (it
waits, is run already, is retired or not for the environment), PD422 (not confirmed), PDTRN (it
can not be tried again), PDVER.';

create function docket.finish_deployment(
    deployment_id       uuid,
    status              text    default 'completed',
    exit_code           integer default null,
    stdout_preview      text    default null,
    stderr_preview      text    default null,
    error_message       text    default null,
    performance_metrics jsonb   default null,
    request_id          uuid    default null
) returns docket.deployment_executions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'finish_deployment');
    v_deployment docket.deployment_executions :=
        docket_private.find_deployment(finish_deployment.deployment_id);
begin
    if v_answer is not null then
        return v_deployment;
    end if;

    -- The deployment follows its execution.
    perform docket.finish_execution(
        v_deployment.execution_id, finish_deployment.status,
        exit_code           => finish_deployment.exit_code,
        stdout_preview      => finish_deployment.stdout_preview,
        stderr_preview      => finish_deployment.stderr_preview,
        error_message       => finish_deployment.error_message,
        performance_metrics => finish_deployment.performance_metrics);

    perform docket_private.remember(request_id, 'true');
    return docket_private.find_deployment(finish_deployment.deployment_id);
end;
$$;

comment on function docket.finish_deployment(
    uuid, text, integer, text, text, text, jsonb, uuid) is
'Ends a deployment, and its execution: once.

`status` is completed, failed, timed_out or cancelled, `exit_code` what the script ended with
(negative: the signal), `stdout_preview` and `stderr_preview` what it printed and `error_message`
what went wrong (of more than 65536 bytes the beginning and the end are kept, with the execution),
`performance_metrics` an object of what else was measured. Anybody who may change the project can
cancel what somebody else runs: that one learns it from his next heartbeat. The same `request_id`
again returns the deployment. Returns the deployment: where it failed or timed out and has
attempts left, retry_at says when it is to be tried again. Raises PD404, PD403, PD422, PDTRN (it
has ended already).';

create function docket.get_deployment(deployment_id uuid) returns docket.deployment_executions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return docket_private.find_deployment(get_deployment.deployment_id);
end;
$$;

comment on function docket.get_deployment(uuid) is
    'One deployment by its id, `deployment_id`. Its output is with its execution. Returns the deployment. Raises PD404.';

create function docket.list_deployments(
    project_id  uuid,
    script_name text        default null,
    environment text        default null,
    status      text        default null,
    task_id     uuid        default null,
    since       timestamptz default null,
    until       timestamptz default null,
    after       uuid        default null,
    page_size   integer     default 100
) returns table (
    deployment_id   uuid,
    script_id       uuid,
    script_name     text,
    version_no      integer,
    environment     docket.deployment_environment,
    status          docket.execution_status,
    attempt_no      integer,
    retry_of        uuid,
    retry_at        timestamptz,
    started_at      timestamptz,
    completed_at    timestamptz,
    duration_ms     bigint,
    exit_code       integer,
    error_message   text,
    is_confirmed    boolean,
    created_by      text,
    execution_id    uuid,
    task_id         uuid,
    pull_request_id uuid,
    metadata        jsonb
)
language sql
stable
begin atomic
    select d.deployment_id, d.script_id, s.script_name, d.version_no, d.environment, d.status,
           d.attempt_no, d.retry_of, d.retry_at, d.started_at, d.completed_at, d.duration_ms,
           d.exit_code, d.error_message, d.is_confirmed, d.created_by, d.execution_id, d.task_id,
           d.pull_request_id, d.metadata
      from docket.deployment_executions as d
      join docket.deployment_scripts as s
        on s.script_id = d.script_id
       and s.project_id = d.project_id
     where d.project_id = list_deployments.project_id
       and (list_deployments.script_name is null
            or s.script_name = list_deployments.script_name)
       and (list_deployments.environment is null
            or d.environment = lower(btrim(list_deployments.environment)))
       and (list_deployments.status is null or d.status = list_deployments.status)
       and (list_deployments.task_id is null or d.task_id = list_deployments.task_id)
       and (list_deployments.since is null or d.started_at >= list_deployments.since)
       and (list_deployments.until is null or d.started_at < list_deployments.until)
       and (list_deployments.after is null or d.deployment_id < list_deployments.after)
     order by d.deployment_id desc
     limit least(greatest(list_deployments.page_size, 1), 1000);
end;

comment on function docket.list_deployments(
    uuid, text, text, text, uuid, timestamptz, timestamptz, uuid, integer) is
'The deployments of a project that meet every condition given, the newest first.

`script_name` is the script that was run, `environment` where, `status` how it stands (running,
completed, failed, timed_out, cancelled), `task_id` the task that it was for, `since` and `until`
when it began (from the first to before the second). `after` is the id of the last deployment of
the previous page, `page_size` is in rows (1 to 1000). Their output is with their executions: see
get_execution(). retry_of, retry_at, completed_at, duration_ms, exit_code, error_message, task_id
and pull_request_id may be null. Returns deployments; raises nothing.';

revoke all on function docket_private.require_ready_to_deploy(
    docket.deployment_scripts, text, boolean) from public;
revoke all on function docket_private.find_deployment(uuid) from public;
revoke all on function docket.start_deployment(
    uuid, text, text, boolean, integer, uuid, uuid, uuid, jsonb, integer, jsonb, uuid)
  from public;
revoke all on function docket.finish_deployment(
    uuid, text, integer, text, text, text, jsonb, uuid) from public;
revoke all on function docket.get_deployment(uuid) from public;
revoke all on function docket.list_deployments(
    uuid, text, text, text, uuid, timestamptz, timestamptz, uuid, integer) from public;
grant execute on function
    docket.start_deployment(
        uuid, text, text, boolean, integer, uuid, uuid, uuid, jsonb, integer, jsonb, uuid),
    docket.finish_deployment(uuid, text, integer, text, text, text, jsonb, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.get_deployment(uuid),
    docket.list_deployments(
        uuid, text, text, text, uuid, timestamptz, timestamptz, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
