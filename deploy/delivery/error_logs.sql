-- Deploy pgdocket:delivery/error_logs to pg
-- requires: delivery/execution_history

begin;
set local role docket_owner;

create domain docket.severity as text
    constraint severity_known check (value in ('low', 'medium', 'high', 'critical'));

comment on domain docket.severity is
    'How bad something is: low, medium, high or critical.';

create domain docket.error_resolution as text
    constraint error_resolution_known check (value in ('automatic', 'manual'));

comment on domain docket.error_resolution is
    'How errors were resolved: automatic, by runs that succeeded where they had occurred, or manual.';

-- Errors that are one and the same, by their fingerprint: what is resolved, and comes back.
create table docket.error_groups (
    error_group_id           uuid            not null,
    project_id               uuid            not null,
    fingerprint              text            not null,
    error_type               text,
    message                  text            not null,
    severity                 docket.severity not null,
    occurrences              bigint          not null default 1,
    first_seen_at            timestamptz     not null,
    last_seen_at             timestamptz     not null,
    regressions              bigint          not null default 0,
    regressed_at             timestamptz,
    resolved_at              timestamptz,
    resolved_by              text,
    resolution               docket.error_resolution,
    resolution_reason        text,
    resolved_by_execution_id uuid,
    version                  bigint          not null default 1,
    created_at               timestamptz     not null default docket.clock(),
    updated_at               timestamptz     not null default docket.clock(),
    created_by               text            not null default docket.principal(),
    updated_by               text            not null default docket.principal(),

    constraint error_groups_pkey primary key (error_group_id, project_id),
    constraint error_groups_fingerprint_key unique (project_id, fingerprint),
    constraint error_groups_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint error_groups_fingerprint_bounded check (length(fingerprint) between 1 and 255),
    constraint error_groups_type_bounded check (length(error_type) between 1 and 255),
    constraint error_groups_resolved_somehow
        check (num_nulls(resolved_at, resolved_by, resolution) in (0, 3)),
    constraint error_groups_reason_bounded check (length(resolution_reason) between 1 and 2000)
);

create index error_groups_open_idx
    on docket.error_groups (project_id, error_group_id) where resolved_at is null;

comment on table docket.error_groups is
    'Errors that are one and the same, by their fingerprint: how often, since when, and whether they are resolved.';
comment on column docket.error_groups.error_group_id is
    'The group.';
comment on column docket.error_groups.fingerprint is
    'What makes errors the same: made of type, message and frames without what differs each time, unless it was given.';
comment on column docket.error_groups.error_type is
    'What kind of error it is.';
comment on column docket.error_groups.message is
    'What the last of them said.';
comment on column docket.error_groups.severity is
    'How bad the worst of them was.';
comment on column docket.error_groups.occurrences is
    'How many there were, those included that have been dropped since.';
comment on column docket.error_groups.first_seen_at is
    'When it first occurred.';
comment on column docket.error_groups.last_seen_at is
    'When it last occurred.';
comment on column docket.error_groups.regressions is
    'How often it came back after it had been resolved.';
comment on column docket.error_groups.regressed_at is
    'When it last came back.';
comment on column docket.error_groups.resolved_at is
    'When it was resolved; null: it is open.';
comment on column docket.error_groups.resolved_by is
    'Who resolved it, or whose run did.';
comment on column docket.error_groups.resolution is
    'How it was resolved.';
comment on column docket.error_groups.resolution_reason is
    'What was said of it.';
comment on column docket.error_groups.resolved_by_execution_id is
    'The execution that succeeded where it had last failed.';
comment on constraint error_groups_fingerprint_bounded on docket.error_groups is
    'a fingerprint has 1 to 255 characters';
comment on constraint error_groups_type_bounded on docket.error_groups is
    'an error_type has 1 to 255 characters';
comment on constraint error_groups_reason_bounded on docket.error_groups is
    'a reason has 1 to 2000 characters';

