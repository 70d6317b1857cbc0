-- Verify pgdocket:delivery/put_deployment_scripts on pg

begin;

select 'docket_private.lock_scripts(uuid)'::regprocedure;
select 'docket_private.find_script(uuid, text)'::regprocedure;
select 'docket_private.check_script_cycle(docket.deployment_scripts, uuid[])'::regprocedure;
select 'docket_private.set_script_dependencies(docket.deployment_scripts, text[])'::regprocedure;
select 'docket_private.store_script(
    docket.deployment_scripts, docket.deployment_scripts, text, text[])'::regprocedure;
select 'docket.put_deployment_script(
    uuid, text, text, text, text[], text[], text[], text[], text[], integer, integer, integer,
    text, bytea, jsonb, bigint, uuid)'::regprocedure;
select 'docket.retire_deployment_script(uuid, text, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_deployment_script( uuid, text, text, text, text[], text[], text[], text[], text[], integer, integer, integer, text, bytea, jsonb, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.retire_deployment_script(uuid, text, uuid)', 'execute')::integer;

rollback;
