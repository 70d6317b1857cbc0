-- Verify pgdocket:exchange/import_tasks_json on pg

begin;

select 1 / has_function_privilege(
           'docket_app',
           'docket.import_tasks_json(text, text, bytea, text, boolean, jsonb, uuid)', 'execute'
       )::integer;
select 1 / count(*)
  from pg_catalog.pg_proc as p
 where p.oid
       = 'docket.import_tasks_json(text, text, bytea, text, boolean, jsonb, uuid)'::regprocedure
   and p.prosecdef
   and p.proconfig @> array['search_path=pg_catalog, pg_temp'];
select 'docket_private.earlier_version(uuid, text, bytea)'::regprocedure,
       'docket_private.imported_before(uuid, text, bytea)'::regprocedure;

rollback;
