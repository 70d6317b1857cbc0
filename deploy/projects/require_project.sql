-- Deploy pgdocket:projects/require_project to pg
-- requires: projects/projects

begin;
set local role docket_owner;

-- The first line of every transition. Row-level security would hide the rows anyway; this
-- tells the caller so, instead of silently changing nothing.
create function docket_private.require_project(
    project_id uuid,
    to_write   boolean default true
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_access text := (
        select a.access
          from docket_private.project_access as a
         where a.principal  = docket.principal()
           and a.project_id = require_project.project_id);
begin
    if v_access is null and docket_private.is_operator() then
        v_access := (
            select 'admin'
              from docket_private.organization_projects as p
             where p.project_id = require_project.project_id);
    end if;

    if v_access is null then
        raise exception 'project % does not exist',
                        coalesce(require_project.project_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_projects() lists the projects that you may see.';
    end if;

    if require_project.to_write and v_access = 'reader' then
        raise exception 'project % may be read by %, not changed',
                        require_project.project_id, docket.principal()
            using errcode = 'PD403',
                  hint    = 'An admin of the project can give more with docket.grant_access().';
    end if;
end;
$$;

comment on function docket_private.require_project(uuid, boolean) is
    'Raises PD404 unless the principal may see the project, and PD403 unless he may change it where `to_write`.';

create function docket_private.writable_projects() returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if docket_private.is_operator() then
        return array(select p.project_id from docket_private.organization_projects as p);
    end if;

    return array(
        select a.project_id
          from docket_private.project_access as a
         where a.principal = docket.principal()
           and a.access <> 'reader');
end;
$$;

comment on function docket_private.writable_projects() is
    'The projects that the principal may change; an operator changes all.';

-- Why a constraint refuses a row, for people: the comment on the constraint.
create function docket_private.constraint_text(
    table_name      text,
    constraint_name text
) returns text
language sql
stable
begin atomic
    select obj_description(c.oid, 'pg_constraint')
      from pg_catalog.pg_constraint as c
     where c.connamespace = 'docket'::regnamespace
       and c.conname      = constraint_text.constraint_name
       and (c.contypid <> 0
            or c.conrelid = to_regclass(
                   'docket.' || quote_ident(nullif(constraint_text.table_name, ''))));
end;

comment on function docket_private.constraint_text(text, text) is
    'What a constraint of a table in schema docket, or of a domain in it, asks for, in words.';

revoke all on function docket_private.require_project(uuid, boolean) from public;
revoke all on function docket_private.writable_projects() from public;
revoke all on function docket_private.constraint_text(text, text) from public;

commit;
