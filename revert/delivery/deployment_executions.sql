-- Revert pgdocket:delivery/deployment_executions from pg

begin;

drop trigger execution_history_end_deployment on docket.execution_history;
drop function docket_private.end_deployment();
drop table docket.deployment_executions;

commit;
