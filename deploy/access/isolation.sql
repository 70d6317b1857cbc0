-- Deploy pgdocket:access/isolation to pg
-- requires: access/members
-- requires: platform/principal

begin;
set local role docket_owner;

-- Read by every row-level policy, once for each table of each statement, and so written for
-- speed: one look-up, and no call of another function on the way that most sessions take.
-- Security definer, because the roles that read under a policy may not read who else may see what.
create function docket_private.visible_projects() returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_principal text := case current_setting('role')
                            when 'none' then session_user else current_setting('role')
                        end;
begin
    if coalesce(current_setting('docket.actor', true), '') <> '' then
        v_principal := docket.principal();
    elsif pg_has_role(v_principal, 'docket_admin', 'member')
          or pg_has_role(v_principal, 'docket_maintenance', 'member') then
        -- An operator who speaks for nobody else: is_operator().
        return array(select p.project_id from docket_private.organization_projects as p);
    end if;

    return array(
        select a.project_id
          from docket_private.project_access as a
         where a.principal = v_principal);
end;
$$;

comment on function docket_private.visible_projects() is
    'The projects whose rows the principal may see; an operator sees all.';

-- Clients and functions are under the same rule. It is said in two halves, of which the first is
-- never true where the second, the rule, is not: whoever acts in his own name sees at least what
-- his own memberships say, and that is one look into an index, made a part of the plan, for half of
-- what the call costs. And a condition with an "or" is asked of rows that were found by other
-- conditions, and not where none was found. (Processor time of a claim with its completion, without
-- row-level security 1: 1.17 with the call alone, 1.15 where it is asked of rows only, 1.11 with
-- both halves. Time of a client that reads a context, against the row by its key: 1.6 with the
-- call, 1.25 with both halves.)
create procedure docket_private.add_isolation(
    target            regclass,
    functions_see_all boolean default false
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table   name := (
        select c.relname from pg_catalog.pg_class as c where c.oid = add_isolation.target);
    v_clients text := 'docket_admin, docket_app, docket_agent, docket_reader, docket_auditor';
begin
    -- For reading and writing: it is about whose rows they are. Whether a principal may change
    -- what he sees is asked by the functions, which are the only way to write.
    -- DDL takes no parameters: hence format().
    execute format('alter table %s enable row level security', add_isolation.target);
    execute format('alter table %s force row level security', add_isolation.target);
    execute format(
        'create policy %I on %s to %s '
        'using (project_id = any (array('
                   'select a.project_id '
                     'from docket_private.project_access as a '
                    'where a.principal = session_user '
                      'and current_setting(''role'') = ''none'' '
                      'and current_setting(''docket.actor'', true) is null)) '
              'or project_id = any ((select docket_private.visible_projects())::uuid[]))',
        v_table || '_of_visible_projects', add_isolation.target,
        case when add_isolation.functions_see_all
            then v_clients
            else 'docket_owner, ' || v_clients
        end);

    if add_isolation.functions_see_all then
        execute format('create policy %I on %s to docket_owner using (true)',
                       v_table || '_by_functions', add_isolation.target);
    end if;
end;
$$;

comment on procedure docket_private.add_isolation(regclass, boolean) is
    'Hides the rows of a table with a project_id from whoever may not see the project, its owner included, unless `functions_see_all`: functions reach it by keys that they have been let through to already.';

-- The journal came before there was anybody to hide it from. It is written by triggers in
-- whoever's name, and never changed by anybody.
alter table docket.audit_log enable row level security;
alter table docket.audit_log force row level security;
alter table docket.audit_log_default enable row level security;
alter table docket.audit_log_default force row level security;

create policy audit_log_read on docket.audit_log for select
    using ((select docket_private.is_operator())
           or project_id = any ((select docket_private.visible_projects())::uuid[]));
create policy audit_log_insert on docket.audit_log for insert to docket_owner
    with check (true);
-- An auditor's verify_audit() reads all of it, and says no more than whether it is what was sealed.
-- By himself he sees what he may: he is not docket_owner.
create policy audit_log_verify on docket.audit_log for select to docket_owner
    using ((select docket_private.is_auditor()));

revoke all on function docket_private.visible_projects() from public;
revoke all on procedure docket_private.add_isolation(regclass, boolean) from public;
grant execute on function docket_private.visible_projects(), docket_private.is_operator()
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.audit_log
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
