-- Revert pgdocket:queue/read_queue from pg

begin;

drop function docket.queue_overview(uuid);
drop function docket.list_attempts(uuid);
drop function docket.next_tasks(uuid, uuid, text[], integer);

commit;
