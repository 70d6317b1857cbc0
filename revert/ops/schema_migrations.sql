-- Revert pgdocket:ops/schema_migrations from pg

begin;

drop view docket.schema_migrations;
drop function docket_private.read_registry();

do $$
begin
    if exists (
           select
             from pg_catalog.pg_class as c
             join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
            where n.nspname = 'sqitch'
              and c.relname = 'changes'
              and pg_catalog.pg_has_role(current_user, n.nspowner, 'usage')
              and pg_catalog.pg_has_role(current_user, c.relowner, 'usage')) then
        revoke select on sqitch.changes, sqitch.tags from docket_owner;
        revoke usage on schema sqitch from docket_owner;
    end if;
end;
$$;

commit;
