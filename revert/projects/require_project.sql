-- Revert pgdocket:projects/require_project from pg

begin;

drop function docket_private.constraint_text(text, text);
drop function docket_private.writable_projects();
drop function docket_private.require_project(uuid, boolean);

commit;
