-- Revert pgdocket:knowledge/read_anew from pg

begin;

drop function docket_private.read_words(bigint);
drop trigger projects_words_update on docket.projects;
drop function docket_private.read_project_anew();
drop function docket_private.read_anew(uuid, bigint);

commit;
