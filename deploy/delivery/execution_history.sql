-- Deploy pgdocket:delivery/execution_history to pg
-- requires: platform/drop_partitions
-- requires: platform/ids
-- requires: platform/settings
-- requires: projects/require_project
-- requires: queue/task_attempts

begin;
set local role docket_owner;

-- The way from an id to its partition: the time that is in it, to the microsecond. 4096ths of a
-- millisecond were cut off, and so the only microsecond that they can come from is the next one up.
-- What is no UUIDv7 gives some time, and finds nothing there.
create function docket_private.time_of_id(id uuid) returns timestamptz
language sql
immutable
parallel safe
begin atomic
    select (timestamp 'epoch'
            + (t.parts / 512 * 125 + (t.parts % 512 * 125 + 511) / 512) * interval '1 microsecond')
           at time zone 'UTC'
      from (
          select ('x0' || translate(overlay(left(time_of_id.id::text, 18) placing '' from 15 for 1),
                                    '-', ''))::bit(64)::bigint as parts
      ) as t;
end;

comment on function docket_private.time_of_id(uuid) is
    'When an id of docket_private.id_at() was made.';

create function docket_private.id_at(
    project_id uuid,
    at         timestamptz,
    ordinal    bigint default 0
) returns uuid
language sql
volatile
parallel safe
begin atomic
    select (overlay(
                lpad(to_hex(((extract(epoch from id_at.at) * 1000000)::bigint + id_at.ordinal)
                            * 512 / 125),
                     15, '0')
                placing '7' from 13 for 0)
            || substr(docket_private.new_id(id_at.project_id)::text, 20))::uuid;
end;

comment on function docket_private.id_at(uuid, timestamptz, bigint) is
    'As new_id(), at a time: docket_private.time_of_id() is that time, moved by so many microseconds.';

create domain docket.execution_type as text
    constraint execution_type_known check (value ~ '^[a-z0-9][a-z0-9_.:/-]{0,62}$');

comment on domain docket.execution_type is
    'What was run: build, test, lint, deployment... Any word of lower-case letters, digits and _ . : / - (up to 63).';

create domain docket.environment as text
    constraint environment_known check (value ~ '^[a-z0-9][a-z0-9_.-]{0,62}$');

comment on domain docket.environment is
    'Where something is run: development, staging, production... Any word of lower-case letters, digits and _ . - (up to 63).';

create domain docket.execution_status as text
    constraint execution_status_known check (value in (
        'running', 'completed', 'failed', 'timed_out', 'cancelled'));

comment on domain docket.execution_status is
    'How an execution stands: running, or how it ended.';

-- One run of something. Its time is in its id, which so leads to its month: however many months
-- there are, one is looked into. It ends once, and is never changed after that: the table is a
-- record of what happened itself, and is not written into the journal. What is kept no longer goes
-- by whole months, which the journal says.
create table docket.execution_history (
    execution_id       uuid                    not null,
    project_id         uuid                    not null,
    task_id            uuid,
    workflow_id        uuid,
    attempt_id         uuid,
    execution_type     docket.execution_type   not null,
    execution_phase    text,
    phases             jsonb                   not null default '[]',
    status             docket.execution_status not null default 'running',
    environment        docket.environment,
    started_at         timestamptz             not null,
    completed_at       timestamptz,
    duration_ms        bigint,
    cpu_usage_percent  numeric,
    memory_usage_mb    numeric,
    exit_code          integer,
    stdout_preview     text,
    stderr_preview     text,
    error_message      text,
    error_stack        text,
    retry_count        integer                 not null default 0,
    retry_of           uuid,
    first_execution_id uuid                    not null,
    environment_info   jsonb                   not null default '{}',
    performance_metrics jsonb                  not null default '{}',
    lease_seconds      integer                 not null,
    lease_expires_at   timestamptz,
    log_lines          bigint                  not null default 0,
    log_lines_left_out bigint                  not null default 0,
    metadata           jsonb                   not null default '{}',
    created_at         timestamptz             not null,
    created_by         text                    not null default docket.principal(),

    constraint execution_history_pkey primary key (execution_id, project_id, created_at),
    constraint execution_history_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint execution_history_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint execution_history_workflow_fkey
        foreign key (workflow_id, project_id) references docket.workflows on delete cascade,
    constraint execution_history_attempt_fkey
        foreign key (attempt_id, project_id) references docket.task_attempts on delete cascade,
    constraint execution_history_id_has_its_time
        check (created_at = docket_private.time_of_id(execution_id)),
    constraint execution_history_of_task_or_workflow
        check (num_nonnulls(task_id, workflow_id) <= 1),
    constraint execution_history_phase_bounded check (length(execution_phase) between 1 and 255),
    constraint execution_history_ends_once
        check ((status = 'running') = (completed_at is null)),
    constraint execution_history_running_has_lease
        check ((status = 'running') = (lease_expires_at is not null)),
    constraint execution_history_lease_bounded check (lease_seconds between 1 and 2678400),
    constraint execution_history_completed_after_started check (completed_at >= started_at),
    constraint execution_history_duration_exact
        check (duration_ms is not distinct from
               (extract(epoch from completed_at - started_at) * 1000)::bigint),
    constraint execution_history_cpu_is_percentage check (cpu_usage_percent between 0 and 100),
    constraint execution_history_memory_bounded
        check (memory_usage_mb between 0 and 1000000000),
    constraint execution_history_previews_bounded
        check (greatest(octet_length(stdout_preview), octet_length(stderr_preview),
                        octet_length(error_message), octet_length(error_stack)) <= 65536),
    constraint execution_history_retry_of_another
        check (retry_count >= 0
               and (retry_count = 0) = (retry_of is null)
               and (retry_of is null) = (first_execution_id = execution_id)
               and retry_of <> execution_id),
    constraint execution_history_json_as_told
        check (jsonb_typeof(environment_info) = 'object'
               and jsonb_typeof(performance_metrics) = 'object'
               and jsonb_typeof(metadata) = 'object'
               and jsonb_typeof(phases) = 'array'),
    constraint execution_history_json_bounded
        check (greatest(octet_length(environment_info::text),
                        octet_length(performance_metrics::text),
                        octet_length(metadata::text)) <= 65536)
) partition by range (created_at);

