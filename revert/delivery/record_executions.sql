-- Revert pgdocket:delivery/record_executions from pg

begin;

drop function docket_private.end_silent_executions(bigint, uuid);
drop function docket.heartbeat_execution(uuid);
drop function docket.execution_log(uuid, jsonb, uuid);
drop function docket.finish_execution(
    uuid, text, integer, text, text, text, text, numeric, numeric, jsonb, timestamptz, jsonb,
    uuid);
drop function docket.enter_execution_phase(uuid, text, uuid);
drop function docket_private.close_phase(jsonb, timestamptz);
drop function docket.start_execution(
    uuid, text, uuid, uuid, uuid, text, text, jsonb, uuid, timestamptz, jsonb, integer, uuid);
drop function docket_private.require_running(docket.execution_history);
drop function docket_private.find_execution(uuid, boolean);
drop function docket_private.execution_refused(text, text);
drop function docket_private.preview(text, integer);

commit;
