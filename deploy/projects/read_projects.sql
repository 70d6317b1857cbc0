-- Deploy pgdocket:projects/read_projects to pg
-- requires: projects/projects

begin;
set local role docket_owner;

create function docket.project_id(reference text) returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_found uuid[] := array(
        select p.project_id
          from docket.projects as p
         where p.slug = project_id.reference
            or p.project_id::text = lower(project_id.reference));
begin
    if cardinality(v_found) = 0 then
        raise exception 'project "%" does not exist', left(project_id.reference, 100)
            using errcode = 'PD404',
                  hint    = 'docket.list_projects() lists the projects that you may see.';
    end if;

    if cardinality(v_found) > 1 then
        raise exception '% projects are called "%"', cardinality(v_found),
                        left(project_id.reference, 100)
            using errcode = 'PD409',
                  detail  = to_jsonb(v_found)::text,
                  hint    = 'They belong to different organizations: use the id.';
    end if;

    return v_found[1];
end;
$$;

comment on function docket.project_id(text) is
'The id of the project that people call `reference`: its slug, or its id.

Returns the id. Raises PD404, and PD409 where two organizations of the caller use the slug.';

create function docket.get_project(project_id uuid) returns docket.projects
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project docket.projects;
begin
    select p.* into v_project
      from docket.projects as p
     where p.project_id = get_project.project_id;

    if not found then
        raise exception 'project % does not exist', coalesce(get_project.project_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_projects() lists the projects that you may see.';
    end if;

    return v_project;
end;
$$;

comment on function docket.get_project(uuid) is
'One project by its id, `project_id`. Returns the project. Raises PD404.';

create function docket.list_projects(
    after            uuid    default null,
    page_size        integer default 100,
    include_archived boolean default false
) returns setof docket.projects
language sql
stable
begin atomic
    select p.*
      from docket.projects as p
     where (list_projects.after is null or p.project_id > list_projects.after)
       and (list_projects.include_archived or p.archived_at is null)
     order by p.project_id
     limit least(greatest(list_projects.page_size, 1), 1000);
end;

comment on function docket.list_projects(uuid, integer, boolean) is
'The projects that the caller may see, the oldest first.

`after` is the id of the last project of the previous page, `page_size` is in rows (1 to 1000),
`include_archived` adds those that were put away.
Returns projects; raises nothing.';

revoke all on function docket.project_id(text) from public;
revoke all on function docket.get_project(uuid) from public;
revoke all on function docket.list_projects(uuid, integer, boolean) from public;
grant execute on function
    docket.project_id(text),
    docket.get_project(uuid),
    docket.list_projects(uuid, integer, boolean)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
