-- Deploy pgdocket:delivery/deployment_executions to pg
-- requires: delivery/deployment_scripts
-- requires: delivery/execution_history
-- requires: delivery/pull_requests

begin;
set local role docket_owner;

-- Each run of a deployment script, for good: what is deployed where is reckoned from these rows.
-- Output, log and sign of life are those of its execution, whose month may be dropped.
create table docket.deployment_executions (
    deployment_id   uuid                          not null,
    project_id      uuid                          not null,
    script_id       uuid                          not null,
    version_no      integer                       not null,
    environment     docket.deployment_environment not null,
    status          docket.execution_status       not null default 'running',
    execution_id    uuid                          not null,
    task_id         uuid,
    pull_request_id uuid,
    is_confirmed    boolean                       not null default false,
    attempt_no      integer                       not null default 1,
    retry_of        uuid,
    retry_at        timestamptz,
    started_at      timestamptz                   not null,
    completed_at    timestamptz,
    duration_ms     bigint,
    exit_code       integer,
    error_message   text,
    metadata        jsonb                         not null default '{}',
    version         bigint                        not null default 1,
    created_at      timestamptz                   not null default docket.clock(),
    updated_at      timestamptz                   not null default docket.clock(),
    created_by      text                          not null default docket.principal(),
    updated_by      text                          not null default docket.principal(),

    constraint deployment_executions_pkey primary key (deployment_id, project_id),
    constraint deployment_executions_version_fkey
        foreign key (script_id, project_id, version_no)
        references docket.deployment_script_versions on delete cascade,
    constraint deployment_executions_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint deployment_executions_pull_request_fkey
        foreign key (pull_request_id, project_id) references docket.pull_requests
        on delete set null (pull_request_id),
    constraint deployment_executions_retry_fkey
        foreign key (retry_of, project_id) references docket.deployment_executions
        on delete cascade,
    constraint deployment_executions_ends_once
        check ((status = 'running') = (completed_at is null)),
    constraint deployment_executions_attempts_count
        check (attempt_no > 0 and (attempt_no = 1) = (retry_of is null)),
    constraint deployment_executions_retried_when_failed
        check (retry_at is null or status in ('failed', 'timed_out')),
    constraint deployment_executions_message_bounded check (octet_length(error_message) <= 65536),
    constraint deployment_executions_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

-- What is run twice at once in one place is neither done once nor twice.
create unique index deployment_executions_running_key
    on docket.deployment_executions (script_id, project_id, environment)
 where status = 'running';

create unique index deployment_executions_retry_key
    on docket.deployment_executions (retry_of, project_id) where retry_of is not null;

create unique index deployment_executions_execution_key
    on docket.deployment_executions (execution_id, project_id);

create index deployment_executions_script_idx
    on docket.deployment_executions (script_id, project_id, environment, deployment_id);

create index deployment_executions_version_idx
    on docket.deployment_executions (script_id, project_id, version_no);

create index deployment_executions_project_idx
    on docket.deployment_executions (project_id, deployment_id);

-- What came out first after something else.
create index deployment_executions_success_idx
    on docket.deployment_executions (project_id, environment, completed_at)
 where status = 'completed';

create index deployment_executions_task_idx
    on docket.deployment_executions (task_id, project_id) where task_id is not null;

create index deployment_executions_pull_request_idx
    on docket.deployment_executions (pull_request_id, project_id)
 where pull_request_id is not null;

comment on table docket.deployment_executions is
    'Each run of a deployment script: which version, where, when, by whom, and how it ended.';
comment on column docket.deployment_executions.deployment_id is
    'The deployment.';
comment on column docket.deployment_executions.script_id is
    'The script that was run.';
comment on column docket.deployment_executions.version_no is
    'Its version that was run.';
comment on column docket.deployment_executions.environment is
    'Where it was run.';
comment on column docket.deployment_executions.status is
    'How it stands: that of its execution.';
comment on column docket.deployment_executions.execution_id is
    'Its execution, which has its output, log and times; that may have been dropped since, with its month.';
comment on column docket.deployment_executions.task_id is
    'The task that it was for, where it was for one.';
comment on column docket.deployment_executions.pull_request_id is
    'The pull request that it brings out, where it is known.';
comment on column docket.deployment_executions.is_confirmed is
    'Whether it was confirmed by whoever began it.';
comment on column docket.deployment_executions.attempt_no is
    'Which attempt it is, from 1.';
comment on column docket.deployment_executions.retry_of is
    'The deployment that it tries again.';
comment on column docket.deployment_executions.retry_at is
    'From when on it is to be tried again; null: it is not.';
comment on column docket.deployment_executions.started_at is
    'When it began.';
comment on column docket.deployment_executions.completed_at is
    'When it ended; null while it runs.';
comment on column docket.deployment_executions.duration_ms is
    'How long it took, in milliseconds.';
comment on column docket.deployment_executions.exit_code is
    'With what the script ended; negative: by that signal.';
comment on column docket.deployment_executions.error_message is
    'What went wrong.';
comment on constraint deployment_executions_metadata_is_object on docket.deployment_executions is
    'metadata is a JSON object';

call docket_private.add_touch('docket.deployment_executions');
call docket_private.add_journal('docket.deployment_executions', 'deployment_id');
call docket_private.add_isolation('docket.deployment_executions');

-- A deployment ends with its execution, whoever ends that: who ran it, who cancels it, or
-- maintenance, which hears nothing of it any more.
create function docket_private.end_deployment() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update docket.deployment_executions as d
       set status        = new.status,
           completed_at  = new.completed_at,
           duration_ms   = new.duration_ms,
           exit_code     = new.exit_code,
           error_message = new.error_message,
           retry_at      = case
                               when new.status in ('failed', 'timed_out')
                                    and d.attempt_no < s.max_attempts
                               then new.completed_at
                                    + least(s.backoff_seconds * 2.0 ^ least(d.attempt_no - 1, 12),
                                            3600) * interval '1 second'
                           end
      from docket.deployment_scripts as s
     where d.execution_id = new.execution_id
       and d.project_id   = new.project_id
       and s.script_id    = d.script_id
       and s.project_id   = d.project_id;

    return null;
end;
$$;

comment on function docket_private.end_deployment() is
    'Ends the deployment whose execution has ended, and says when it is to be tried again.';

create trigger execution_history_end_deployment
 after update on docket.execution_history
   for each row
  when (new.execution_type = 'deployment' and old.status = 'running' and new.status <> 'running')
       execute function docket_private.end_deployment();

revoke all on function docket_private.end_deployment() from public;
grant select on docket.deployment_executions
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
