-- Verify pgdocket:ops/server_views on pg

begin;

select from docket.connection_states where false;
select from docket.blocking_chains where false;
select from docket.table_sizes where false;
select from docket.index_usage where false;
select from docket.table_scans where false;
select from docket.table_bloat where false;
select from docket.partition_overview where false;
select from docket.vacuum_status where false;
select from docket.cache_hits where false;
select 'docket.slow_statements(integer)'::regprocedure;

rollback;
