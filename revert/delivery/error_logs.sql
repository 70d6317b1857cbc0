-- Revert pgdocket:delivery/error_logs from pg

begin;

delete from docket.partition_policies where table_name = 'error_logs';

drop function docket_private.resolve_errors(docket.execution_history);
drop function docket_private.error_source(docket.execution_history);
drop table docket.error_logs;
drop table docket.error_sources;
drop table docket.error_groups;
drop domain docket.error_resolution;
drop domain docket.severity;

commit;
