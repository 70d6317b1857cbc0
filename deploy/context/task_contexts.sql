-- Deploy pgdocket:context/task_contexts to pg
-- requires: platform/idempotency_keys
-- requires: projects/require_project
-- requires: tasks/tasks

begin;
set local role docket_owner;

-- What is known about a task, by type, in versions: storing adds a version, nothing is overwritten.
create table docket.task_contexts (
    task_id      uuid        not null,
    project_id   uuid        not null,
    context_type text        not null,
    version      integer     not null,
    data         jsonb       not null,
    content_hash bytea       not null,
    byte_size    bigint      not null,
    created_at   timestamptz not null default docket.clock(),
    created_by   text        not null default docket.principal(),

    constraint task_contexts_pkey primary key (task_id, project_id, context_type, version),
    constraint task_contexts_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint task_contexts_type_bounded check (length(context_type) between 1 and 255),
    constraint task_contexts_version_positive check (version > 0)
);

comment on table docket.task_contexts is
    'What is known about a task, by type and version: requirements, code, constraints, what an agent found out.';
comment on column docket.task_contexts.task_id is
    'The task.';
comment on column docket.task_contexts.context_type is
    'What kind of context it is; any word.';
comment on column docket.task_contexts.version is
    'Counts up from 1 by task and type.';
comment on column docket.task_contexts.data is
    'The context itself.';
comment on column docket.task_contexts.content_hash is
    'SHA-256 of the data''s text: the same content again makes no new version.';
comment on column docket.task_contexts.byte_size is
    'The length of the data''s text, in bytes.';

call docket_private.add_journal('docket.task_contexts', 'task_id');
call docket_private.add_isolation('docket.task_contexts');

insert into docket.settings (setting_key, value, description)
values ('max_context_bytes', '10485760', 'The largest context that is stored, in bytes.');

grant select on docket.task_contexts
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
