-- Revert pgdocket:delivery/record_deployments from pg

begin;

drop function docket.list_deployments(
    uuid, text, text, text, uuid, timestamptz, timestamptz, uuid, integer);
drop function docket.get_deployment(uuid);
drop function docket.finish_deployment(
    uuid, text, integer, text, text, text, jsonb, uuid);
drop function docket.start_deployment(
    uuid, text, text, boolean, integer, uuid, uuid, uuid, jsonb, integer, jsonb, uuid);
drop function docket_private.require_ready_to_deploy(
    docket.deployment_scripts, text, boolean);
drop function docket_private.find_deployment(uuid);

commit;
