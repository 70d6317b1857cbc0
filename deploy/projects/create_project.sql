-- Deploy pgdocket:projects/create_project to pg
-- requires: projects/require_project

begin;
set local role docket_owner;

-- The organization in which a principal's projects are made when none is named: the only one
-- that he administers, else his own, made now.
create function docket_private.default_organization() returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_organizations uuid[] := docket_private.administered_organizations();
    v_organization  uuid   := docket_private.new_id();
begin
    if cardinality(v_organizations) = 1 then
        return v_organizations[1];
    end if;

    -- Two sessions of one new principal meet here: the second waits, and finds the first's.
    insert into docket.organizations (organization_id, name, personal_principal)
    values (v_organization, docket.principal(), docket.principal())
        on conflict on constraint organizations_personal_principal_key do nothing;

    if not found then
        return (select o.organization_id
                  from docket.organizations as o
                 where o.personal_principal = docket.principal());
    end if;

    insert into docket.members (organization_id, principal, access)
    values (v_organization, docket.principal(), 'admin');

    return v_organization;
end;
$$;

comment on function docket_private.default_organization() is
    'The organization for a project of somebody who names none; his own is made when there is none.';

create function docket.create_project(
    slug            text,
    name            text  default null,
    description     text  default null,
    repository_url  text  default null,
    settings        jsonb default '{}',
    organization_id uuid  default null,
    request_id      uuid  default null
) returns docket.projects
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer       jsonb := docket_private.replay(request_id, 'create_project');
    v_organization uuid;
    v_project      docket.projects;
    v_id           uuid  := docket_private.new_id();
    v_constraint   text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.projects, v_answer);
    end if;

    v_organization := coalesce(
        create_project.organization_id, docket_private.default_organization());
    if not v_organization = any (docket_private.administered_organizations()) then
        raise exception 'organization % does not exist', v_organization
            using errcode = 'PD404',
                  hint    = 'Only an admin of an organization makes projects in it.';
    end if;

    begin
        insert into docket.projects (
            project_id, organization_id, slug, name, description, repository_url, settings)
        values (
            v_id, v_organization, create_project.slug,
            coalesce(create_project.name, create_project.slug), create_project.description,
            create_project.repository_url, coalesce(create_project.settings, '{}'));
    exception
        when unique_violation then
            raise exception 'project "%" exists already', create_project.slug
                using errcode = 'PD409',
                      hint    = 'Choose another slug, or go on with that project.';
        when check_violation or not_null_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'project % is refused: %',
                            coalesce(quote_literal(left(create_project.slug, 100)),
                                     'without a slug'),
                            coalesce(
                                docket_private.constraint_text('projects', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    -- A new statement: the row may be seen only once its access has been spread.
    select p.* into v_project
      from docket.projects as p
     where p.project_id = v_id;

    perform docket_private.remember(request_id, to_jsonb(v_project));
    return v_project;
end;
$$;

comment on function docket.create_project(text, text, text, text, jsonb, uuid, uuid) is
'Makes a project; its maker, and the members of its organization, see it.

`slug` is the short name (lower-case letters, digits, ".", "_", "-"; up to 63), `name` the name
that people read (default: the slug), `repository_url` where its code lives, `settings` its own
values for docket.settings, `organization_id` its owner (default: the only organization that the
caller administers, else his own, made when there is none). The same `request_id` again returns
the first answer. Returns the project. Raises PD409 (slug taken), PD404 (no such organization),
PD422.';

revoke all on function docket_private.default_organization() from public;
revoke all on function docket.create_project(text, text, text, text, jsonb, uuid, uuid) from public;
grant execute on function docket.create_project(text, text, text, text, jsonb, uuid, uuid)
   to docket_admin, docket_app;

commit;