-- Where errors of a group occurred in executions. One that succeeds there closes it, and the group
-- is resolved with the last that is open.
create table docket.error_sources (
    error_group_id uuid        not null,
    project_id     uuid        not null,
    source_key     text        not null,
    last_seen_at   timestamptz not null,
    is_open        boolean     not null default true,

    constraint error_sources_pkey primary key (error_group_id, project_id, source_key),
    constraint error_sources_group_fkey
        foreign key (error_group_id, project_id) references docket.error_groups on delete cascade
);

create index error_sources_open_idx
    on docket.error_sources (source_key, project_id) where is_open;

comment on table docket.error_sources is
    'In what kinds of executions the errors of a group occurred.';
comment on column docket.error_sources.error_group_id is
    'The group.';
comment on column docket.error_sources.source_key is
    'The kind of execution: of which task or workflow, of what type, and where.';
comment on column docket.error_sources.last_seen_at is
    'When it last occurred there.';
comment on column docket.error_sources.is_open is
    'Whether no execution of this kind has succeeded since.';

create table docket.error_logs (
    error_id         uuid            not null,
    project_id       uuid            not null,
    error_group_id   uuid            not null,
    task_id          uuid,
    workflow_id      uuid,
    execution_id     uuid,
    severity         docket.severity not null,
    error_type       text,
    message          text            not null,
    stack            text,
    context          jsonb           not null default '{}',
    environment      docket.environment,
    environment_info jsonb           not null default '{}',
    retry_count      integer         not null default 0,
    is_regression    boolean         not null default false,
    occurred_at      timestamptz     not null,
    metadata         jsonb           not null default '{}',
    created_at       timestamptz     not null,
    created_by       text            not null default docket.principal(),

    constraint error_logs_pkey primary key (error_id, project_id, created_at),
    constraint error_logs_group_fkey
        foreign key (error_group_id, project_id) references docket.error_groups
        on delete cascade,
    constraint error_logs_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint error_logs_workflow_fkey
        foreign key (workflow_id, project_id) references docket.workflows on delete cascade,
    constraint error_logs_id_has_its_time
        check (created_at = docket_private.time_of_id(error_id)),
    constraint error_logs_of_task_or_workflow check (num_nonnulls(task_id, workflow_id) <= 1),
    constraint error_logs_type_bounded check (length(error_type) between 1 and 255),
    constraint error_logs_texts_bounded
        check (octet_length(message) between 1 and 65536 and octet_length(stack) <= 65536),
    constraint error_logs_retry_count_not_negative check (retry_count >= 0),
    constraint error_logs_json_as_told
        check (jsonb_typeof(context) = 'object'
               and jsonb_typeof(environment_info) = 'object'
               and jsonb_typeof(metadata) = 'object'
               and greatest(octet_length(context::text), octet_length(environment_info::text),
                            octet_length(metadata::text)) <= 65536)
) partition by range (created_at);

create index error_logs_group_idx
    on docket.error_logs (error_group_id, project_id, created_at, error_id);

create index error_logs_task_idx
    on docket.error_logs (task_id, project_id, created_at, error_id) where task_id is not null;

create index error_logs_workflow_idx
    on docket.error_logs (workflow_id, project_id, created_at, error_id)
    where workflow_id is not null;

create index error_logs_execution_idx
    on docket.error_logs (execution_id, project_id) where execution_id is not null;

create index error_logs_time_idx
    on docket.error_logs (project_id, created_at, error_id);

comment on table docket.error_logs is
    'Errors, one row for each time that one occurred. Rows are added, never changed.';
comment on column docket.error_logs.error_id is
    'The error.';
comment on column docket.error_logs.error_group_id is
    'The errors that it is one of.';
comment on column docket.error_logs.task_id is
    'The task that it was about, where it was one.';
comment on column docket.error_logs.workflow_id is
    'The workflow that it was about, where it was one.';
comment on column docket.error_logs.execution_id is
    'The execution that it occurred in; that may have been dropped since, with its month.';
comment on column docket.error_logs.severity is
    'How bad it is.';
comment on column docket.error_logs.error_type is
    'What kind of error it is: the name of an exception, a code...';
comment on column docket.error_logs.message is
    'What it says; of much, the beginning and the end.';
comment on column docket.error_logs.stack is
    'Where in the program it occurred; of much, the beginning and the end.';
comment on column docket.error_logs.context is
    'What was asked for when it occurred, with asterisks under secret keys.';
