-- Deploy pgdocket:access/isolation to pg
-- requires: access/members
-- requires: platform/principal

begin;
set local role docket_owner;

-- Read once per statement by every row-level policy. Security definer, because the roles
-- that read under a policy may not read who else may see what.
create function docket_private.visible_projects() returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if docket_private.is_operator() then
        return array(select distinct a.project_id from docket_private.project_access as a);
    end if;

    return array(
        select a.project_id
          from docket_private.project_access as a
         where a.principal = docket.principal());
end;
$$;

comment on function docket_private.visible_projects() is
    'The projects whose rows the principal may see; an operator sees all.';

create function docket_private.writable_projects() returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if docket_private.is_operator() then
        return array(select distinct a.project_id from docket_private.project_access as a);
    end if;

    return array(
        select a.project_id
          from docket_private.project_access as a
         where a.principal = docket.principal()
           and a.access <> 'reader');
end;
$$;

comment on function docket_private.writable_projects() is
    'The projects whose rows the principal may change.';

create procedure docket_private.add_isolation(target regclass)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table name := (select c.relname from pg_catalog.pg_class as c where c.oid = add_isolation.target);
    v_read  text := 'project_id = any ((select docket_private.visible_projects())::uuid[])';
    v_write text := 'project_id = any ((select docket_private.writable_projects())::uuid[])';
begin
    -- DDL takes no parameters: hence format().
    execute format('alter table %s enable row level security', add_isolation.target);
    execute format('alter table %s force row level security', add_isolation.target);
    execute format('create policy %I on %s for select using (%s)',
                   v_table || '_read', add_isolation.target, v_read);
    execute format('create policy %I on %s for insert with check (%s)',
                   v_table || '_insert', add_isolation.target, v_write);
    execute format('create policy %I on %s for update using (%s)',
                   v_table || '_update', add_isolation.target, v_write);
    execute format('create policy %I on %s for delete using (%s)',
                   v_table || '_delete', add_isolation.target, v_write);
end;
$$;

comment on procedure docket_private.add_isolation(regclass) is
    'Hides the rows of a table with a project_id from whoever may not see the project, its owner included.';

-- The journal came before there was anybody to hide it from. It is written by triggers in
-- whoever's name, and never changed by anybody.
alter table docket.audit_log enable row level security;
alter table docket.audit_log force row level security;
alter table docket.audit_log_default enable row level security;
alter table docket.audit_log_default force row level security;

create policy audit_log_read on docket.audit_log for select
    using (project_id = any ((select docket_private.visible_projects())::uuid[])
           or (select docket_private.is_operator()));
create policy audit_log_insert on docket.audit_log for insert to docket_owner
    with check (true);

revoke all on function docket_private.visible_projects() from public;
revoke all on function docket_private.writable_projects() from public;
revoke all on procedure docket_private.add_isolation(regclass) from public;
grant execute on function docket_private.visible_projects(), docket_private.writable_projects(),
                          docket_private.is_operator()
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.audit_log
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
