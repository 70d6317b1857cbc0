-- The fixture's project, and its tasks by key.

create or replace function docket_test.project(slug text default 'fixture') returns uuid
language plpgsql
as $$
declare
    v_project docket.projects;
begin
    v_project := docket.create_project(slug => project.slug, name => initcap(project.slug));
    perform pg_catalog.set_config('docket_test.project_id', v_project.project_id::text, true);
    return v_project.project_id;
end;
$$;

comment on function docket_test.project(text) is
    'Makes a project and lets the other fixtures of this transaction work in it. Returns its id.';

create or replace function docket_test.project_id() returns uuid
language sql
stable
as $$
    select nullif(pg_catalog.current_setting('docket_test.project_id', true), '')::uuid;
$$;

comment on function docket_test.project_id() is
    'The id of the project that the fixtures of this transaction work in; null before there is one.';

-- The rights of the fixtures' owner, so that it answers whatever role a test acts as.
create or replace function docket_test.id(key text) returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task_id uuid;
begin
    select t.task_id into strict v_task_id
      from docket.tasks as t
     where t.project_id = docket_test.project_id()
       and t.task_key = id.key;

    return v_task_id;
exception
    when no_data_found then
        raise exception 'the fixture has no task %', id.key;
end;
$$;

comment on function docket_test.id(text) is
    'The id of a task of the fixture''s project, by its `key`. Raises P0001 where there is none.';

create or replace function docket_test.key(task_id uuid) returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select t.task_key
      from docket.tasks as t
     where t.task_id = key.task_id;
$$;

comment on function docket_test.key(uuid) is
    'The key of a task, for answers that read as sentences.';

create or replace function docket_test.member(
    principal    text,
    access_level text default 'writer'
) returns uuid
language sql
as $$
    insert into docket.members (organization_id, project_id, principal, access)
    select p.organization_id, p.project_id, member.principal, member.access_level
      from docket.projects as p
     where p.project_id = docket_test.project_id()
    returning member_id;
$$;

comment on function docket_test.member(text, text) is
    'Lets a `principal` see the fixture''s project, with `access_level` reader, writer or admin; then "set local role" to act as it. Returns the membership''s id.';
