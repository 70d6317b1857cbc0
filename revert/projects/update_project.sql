-- Revert pgdocket:projects/update_project from pg

begin;

drop function docket.update_project(uuid, jsonb, bigint, uuid);
drop function docket_private.require_version(text, bigint, bigint);
drop function docket_private.require_keys(jsonb, text[], text);

commit;
