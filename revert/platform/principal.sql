-- Revert pgdocket:platform/principal from pg

begin;

drop function docket_private.is_operator();
drop function docket.principal();
drop function docket_private.session_role();

commit;
