-- Revert pgdocket:delivery/validation_results from pg

begin;

drop table docket.validation_results;
drop function docket_private.read_validation_type(text);
drop domain docket.validation_status;
drop domain docket.validation_type;

commit;
