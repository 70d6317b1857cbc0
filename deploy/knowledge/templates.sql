-- Deploy pgdocket:knowledge/templates to pg
-- requires: knowledge/knowledge_base
-- requires: platform/settings
-- requires: projects/workflows
-- requires: tasks/tasks

begin;
set local role docket_owner;

create domain docket.template_kind as text
    constraint template_kind_known check (value in ('prompt', 'code', 'configuration', 'workflow'));

comment on domain docket.template_kind is
    'What comes of a template: a prompt, code, a configuration (texts), or a workflow with its tasks.';

-- What is made over and over, with names for what differs each time.
create table docket.templates (
    template_id  uuid                 not null,
    project_id   uuid                 not null,
    template_key text                 not null,
    kind         docket.template_kind not null,
    title        text                 not null,
    description  text,
    body         text                 not null,
    variables    jsonb                not null default '{}',
    tags         text[]               not null default '{}',
    archived_at  timestamptz,
    metadata     docket.named_values  not null default '{}',
    version      bigint               not null default 1,
    created_at   timestamptz          not null default docket.clock(),
    updated_at   timestamptz          not null default docket.clock(),
    created_by   text                 not null default docket.principal(),
    updated_by   text                 not null default docket.principal(),

    constraint templates_pkey primary key (template_id, project_id),
    constraint templates_key_key unique (project_id, template_key),
    constraint templates_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint templates_key_bounded check (length(template_key) between 1 and 255),
    constraint templates_title_bounded check (length(title) between 1 and 255),
    constraint templates_variables_are_object check (jsonb_typeof(variables) = 'object')
);

comment on table docket.templates is
    'What is made over and over, with names for what differs each time: one row for each template, as it now is.';
comment on column docket.templates.template_id is
    'The template.';
comment on column docket.templates.template_key is
    'What people call it, unique in the project.';
comment on column docket.templates.kind is
    'What comes of it.';
comment on column docket.templates.title is
    'Its title, in 1 to 255 characters.';
comment on column docket.templates.description is
    'What it is good for.';
comment on column docket.templates.body is
    'Its text, with {{name}} for the variables; of a workflow a JSON object with name, requirements and tasks.';
comment on column docket.templates.variables is
    'The variables, as a JSON Schema of the object that has them.';
comment on column docket.templates.tags is
    'Words to find it by.';
comment on column docket.templates.archived_at is
    'When it was put away; null: in use.';
comment on constraint templates_key_bounded on docket.templates is
    'a template_key has 1 to 255 characters';
comment on constraint templates_title_bounded on docket.templates is
    'a title has 1 to 255 characters';
comment on constraint templates_variables_are_object on docket.templates is
    'variables are a JSON Schema object';

-- What was made has to be made again the same way, after the template was changed.
create table docket.template_versions (
    template_id uuid                 not null,
    project_id  uuid                 not null,
    version     bigint               not null,
    kind        docket.template_kind not null,
    title       text                 not null,
    description text,
    body        text                 not null,
    variables   jsonb                not null,
    tags        text[]               not null,
    archived_at timestamptz,
    metadata    docket.named_values  not null,
    created_at  timestamptz          not null,
    created_by  text                 not null,

    constraint template_versions_pkey primary key (template_id, project_id, version),
    constraint template_versions_template_fkey
        foreign key (template_id, project_id) references docket.templates on delete cascade
);

comment on table docket.template_versions is
    'Every version of each template, written by a trigger on docket.templates.';
comment on column docket.template_versions.template_id is
    'The template.';
comment on column docket.template_versions.version is
    'The version of docket.templates that had this.';
comment on column docket.template_versions.kind is
    'As in docket.templates.';
comment on column docket.template_versions.title is
    'As in docket.templates.';
comment on column docket.template_versions.description is
    'As in docket.templates.';
comment on column docket.template_versions.body is
    'As in docket.templates.';
comment on column docket.template_versions.variables is
    'As in docket.templates.';
comment on column docket.template_versions.tags is
    'As in docket.templates.';
comment on column docket.template_versions.archived_at is
    'As in docket.templates.';

create function docket_private.keep_template() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into docket.template_versions (
        template_id, project_id, version, kind, title, description, body, variables, tags,
        archived_at, metadata, created_at, created_by)
    values (
        new.template_id, new.project_id, new.version, new.kind, new.title, new.description,
        new.body, new.variables, new.tags, new.archived_at, new.metadata, new.updated_at,
        new.updated_by);

    return null;
end;
$$;

comment on function docket_private.keep_template() is
    'Keeps each version of a template.';

create trigger templates_keep_insert after insert on docket.templates
    for each row execute function docket_private.keep_template();

create trigger templates_keep_update after update on docket.templates
    for each row when (old.version <> new.version)
    execute function docket_private.keep_template();

-- What became of it is not written here: it is read from the tasks.
create table docket.template_usage_history (
    usage_id    uuid                not null,
    project_id  uuid                not null,
    template_id uuid                not null,
    version     bigint              not null,
    task_id     uuid,
    workflow_id uuid,
    variables   docket.named_values not null,
    created_at  timestamptz         not null default docket.clock(),
    created_by  text                not null default docket.principal(),

    constraint template_usage_history_pkey primary key (usage_id, project_id),
    constraint template_usage_history_template_fkey
        foreign key (template_id, project_id, version) references docket.template_versions
        on delete cascade,
    constraint template_usage_history_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint template_usage_history_workflow_fkey
        foreign key (workflow_id, project_id) references docket.workflows on delete cascade,
    constraint template_usage_history_one_use check (num_nonnulls(task_id, workflow_id) = 1)
);

create index template_usage_history_template_idx
    on docket.template_usage_history (template_id, project_id, version);

create index template_usage_history_task_idx
    on docket.template_usage_history (task_id, project_id) where task_id is not null;

create index template_usage_history_workflow_idx
    on docket.template_usage_history (workflow_id, project_id) where workflow_id is not null;

comment on table docket.template_usage_history is
    'Each use of a template, for a task or a workflow. Rows are added, never changed.';
comment on column docket.template_usage_history.usage_id is
    'The use.';
comment on column docket.template_usage_history.template_id is
    'The template.';
comment on column docket.template_usage_history.task_id is
    'The task that it was used for.';
comment on column docket.template_usage_history.workflow_id is
    'The workflow that was made from it.';
comment on column docket.template_usage_history.variables is
    'What the variables were, with asterisks under secret keys.';

call docket_private.add_touch('docket.templates');
call docket_private.add_journal(
    'docket.templates', 'template_id', '{}', 'old.version <> new.version');
call docket_private.add_isolation('docket.templates');
call docket_private.add_isolation('docket.template_versions');
call docket_private.add_journal('docket.template_usage_history', 'usage_id');
call docket_private.add_isolation('docket.template_usage_history');

revoke all on function docket_private.keep_template() from public;
grant select on docket.templates, docket.template_versions, docket.template_usage_history
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
