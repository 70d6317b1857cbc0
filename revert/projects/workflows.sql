-- Revert pgdocket:projects/workflows from pg

begin;

drop table docket.workflows;
drop domain docket.workflow_status;

commit;