comment on column docket.error_logs.environment is
    'Where it occurred.';
comment on column docket.error_logs.environment_info is
    'On what it occurred: versions, machine, region...';
comment on column docket.error_logs.retry_count is
    'How often it had been tried again before.';
comment on column docket.error_logs.is_regression is
    'Whether it came back after it had been resolved.';
comment on column docket.error_logs.occurred_at is
    'When it occurred.';
comment on constraint error_logs_of_task_or_workflow on docket.error_logs is
    'an error is of a task, of a workflow, or of neither';
comment on constraint error_logs_type_bounded on docket.error_logs is
    'an error_type has 1 to 255 characters';
comment on constraint error_logs_texts_bounded on docket.error_logs is
    'an error has a message';
comment on constraint error_logs_retry_count_not_negative on docket.error_logs is
    'a retry_count is not negative';
comment on constraint error_logs_json_as_told on docket.error_logs is
    'context, environment_info and metadata are JSON objects of up to 65536 bytes';

create table docket.error_logs_default partition of docket.error_logs default;

comment on table docket.error_logs_default is
    'Rows of error_logs for which no month is there. The first row in it is an alarm.';

alter table docket.error_logs_default enable row level security;
alter table docket.error_logs_default force row level security;

call docket_private.add_touch('docket.error_groups');
call docket_private.add_journal('docket.error_groups', 'error_group_id');
call docket_private.add_isolation('docket.error_groups');
call docket_private.add_isolation('docket.error_sources');
call docket_private.add_isolation('docket.error_logs');

insert into docket.partition_policies (table_name)
values ('error_logs');

do $$ begin perform docket_private.ensure_partitions(); end $$;

create function docket_private.error_source(execution docket.execution_history) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return concat_ws('/', coalesce(execution.task_id::text, execution.workflow_id::text, 'project'),
                     execution.execution_type, coalesce(execution.environment, ''));
end;
$$;

comment on function docket_private.error_source(docket.execution_history) is
    'What executions of one kind have in common: whose they are, their type and their environment.';

-- Behind the end of an execution that succeeded; where no error is open, one look into an index.
create function docket_private.resolve_errors(execution docket.execution_history) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_groups uuid[];
begin
    -- In one order, so that two who succeed do not wait for each other.
    v_groups := array(
        select g.error_group_id
          from docket.error_sources as s
         cross join lateral (
                   select h.error_group_id
                     from docket.error_groups as h
                    where h.error_group_id = s.error_group_id
                      and h.project_id     = s.project_id
                    offset 0
               ) as g
         where s.source_key = docket_private.error_source(execution)
           and s.project_id = execution.project_id
           and s.is_open
           and s.last_seen_at <= execution.completed_at
         order by g.error_group_id);

    if v_groups = '{}' then
        return;
    end if;

    perform
       from docket.error_groups as g
      where g.error_group_id = any (v_groups)
        and g.project_id     = execution.project_id
      order by g.error_group_id
        for no key update;

    update docket.error_sources as s
       set is_open = false
     where s.error_group_id = any (v_groups)
       and s.project_id = execution.project_id
       and s.source_key = docket_private.error_source(execution)
       and s.last_seen_at <= execution.completed_at;

    update docket.error_groups as g
       set resolved_at              = execution.completed_at,
           resolved_by              = docket.principal(),
           resolution               = 'automatic',
           resolution_reason        = null,
           resolved_by_execution_id = execution.execution_id
     where g.error_group_id = any (v_groups)
       and g.project_id  = execution.project_id
       and g.resolved_at is null
       and not exists (
               select
                 from docket.error_sources as s
                where s.error_group_id = g.error_group_id
                  and s.project_id     = g.project_id
                  and s.is_open
               offset 0);
end;
$$;

comment on function docket_private.resolve_errors(docket.execution_history) is
    'Closes the errors that executions of the same kind had before; groups with none open any more are resolved.';

revoke all on function docket_private.error_source(docket.execution_history) from public;
revoke all on function docket_private.resolve_errors(docket.execution_history) from public;
grant select on docket.error_groups, docket.error_sources, docket.error_logs
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
