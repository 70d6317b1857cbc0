-- Revert pgdocket:queue/complete_tasks from pg

begin;

drop function docket.complete_and_claim(uuid, jsonb, integer, integer, uuid, text[], text[], uuid);
drop function docket.complete_task(uuid, jsonb, numeric, integer, uuid);
drop function docket.complete_tasks(jsonb, uuid);
drop function docket_private.check_completions(jsonb);
drop function docket_private.complete_held(uuid[], jsonb[], numeric[], smallint[], integer);
drop function docket_private.lease_lost(uuid);
drop function docket_private.tasks_of_attempts(uuid[]);

commit;
