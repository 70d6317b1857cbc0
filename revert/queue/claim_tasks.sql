-- Revert pgdocket:queue/claim_tasks from pg

begin;

drop function docket.start_task(uuid, text, integer, uuid);
drop function docket.claim_tasks(
    uuid, text, integer, integer, uuid, uuid, text[], text[], uuid);
drop function docket_private.tasks_of_claim(jsonb);
drop function docket_private.claim(
    uuid, text, integer, integer, uuid, uuid, text[], text[]);
drop function docket_private.check_claim(text, integer);
drop function docket_private.promote_due(uuid);
drop function docket_private.take_ready(
    uuid, text, integer, interval, uuid, uuid, text[], text[], boolean);
drop function docket_private.begin_attempts(docket_private.claimable[], text, interval);
drop type docket_private.claimable;
drop function docket_private.lease(integer, jsonb);

commit;
