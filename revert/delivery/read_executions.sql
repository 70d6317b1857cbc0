-- Revert pgdocket:delivery/read_executions from pg

begin;

drop function docket.list_execution_log(uuid, bigint, integer);
drop function docket.execution_chain(uuid);
drop function docket.list_executions(
    uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, uuid, integer);
drop function docket_private.is_execution_asked(
    docket.execution_history, text, text, text, timestamptz, timestamptz, uuid);
drop function docket.get_execution(uuid);

commit;
