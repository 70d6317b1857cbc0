-- Revert pgdocket:analytics/workflow_efficiency from pg

begin;
set local role docket_owner;

drop view docket.task_performance;
drop function docket.workflow_efficiency(uuid);

commit;
