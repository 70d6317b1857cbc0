-- Verify pgdocket:ops/schema_migrations on pg

begin;

select migration_no, change, change_id, tags, note, script_hash, deployed_at, deployed_by,
       planned_at, planned_by
  from docket.schema_migrations
 where false;
select 1 / has_table_privilege('docket_reader', 'docket.schema_migrations', 'select')::integer;

rollback;
