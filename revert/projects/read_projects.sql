-- Revert pgdocket:projects/read_projects from pg

begin;

drop function docket.list_projects(uuid, integer, boolean);
drop function docket.get_project(uuid);
drop function docket.project_id(text);

commit;
