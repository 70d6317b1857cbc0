-- Revert pgdocket:knowledge/use_templates from pg

begin;

drop function docket.template_effectiveness(uuid, uuid, timestamptz);
drop function docket.list_template_uses(uuid, uuid, integer);
drop function docket.instantiate_workflow(uuid, jsonb, text, bigint, uuid);
drop function docket_private.workflow_tasks(docket.workflows, jsonb);
drop function docket.record_template_use(uuid, uuid, jsonb, bigint, uuid);

commit;
