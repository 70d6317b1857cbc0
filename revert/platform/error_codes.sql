-- Revert pgdocket:platform/error_codes from pg

begin;

drop table docket.error_codes;

commit;