create index execution_history_task_idx
    on docket.execution_history (task_id, project_id, created_at, execution_id)
    where task_id is not null;

create index execution_history_workflow_idx
    on docket.execution_history (workflow_id, project_id, created_at, execution_id)
    where workflow_id is not null;

create index execution_history_attempt_idx
    on docket.execution_history (attempt_id, project_id) where attempt_id is not null;

create index execution_history_chain_idx
    on docket.execution_history (first_execution_id, project_id);

create index execution_history_type_idx
    on docket.execution_history (project_id, execution_type, created_at, execution_id);

create index execution_history_time_idx
    on docket.execution_history (project_id, created_at, execution_id);

create index execution_history_running_idx
    on docket.execution_history (project_id, created_at, execution_id) where status = 'running';

comment on table docket.execution_history is
    'What was run for tasks, workflows and projects, one row for each run. It ends once, and is then never changed.';
comment on column docket.execution_history.execution_id is
    'The execution.';
comment on column docket.execution_history.task_id is
    'The task that it was run for, where it was one.';
comment on column docket.execution_history.workflow_id is
    'The workflow that it was run for, where it was one.';
comment on column docket.execution_history.attempt_id is
    'The attempt at the task that ran it, where it is known.';
comment on column docket.execution_history.execution_type is
    'What was run.';
comment on column docket.execution_history.execution_phase is
    'The phase that it is in, or ended in.';
comment on column docket.execution_history.phases is
    'All its phases, in order: objects with phase, started_at and, where it is over, duration_ms.';
comment on column docket.execution_history.status is
    'How it stands.';
comment on column docket.execution_history.environment is
    'Where it was run.';
comment on column docket.execution_history.started_at is
    'When it began.';
comment on column docket.execution_history.completed_at is
    'When it ended; null while it runs.';
comment on column docket.execution_history.duration_ms is
    'How long it took, in milliseconds.';
comment on column docket.execution_history.cpu_usage_percent is
    'How much of the machine''s processors it used, 0 to 100.';
comment on column docket.execution_history.memory_usage_mb is
    'How much memory it used at most, in megabytes.';
comment on column docket.execution_history.exit_code is
    'With what its process ended; negative: by that signal.';
comment on column docket.execution_history.stdout_preview is
    'What it printed; of much, the beginning and the end.';
comment on column docket.execution_history.stderr_preview is
    'What it printed as errors; of much, the beginning and the end.';
comment on column docket.execution_history.error_message is
    'What went wrong.';
comment on column docket.execution_history.error_stack is
    'Where in the program it went wrong.';
comment on column docket.execution_history.retry_count is
    'How many executions before it it tries again.';
comment on column docket.execution_history.retry_of is
    'The execution that it tries again; that may have been dropped since, with its month.';
comment on column docket.execution_history.first_execution_id is
    'The first execution of the chain of retries; itself where it is none.';
comment on column docket.execution_history.environment_info is
    'What it was run on: versions, machine, region...';
comment on column docket.execution_history.performance_metrics is
    'What else was measured.';
comment on column docket.execution_history.lease_seconds is
    'After how many seconds without a sign of life it is taken for dead.';
