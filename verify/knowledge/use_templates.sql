-- Verify pgdocket:knowledge/use_templates on pg

begin;

select 'docket.record_template_use(uuid, uuid, jsonb, bigint, uuid)'::regprocedure;
select 'docket_private.workflow_tasks(docket.workflows, jsonb)'::regprocedure;
select 'docket.instantiate_workflow(uuid, jsonb, text, bigint, uuid)'::regprocedure;
select 'docket.list_template_uses(uuid, uuid, integer)'::regprocedure;
select 'docket.template_effectiveness(uuid, uuid, timestamptz)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.record_template_use(uuid, uuid, jsonb, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.instantiate_workflow(uuid, jsonb, text, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_template_uses(uuid, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.template_effectiveness(uuid, uuid, timestamptz)', 'execute')::integer;

rollback;
