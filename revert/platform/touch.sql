-- Revert pgdocket:platform/touch from pg

begin;

drop procedure docket_private.add_touch(regclass);
drop function docket_private.touch();

commit;
