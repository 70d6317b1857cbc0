-- Revert pgdocket:delivery/read_deployment_scripts from pg

begin;

drop function docket.deployment_plan(uuid, text, text);
drop function docket_private.plan_asked_for(uuid, text, text);
drop function docket_private.require_deployable(docket.deployment_scripts, text);
drop function docket_private.needs_confirmation(uuid, text);
drop function docket_private.read_environment(text);
drop function docket_private.missing_permissions(uuid, text[]);
drop function docket_private.unmet_scripts(uuid, text);
drop function docket_private.last_deployments(uuid, text);
drop function docket_private.script_waits(uuid, text);
drop function docket.list_deployment_script_versions(uuid, text, integer, integer);
drop function docket.list_deployment_scripts(uuid, text, text, boolean, text, integer);
drop function docket.get_deployment_script(uuid, text, integer);
drop function docket_private.find_script_version(docket.deployment_scripts, integer);

commit;
