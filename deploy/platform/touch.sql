-- Deploy pgdocket:platform/touch to pg
-- requires: platform/clock
-- requires: platform/principal

begin;
set local role docket_owner;

create function docket_private.touch() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.created_at := old.created_at;
    new.created_by := old.created_by;
    new.updated_at := docket.clock();
    new.updated_by := docket.principal();
    new.version    := old.version + 1;
    return new;
end;
$$;

comment on function docket_private.touch() is
    'Keeps the birth of a row, and stamps time, principal and version of its change.';

create procedure docket_private.add_touch(target regclass)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table name := (select c.relname from pg_catalog.pg_class as c where c.oid = add_touch.target);
begin
    -- A row that does not change keeps its version. DDL takes no parameters: hence format().
    execute format(
        'create trigger %I before update on %s for each row '
        'when (old.* is distinct from new.*) execute function docket_private.touch()',
        v_table || '_touch', add_touch.target);
end;
$$;

comment on procedure docket_private.add_touch(regclass) is
    'Gives a table with created_at, created_by, updated_at, updated_by and version the trigger that keeps them.';

revoke all on function docket_private.touch() from public;
revoke all on procedure docket_private.add_touch(regclass) from public;

commit;
