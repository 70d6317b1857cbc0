-- Revert pgdocket:platform/principal from pg

begin;

drop function docket_private.is_auditor();
drop function docket_private.is_operator();
drop function docket.principal();

commit;
