-- Revert pgdocket:projects/pause_project from pg

begin;

drop function docket.resume_project(uuid, uuid);
drop function docket.pause_project(uuid, uuid);

commit;
