-- Revert pgdocket:delivery/put_deployment_scripts from pg

begin;

drop function docket.retire_deployment_script(uuid, text, uuid);
drop function docket.put_deployment_script(
    uuid, text, text, text, text[], text[], text[], text[], text[], integer, integer, integer,
    text, bytea, jsonb, bigint, uuid);
drop function docket_private.store_script(
    docket.deployment_scripts, docket.deployment_scripts, text, text[]);
drop function docket_private.set_script_dependencies(docket.deployment_scripts, text[]);
drop function docket_private.check_script_cycle(docket.deployment_scripts, uuid[]);
drop function docket_private.find_script(uuid, text);
drop function docket_private.lock_scripts(uuid);

commit;
