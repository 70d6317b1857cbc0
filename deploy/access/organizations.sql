-- Deploy pgdocket:access/organizations to pg
-- requires: platform/audit_log
-- requires: platform/ids
-- requires: platform/touch

begin;
set local role docket_owner;

create table docket.organizations (
    organization_id    uuid        not null default docket_private.new_id(),
    name               text        not null,
    personal_principal text,
    version            bigint      not null default 1,
    created_at         timestamptz not null default docket.clock(),
    updated_at         timestamptz not null default docket.clock(),
    created_by         text        not null default docket.principal(),
    updated_by         text        not null default docket.principal(),

    constraint organizations_pkey primary key (organization_id),
    constraint organizations_personal_principal_key unique (personal_principal),
    constraint organizations_name_bounded check (length(name) between 1 and 255)
);

comment on table docket.organizations is
    'Who owns projects: a team, a company, or one principal alone. Names may repeat: one organization can not see another''s.';
comment on column docket.organizations.organization_id is
    'The organization.';
comment on column docket.organizations.name is
    'What people call it.';
comment on column docket.organizations.personal_principal is
    'The principal whose own organization this is, made with the first project of somebody who is in none.';

alter table docket.organizations enable row level security;
alter table docket.organizations force row level security;

-- Who may see an organization is decided by its members, which only the functions of this
-- domain read; no client role is granted anything here.
create policy organizations_by_functions on docket.organizations to docket_owner
    using (true);

call docket_private.add_touch('docket.organizations');
call docket_private.add_journal('docket.organizations', 'organization_id');

commit;
