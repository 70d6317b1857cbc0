-- Verify pgdocket:analytics/refresh_tallies on pg

begin;

select tally, description, refreshed_at, took_ms, row_count, problem
  from docket.tallies
 where false;
-- Each is there, and can be refreshed beside who reads it: it has a unique index.
select 1 / (count(*) = (select count(*) from docket.tallies))::integer
  from docket.tallies as t
  join pg_catalog.pg_class as c on c.oid = to_regclass('docket_private.' || t.tally)
 where c.relkind = 'm'
   and exists (select from pg_catalog.pg_index as i where i.indrelid = c.oid and i.indisunique);
select 1 / count(*) from docket.settings where setting_key = 'tally_max_age_seconds';

select 'docket_private.refresh_tallies(boolean)'::regprocedure;
select 'docket.refresh_tallies()'::regprocedure;
select 1 / has_function_privilege('docket_maintenance', 'docket.refresh_tallies()', 'execute')::integer;
select 1 / (not has_function_privilege('docket_app', 'docket.refresh_tallies()', 'execute'))::integer;

rollback;
