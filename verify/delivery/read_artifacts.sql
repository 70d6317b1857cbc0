-- Verify pgdocket:delivery/read_artifacts on pg

begin;

select 'docket.get_artifact(uuid)'::regprocedure;
select 'docket.find_artifact(uuid, text, integer)'::regprocedure;
select 'docket.list_artifacts(
    uuid, uuid, text, text, bytea, uuid, uuid, boolean, uuid, integer)'::regprocedure;
select 'docket.artifact_content(uuid, bigint, bigint)'::regprocedure;
select 'docket.verify_artifacts(uuid, uuid, integer, bigint)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.get_artifact(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.find_artifact(uuid, text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_artifacts( uuid, uuid, text, text, bytea, uuid, uuid, boolean, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.artifact_content(uuid, bigint, bigint)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.verify_artifacts(uuid, uuid, integer, bigint)', 'execute')::integer;

rollback;
