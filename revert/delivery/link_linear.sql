-- Revert pgdocket:delivery/link_linear from pg

begin;

drop function docket.list_linear_conflicts(uuid, text, integer);
drop function docket.list_linear_sync(uuid, text, uuid, integer);
drop function docket.get_linear_sync(uuid);
drop function docket_private.linear_status_of(docket.linear_sync, docket.tasks);
drop function docket.retry_linear_sync(uuid, uuid);
drop function docket.resolve_linear_conflict(uuid, text, text, uuid);
drop function docket.unlink_linear_issue(uuid, uuid);
drop function docket.link_linear_issue(uuid, jsonb, text, jsonb, text, uuid);
drop function docket_private.insert_linear(uuid, uuid, text, text, jsonb);
drop function docket_private.take_side(docket.linear_sync, text[], text);
drop function docket_private.settle_linear(docket.linear_sync);
drop function docket_private.learn_issue(docket.linear_sync, jsonb, text, integer, text[], boolean);
drop function docket_private.find_linear(uuid);
drop function docket_private.hold_linear(uuid, uuid);

commit;
