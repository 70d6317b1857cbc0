-- Deploy pgdocket:access/members to pg
-- requires: access/organizations

begin;
set local role docket_owner;

create domain docket.access_level as text
    constraint access_level_known check (value in ('reader', 'writer', 'admin'));

comment on domain docket.access_level is
    'reader: sees; writer: sees and changes; admin: also says who else may.';

create table docket.members (
    member_id       uuid                not null default docket_private.new_id(),
    organization_id uuid                not null,
    project_id      uuid,
    principal       text                not null,
    access          docket.access_level not null,
    version         bigint              not null default 1,
    created_at      timestamptz         not null default docket.clock(),
    updated_at      timestamptz         not null default docket.clock(),
    created_by      text                not null default docket.principal(),
    updated_by      text                not null default docket.principal(),

    constraint members_pkey primary key (member_id),
    constraint members_once_key
        unique nulls not distinct (organization_id, project_id, principal),
    constraint members_organization_fkey
        foreign key (organization_id) references docket.organizations on delete cascade,
    constraint members_principal_bounded check (length(principal) between 1 and 255)
);

create index members_project_idx
    on docket.members (project_id);

comment on table docket.members is
    'Who may see and change what: in the whole organization (project_id is null), or in one project.';
comment on column docket.members.member_id is
    'The membership.';
comment on column docket.members.organization_id is
    'The organization.';
comment on column docket.members.project_id is
    'The one project that this is about; null: every project of the organization, those to come included.';
comment on column docket.members.principal is
    'The name, as docket.principal() gives it.';
comment on column docket.members.access is
    'What they may do there.';

-- Memberships spread out to one row per principal and project, which is all that a
-- row-level policy has to read. Kept by triggers on members and on projects. Principals are
-- compared as roles are, byte by byte: so the session's user is found without being made a text.
create table docket_private.project_access (
    principal  text collate "C"    not null,
    project_id uuid                not null,
    access     docket.access_level not null,

    constraint project_access_pkey primary key (principal, project_id)
);

create index project_access_project_idx
    on docket_private.project_access (project_id);

comment on table docket_private.project_access is
    'The projects that each principal may see: memberships spread out, read by every row-level policy.';
comment on column docket_private.project_access.principal is
    'The principal.';
comment on column docket_private.project_access.project_id is
    'The project.';
comment on column docket_private.project_access.access is
    'The highest access that a membership gives.';

-- The list of an organization's projects, readable before anybody may see them.
create table docket_private.organization_projects (
    organization_id uuid not null,
    project_id      uuid not null,

    constraint organization_projects_pkey primary key (organization_id, project_id)
);

create index organization_projects_project_idx
    on docket_private.organization_projects (project_id);

comment on table docket_private.organization_projects is
    'Which projects an organization has: what projects says too, but outside its row-level policies, which need it.';
comment on column docket_private.organization_projects.organization_id is
    'The organization.';
comment on column docket_private.organization_projects.project_id is
    'The project.';

-- What decides who sees what can't be filtered by itself: these tables are open to the functions,
-- and to nobody else, but for what everybody may know of himself.
alter table docket.members enable row level security;
alter table docket.members force row level security;
create policy members_by_functions on docket.members to docket_owner
    using (true);

alter table docket_private.project_access enable row level security;
alter table docket_private.project_access force row level security;
create policy project_access_by_functions on docket_private.project_access to docket_owner
    using (true);
-- The policies of other tables look into it in the name of whoever reads them, who can't name it
-- himself: he may not use the schema.
create policy project_access_own on docket_private.project_access for select
    to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor
    using (principal = session_user);

alter table docket_private.organization_projects enable row level security;
alter table docket_private.organization_projects force row level security;
create policy organization_projects_by_functions on docket_private.organization_projects
    to docket_owner using (true);

call docket_private.add_touch('docket.members');
call docket_private.add_journal('docket.members', 'member_id');

grant select (principal, project_id) on docket_private.project_access
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
