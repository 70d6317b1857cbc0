-- Revert pgdocket:platform/clock from pg

begin;

drop function docket.clock();

commit;
