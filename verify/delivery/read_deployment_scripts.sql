-- Verify pgdocket:delivery/read_deployment_scripts on pg

begin;

select 'docket_private.find_script_version(docket.deployment_scripts, integer)'::regprocedure;
select 'docket.get_deployment_script(uuid, text, integer)'::regprocedure;
select 'docket.list_deployment_scripts(uuid, text, text, boolean, text, integer)'::regprocedure;
select 'docket.list_deployment_script_versions(uuid, text, integer, integer)'::regprocedure;
select 'docket_private.script_waits(uuid, text)'::regprocedure;
select 'docket_private.last_deployments(uuid, text)'::regprocedure;
select 'docket_private.unmet_scripts(uuid, text)'::regprocedure;
select 'docket_private.missing_permissions(uuid, text[])'::regprocedure;
select 'docket_private.read_environment(text)'::regprocedure;
select 'docket_private.needs_confirmation(uuid, text)'::regprocedure;
select 'docket_private.require_deployable(docket.deployment_scripts, text)'::regprocedure;
select 'docket_private.plan_asked_for(uuid, text, text)'::regprocedure;
select 'docket.deployment_plan(uuid, text, text)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.get_deployment_script(uuid, text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_deployment_scripts(uuid, text, text, boolean, text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_deployment_script_versions(uuid, text, integer, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.deployment_plan(uuid, text, text)', 'execute')::integer;

rollback;
