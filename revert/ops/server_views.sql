-- Revert pgdocket:ops/server_views from pg

begin;
set local role docket_owner;

drop function docket.slow_statements(integer);
drop view docket.cache_hits;
drop view docket.vacuum_status;
drop view docket.partition_overview;
drop view docket.table_bloat;
drop view docket.table_scans;
drop view docket.index_usage;
drop view docket.table_sizes;
drop view docket.blocking_chains;
drop view docket.connection_states;

commit;
