-- Nine roles that log in nowhere and are nobody's superior; clients may write no table themselves.

begin;
select plan(6);

select results_eq(
    $$ select r.rolname::text collate "default"
         from pg_catalog.pg_roles as r
        where r.rolname in (
                  'docket_owner', 'docket_admin', 'docket_app', 'docket_agent', 'docket_reader',
                  'docket_auditor', 'docket_metrics', 'docket_gateway', 'docket_maintenance')
          and not r.rolcanlogin
          and not r.rolsuper
          and not r.rolbypassrls
          and not r.rolcreaterole
          and not r.rolcreatedb
        order by 1 $$,
    array['docket_admin', 'docket_agent', 'docket_app', 'docket_auditor', 'docket_gateway',
          'docket_maintenance', 'docket_metrics', 'docket_owner', 'docket_reader'],
    'the nine roles are there, without login and without any power over the cluster');

select is_empty(
    $$ select m.roleid::regrole, m.member::regrole
         from pg_catalog.pg_auth_members as m
        where m.roleid::regrole::text like 'docket\_%'
          and m.member::regrole::text like 'docket\_%' $$,
    'no role of the nine is a member of another');

select is_empty(
    $$ select r.rolname, c.oid::regclass
         from pg_catalog.pg_roles as r
        cross join pg_catalog.pg_class as c
        where r.rolname in (
                  'docket_admin', 'docket_app', 'docket_agent', 'docket_reader', 'docket_auditor',
                  'docket_metrics', 'docket_gateway', 'docket_maintenance')
          and c.relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
          and c.relkind in ('r', 'p', 'v', 'm')
          and has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate, trigger') $$,
    'no client role may write, truncate or put a trigger on any table');

select is_empty(
    $$ select p.oid::regprocedure
         from pg_catalog.pg_proc as p
        where p.pronamespace = 'docket'::regnamespace
          and has_function_privilege('docket_reader', p.oid, 'execute')
          and p.provolatile = 'v' $$,
    'a reader may execute nothing that writes');

select is_empty(
    $$ select p.oid::regprocedure
         from pg_catalog.pg_proc as p
        where p.pronamespace = 'docket'::regnamespace
          and p.proname like 'purge\_%'
          and (has_function_privilege('docket_app', p.oid, 'execute')
               or has_function_privilege('docket_agent', p.oid, 'execute')) $$,
    'neither an application nor an agent may purge');

select ok(
    not has_database_privilege('docket_owner', current_database(), 'create')
    and not has_database_privilege('docket_app', current_database(), 'create'),
    'not even the owner of the schemas may create at the top of the database');

select * from finish();
rollback;
