-- Revert pgdocket:delivery/execution_history from pg

begin;

delete from docket.settings
 where setting_key in ('max_execution_log_lines', 'execution_lease_seconds');

delete from docket.partition_policies
 where table_name in ('execution_history', 'execution_log_lines');

drop table docket.execution_history;
drop table docket.execution_log_lines;
drop function docket_private.drop_log();
drop domain docket.execution_status;
drop domain docket.environment;
drop domain docket.execution_type;
drop function docket_private.id_at(uuid, timestamptz, bigint);
drop function docket_private.time_of_id(uuid);

commit;
