-- Revert pgdocket:projects/projects from pg

begin;

alter table docket.members drop constraint members_project_fkey;
drop trigger members_spread on docket.members;
drop table docket.projects;
drop function docket_private.spread_project();
drop function docket_private.spread_membership();
drop function docket_private.administered_organizations();

commit;