comment on column docket.execution_history.lease_expires_at is
    'When it is taken for dead unless there is a sign of life before; null: it has ended.';
comment on column docket.execution_history.log_lines is
    'How many lines its log has.';
comment on column docket.execution_history.log_lines_left_out is
    'How many lines more there were, for which its log had no room.';

comment on constraint execution_history_of_task_or_workflow on docket.execution_history is
    'an execution is of a task, of a workflow, or of neither';
comment on constraint execution_history_phase_bounded on docket.execution_history is
    'a phase has 1 to 255 characters';
comment on constraint execution_history_ends_once on docket.execution_history is
    'what is not running any more has completed_at';
comment on constraint execution_history_lease_bounded on docket.execution_history is
    'lease_seconds is 1 to 2678400';
comment on constraint execution_history_completed_after_started on docket.execution_history is
    'completed_at is not before started_at';
comment on constraint execution_history_cpu_is_percentage on docket.execution_history is
    'cpu_usage_percent is 0 to 100, of all processors together';
comment on constraint execution_history_memory_bounded on docket.execution_history is
    'memory_usage_mb is in megabytes, 0 to 1000000000';
comment on constraint execution_history_json_as_told on docket.execution_history is
    'environment_info, performance_metrics and metadata are JSON objects';
comment on constraint execution_history_json_bounded on docket.execution_history is
    'environment_info, performance_metrics and metadata have up to 65536 bytes each';

create table docket.execution_history_default partition of docket.execution_history default;

comment on table docket.execution_history_default is
    'Rows of execution_history for which no month is there. The first row in it is an alarm.';

alter table docket.execution_history_default enable row level security;
alter table docket.execution_history_default force row level security;

call docket_private.add_isolation('docket.execution_history');

-- Beside their executions, in the same months.
create table docket.execution_log_lines (
    execution_id uuid        not null,
    project_id   uuid        not null,
    line_no      bigint      not null,
    level        text        not null,
    message      text        not null,
    data         jsonb,
    logged_at    timestamptz not null,
    created_at   timestamptz not null,

    constraint execution_log_lines_pkey
        primary key (execution_id, line_no, project_id, created_at),
    constraint execution_log_lines_level_known
        check (level in ('debug', 'info', 'warning', 'error')),
    constraint execution_log_lines_bounded
        check (octet_length(message) <= 8192 and octet_length(data::text) <= 65536)
) partition by range (created_at);

comment on table docket.execution_log_lines is
    'The logs of executions, line by line. They go with their executions.';
comment on column docket.execution_log_lines.execution_id is
    'The execution.';
comment on column docket.execution_log_lines.line_no is
    'Counts up from 1 by execution.';
comment on column docket.execution_log_lines.level is
    'How much it matters: debug, info, warning, error.';
comment on column docket.execution_log_lines.message is
    'The line.';
comment on column docket.execution_log_lines.data is
    'What belongs to it, with asterisks under secret keys.';
comment on column docket.execution_log_lines.logged_at is
    'When it was said.';
comment on constraint execution_log_lines_level_known on docket.execution_log_lines is
    'a level is debug, info, warning or error';
comment on constraint execution_log_lines_bounded on docket.execution_log_lines is
    'the data of a line have up to 65536 bytes';

create table docket.execution_log_lines_default partition of docket.execution_log_lines default;

comment on table docket.execution_log_lines_default is
    'Rows of execution_log_lines for which no month is there. The first row in it is an alarm.';

alter table docket.execution_log_lines_default enable row level security;
alter table docket.execution_log_lines_default force row level security;

call docket_private.add_isolation('docket.execution_log_lines');

create function docket_private.drop_log() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from docket.execution_log_lines as l
     where l.execution_id = old.execution_id
       and l.created_at   = old.created_at;
    return null;
end;
$$;

comment on function docket_private.drop_log() is
    'Removes the log of an execution that goes with its task or workflow.';

create trigger execution_history_drop_log
 after delete on docket.execution_history
   for each row
  when (old.log_lines > 0)
       execute function docket_private.drop_log();

insert into docket.partition_policies (table_name)
values ('execution_history'), ('execution_log_lines');

do $$ begin perform docket_private.ensure_partitions(); end $$;

insert into docket.settings (setting_key, value, description)
values ('max_execution_log_lines', '10000', 'How many lines the log of an execution has at most; what comes after that is counted.'),
       ('execution_lease_seconds', '86400', 'How long an execution is taken for running without a sign of life, in seconds, where it has not said otherwise.');

revoke all on function docket_private.time_of_id(uuid) from public;
revoke all on function docket_private.id_at(uuid, timestamptz, bigint) from public;
revoke all on function docket_private.drop_log() from public;
grant execute on function docket_private.time_of_id(uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.execution_history, docket.execution_log_lines
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
