-- Verify pgdocket:delivery/record_deployments on pg

begin;

select 'docket_private.find_deployment(uuid)'::regprocedure;
select 'docket_private.require_ready_to_deploy(
    docket.deployment_scripts, text, boolean)'::regprocedure;
select 'docket.start_deployment(
    uuid, text, text, boolean, integer, uuid, uuid, uuid, jsonb, integer, jsonb,
    uuid)'::regprocedure;
select 'docket.finish_deployment(
    uuid, text, integer, text, text, text, jsonb, uuid)'::regprocedure;
select 'docket.get_deployment(uuid)'::regprocedure;
select 'docket.list_deployments(
    uuid, text, text, text, uuid, timestamptz, timestamptz, uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.start_deployment( uuid, text, text, boolean, integer, uuid, uuid, uuid, jsonb, integer, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.finish_deployment(uuid, text, integer, text, text, text, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.get_deployment(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_deployments( uuid, text, text, text, uuid, timestamptz, timestamptz, uuid, integer)', 'execute')::integer;

rollback;
