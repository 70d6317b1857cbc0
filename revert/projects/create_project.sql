-- Revert pgdocket:projects/create_project from pg

begin;

drop function docket.create_project(text, text, text, text, jsonb, uuid, uuid);
drop function docket_private.default_organization();

commit;
