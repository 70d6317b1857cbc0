-- Revert pgdocket:access/members from pg

begin;

drop table docket_private.organization_projects;
drop table docket_private.project_access;
drop table docket.members;
drop domain docket.access_level;

commit;
