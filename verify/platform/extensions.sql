-- Verify pgdocket:platform/extensions on pg

begin;

select 1 / (count(*) = 3)::integer
  from pg_catalog.pg_extension as e
 where e.extname in ('hstore', 'pg_trgm', 'btree_gin')
   and e.extnamespace = 'docket_ext'::regnamespace;

rollback;
