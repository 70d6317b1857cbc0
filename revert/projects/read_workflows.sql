-- Revert pgdocket:projects/read_workflows from pg

begin;

drop function docket.list_workflows(uuid, uuid, integer);
drop function docket.get_workflow(uuid);

commit;
