-- Revert pgdocket:queue/fail_task from pg

begin;

drop function docket.release_task(uuid, text, timestamptz, uuid);
drop function docket.fail_task(uuid, text, text, jsonb, uuid);
drop function docket_private.hold_attempt(uuid);

commit;
