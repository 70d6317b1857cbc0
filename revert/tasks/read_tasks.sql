-- Revert pgdocket:tasks/read_tasks from pg

begin;

revoke execute on function docket_private.read_status(text), docket_private.read_priority(jsonb)
  from docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

drop function docket.get_pending_tasks(uuid, integer);
drop function docket.list_tasks(
    uuid, text[], text, text, text[], text[], uuid, uuid, text, jsonb, jsonb, boolean, text, uuid,
    integer);
drop function docket.task_id(uuid, text);
drop function docket.get_task(uuid);

commit;
