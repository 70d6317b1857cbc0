-- Revert pgdocket:context/update_task_status from pg

begin;

drop function docket.mark_task_completed(uuid, jsonb, uuid);
drop function docket.update_task_status(uuid, text, jsonb, bigint, jsonb, uuid);

commit;
