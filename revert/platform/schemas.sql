-- Revert pgdocket:platform/schemas from pg

begin;

drop schema docket_ext;
drop schema docket_private;
drop schema docket;

commit;
