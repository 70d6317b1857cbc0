-- Deploy pgdocket:projects/workflows to pg
-- requires: projects/projects

begin;
set local role docket_owner;

create domain docket.workflow_status as text
    constraint workflow_status_known
        check (value in ('active', 'paused', 'completed', 'cancelled'));

comment on domain docket.workflow_status is
    'active: its tasks may be claimed; paused: they wait; completed and cancelled: it is over.';

create table docket.workflows (
    workflow_id  uuid                   not null,
    project_id   uuid                   not null,
    name         text                   not null,
    requirements jsonb                  not null default '{}',
    status       docket.workflow_status not null default 'active',
    metadata     jsonb                  not null default '{}',
    version      bigint                 not null default 1,
    created_at   timestamptz            not null default docket.clock(),
    updated_at   timestamptz            not null default docket.clock(),
    created_by   text                   not null default docket.principal(),
    updated_by   text                   not null default docket.principal(),

    constraint workflows_pkey primary key (workflow_id, project_id),
    constraint workflows_name_key unique (project_id, name),
    constraint workflows_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint workflows_name_bounded check (length(name) between 1 and 255),
    constraint workflows_requirements_is_object check (jsonb_typeof(requirements) = 'object'),
    constraint workflows_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

comment on table docket.workflows is
    'A set of tasks of a project that are pursued together: a release, a feature, a tag of an imported file.';
comment on column docket.workflows.workflow_id is
    'The workflow.';
comment on column docket.workflows.name is
    'Its name, unique in the project.';
comment on column docket.workflows.requirements is
    'What it has to achieve, as an object.';
comment on column docket.workflows.status is
    'Whether it goes on.';

comment on constraint workflows_name_bounded on docket.workflows is
    'a name has 1 to 255 characters';
comment on constraint workflows_requirements_is_object on docket.workflows is
    'requirements are a JSON object';
comment on constraint workflows_metadata_is_object on docket.workflows is
    'metadata is a JSON object';

call docket_private.add_touch('docket.workflows');
call docket_private.add_journal('docket.workflows', 'workflow_id');
call docket_private.add_isolation('docket.workflows');

grant select on docket.workflows
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
