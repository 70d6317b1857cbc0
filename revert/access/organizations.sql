-- Revert pgdocket:access/organizations from pg

begin;

drop table docket.organizations;

commit;
