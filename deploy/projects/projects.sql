-- Deploy pgdocket:projects/projects to pg
-- requires: access/isolation
-- requires: platform/idempotency_keys
-- requires: platform/settings

begin;
set local role docket_owner;

create table docket.projects (
    project_id      uuid        not null default docket_private.new_id(),
    organization_id uuid        not null,
    slug            text        not null,
    name            text        not null,
    description     text,
    repository_url  text,
    settings        jsonb       not null default '{}',
    metadata        jsonb       not null default '{}',
    paused_at       timestamptz,
    archived_at     timestamptz,
    version         bigint      not null default 1,
    created_at      timestamptz not null default docket.clock(),
    updated_at      timestamptz not null default docket.clock(),
    created_by      text        not null default docket.principal(),
    updated_by      text        not null default docket.principal(),

    constraint projects_pkey primary key (project_id),
    constraint projects_slug_key unique (organization_id, slug),
    constraint projects_organization_fkey
        foreign key (organization_id) references docket.organizations on delete restrict,
    constraint projects_slug_well_formed check (slug ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    constraint projects_name_bounded check (length(name) between 1 and 255),
    constraint projects_settings_is_object check (jsonb_typeof(settings) = 'object'),
    constraint projects_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

comment on table docket.projects is
    'One body of work: its tasks, their graph and everything done about them. Nothing links two projects.';
comment on column docket.projects.project_id is
    'The project; its last ten bits are the bucket that every id of the project carries.';
comment on column docket.projects.organization_id is
    'Who owns it.';
comment on column docket.projects.slug is
    'The short name that people type, unique in its organization.';
comment on column docket.projects.name is
    'The name that people read.';
comment on column docket.projects.description is
    'What it is about.';
comment on column docket.projects.repository_url is
    'Where its code lives.';
comment on column docket.projects.settings is
    'Its own values for docket.settings, and the settings of imported tools under their own keys.';
comment on column docket.projects.paused_at is
    'Since when its tasks may not be claimed; null: they may.';
comment on column docket.projects.archived_at is
    'When it was put away; null: in use.';

comment on constraint projects_slug_well_formed on docket.projects is
    'a slug has lower-case letters, digits, ".", "_" and "-", begins with a letter or digit, and has at most 63 characters';
comment on constraint projects_name_bounded on docket.projects is
    'a name has 1 to 255 characters';
comment on constraint projects_settings_is_object on docket.projects is
    'settings are a JSON object';
comment on constraint projects_metadata_is_object on docket.projects is
    'metadata is a JSON object';

call docket_private.add_touch('docket.projects');
call docket_private.add_journal('docket.projects', 'project_id');

-- lint: ignore constraint-not-valid the table is as new as this one, and as empty
alter table docket.members
    add constraint members_project_fkey
        foreign key (project_id) references docket.projects on delete cascade;

-- Organizations in which the principal may make projects.
create function docket_private.administered_organizations() returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select m.organization_id
          from docket.members as m
         where m.principal = docket.principal()
           and m.project_id is null
           and m.access = 'admin');
end;
$$;

comment on function docket_private.administered_organizations() is
    'The organizations in which the principal may make projects and say who sees them.';

alter table docket.projects enable row level security;
alter table docket.projects force row level security;
-- In two halves, as add_isolation() has it.
create policy projects_of_visible_projects on docket.projects
    to docket_owner, docket_admin, docket_app, docket_agent, docket_reader, docket_auditor
    using (project_id = any (array(
               select a.project_id
                 from docket_private.project_access as a
                where a.principal = session_user
                  and current_setting('role') = 'none'
                  and current_setting('docket.actor', true) is null))
           or project_id = any ((select docket_private.visible_projects())::uuid[]))
    with check (project_id = any ((select docket_private.visible_projects())::uuid[])
                or organization_id = any (
                       (select docket_private.administered_organizations())::uuid[]));

-- A membership changes, or a project is born: the principals concerned are spread out anew.
create function docket_private.spread_membership() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Who changes the members or the projects of an organization follow each other on its row,
    -- or neither would see what the other adds. A write and no mere lock: it also refuses
    -- (40001) a snapshot that is older than the other's change.
    update docket.organizations as o
       set name = o.name
     where o.organization_id in (old.organization_id, new.organization_id);

    delete from docket_private.project_access as a
     using docket_private.organization_projects as p
     where a.project_id = p.project_id
       and (a.principal, p.organization_id) in (
               (old.principal, old.organization_id), (new.principal, new.organization_id));

    insert into docket_private.project_access (principal, project_id, access)
    select distinct on (m.principal, p.project_id) m.principal, p.project_id, m.access
      from docket.members as m
      join docket_private.organization_projects as p
        on p.organization_id = m.organization_id
       and p.project_id = coalesce(m.project_id, p.project_id)
     where (m.principal, m.organization_id) in (
               (old.principal, old.organization_id), (new.principal, new.organization_id))
     order by m.principal, p.project_id,
              array_position(array['admin', 'writer', 'reader'], m.access::text);

    return null;
end;
$$;

comment on function docket_private.spread_membership() is
    'Keeps project_access as the memberships say.';

create function docket_private.spread_project() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'DELETE' then
        delete from docket_private.project_access as a where a.project_id = old.project_id;
        delete from docket_private.organization_projects as p where p.project_id = old.project_id;
        return null;
    end if;

    -- As in spread_membership().
    update docket.organizations as o
       set name = o.name
     where o.organization_id = new.organization_id;

    insert into docket_private.organization_projects (organization_id, project_id)
    values (new.organization_id, new.project_id);

    insert into docket_private.project_access (principal, project_id, access)
    select m.principal, new.project_id, m.access
      from docket.members as m
     where m.organization_id = new.organization_id
       and m.project_id is null;

    return null;
end;
$$;

comment on function docket_private.spread_project() is
    'Shows a new project to the members of its organization.';

create trigger members_spread after insert or update or delete on docket.members
    for each row execute function docket_private.spread_membership();
create trigger projects_spread after insert or delete on docket.projects
    for each row execute function docket_private.spread_project();

revoke all on function docket_private.administered_organizations() from public;
revoke all on function docket_private.spread_membership() from public;
revoke all on function docket_private.spread_project() from public;
grant select on docket.projects
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
