-- Revert pgdocket:delivery/record_errors from pg

begin;

drop function docket.resolve_error(uuid, text, uuid);
drop function docket.list_error_groups(uuid, boolean, text, uuid, integer);
drop function docket.list_errors(
    uuid, uuid, uuid, uuid, text, text, timestamptz, timestamptz, uuid, integer);
drop function docket.record_error(
    uuid, text, text, text, text, uuid, uuid, uuid, jsonb, text, jsonb, text, integer, timestamptz,
    jsonb, uuid);
drop function docket_private.fingerprint(text, text, text);
drop function docket_private.frames(text);
drop function docket_private.normalized(text);

commit;
