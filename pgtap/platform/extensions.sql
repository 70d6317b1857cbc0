-- The extensions that are needed are in a schema of their own, where no name can be shadowed.

begin;
select plan(3);

select results_eq(
    $$ select e.extname::text collate "default"
         from pg_catalog.pg_extension as e
        where e.extnamespace = 'docket_ext'::regnamespace
        order by 1 $$,
    array['btree_gin', 'hstore', 'pg_trgm'],
    'hstore, pg_trgm and btree_gin are in docket_ext');

select is_empty(
    $$ select e.extname
         from pg_catalog.pg_extension as e
         join pg_catalog.pg_available_extension_versions as a
           on a.name = e.extname
          and a.installed
        where e.extnamespace = 'docket_ext'::regnamespace
          and not a.trusted $$,
    'each of them is trusted: no superuser is needed to install it');

set local role docket_app;
select throws_ok(
    'create function docket_ext.shadow() returns integer language sql as ''select 1''',
    '42501', 'permission denied for schema docket_ext',
    'a client can put nothing beside them');

select * from finish();
rollback;
