-- Revert pgdocket:projects/write_workflows from pg

begin;

drop function docket.update_workflow(uuid, jsonb, bigint, uuid);
drop function docket.create_workflow(uuid, text, jsonb, uuid);

commit;
