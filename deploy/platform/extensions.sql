-- Deploy pgdocket:platform/extensions to pg
-- requires: platform/schemas

begin;

-- A database has each extension once, in one schema, and whoever has put it there uses it there.
do $$
declare
    v_elsewhere text := (
        select string_agg(format('%I in schema %I', e.extname, n.nspname), ', ' order by e.extname)
          from pg_catalog.pg_extension as e
          join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
         where e.extname in ('hstore', 'pg_trgm', 'btree_gin'));
begin
    if v_elsewhere is not null then
        raise exception 'the database has %, which pgdocket needs in docket_ext', v_elsewhere
            using errcode = 'PD409',
                  hint    = 'Deploy to a database of its own; or drop them where nothing uses them.';
    end if;
end;
$$;

-- All three are trusted: whoever may create in the database may install them.
create extension hstore schema docket_ext;
create extension pg_trgm schema docket_ext;
create extension btree_gin schema docket_ext;

-- The deployer may be a stranger to docket_ext's owner, and client roles read through
-- operators of these extensions.
grant usage on schema docket_ext
   to docket_owner, docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
