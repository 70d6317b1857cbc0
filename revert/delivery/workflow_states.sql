-- Revert pgdocket:delivery/workflow_states from pg

begin;

drop function docket.workflow_state_metrics(uuid);
drop function docket.list_workflow_states(uuid, uuid, uuid, uuid, integer);
drop function docket.retry_workflow_step(text, uuid, uuid, uuid, timestamptz, uuid);
drop function docket.enter_workflow_state(text, uuid, uuid, uuid, text, integer, jsonb, uuid);
drop function docket_private.lock_stateful(uuid, uuid, uuid);
drop table docket.workflow_states;
drop function docket_private.time_workflow_state();
drop domain docket.workflow_state;

commit;
