-- Revert pgdocket:delivery/send_linear from pg

begin;

drop function docket.fail_linear_change(uuid, text, interval, uuid);
drop function docket.acknowledge_linear_change(uuid, jsonb, uuid);
drop function docket_private.hold_linear_change(uuid);
drop function docket.pending_linear_changes(uuid, integer, integer);
drop function docket_private.lease_linear(uuid, integer, integer, jsonb);

commit;
