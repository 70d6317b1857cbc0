-- Revert pgdocket:platform/schemas from pg

begin;

do $$
begin
    if exists (
           select
             from pg_catalog.pg_database as d
            cross join lateral aclexplode(d.datacl) as a
            where d.datname = current_database()
              and d.datdba  = current_user::regrole
              and a.grantee = 'docket_owner'::regrole
              and a.privilege_type = 'TEMPORARY') then
        execute format('revoke temporary on database %I from docket_owner', current_database());
        execute format('grant temporary on database %I to public', current_database());
    end if;
end;
$$;

alter default privileges for role docket_owner revoke usage on types
 from docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_gateway, docket_maintenance;
alter default privileges for role docket_owner grant usage on types to public;
alter default privileges for role docket_owner grant execute on functions to public;

drop schema docket_ext;
drop schema docket_private;
drop schema docket;

commit;
