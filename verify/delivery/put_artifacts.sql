-- Verify pgdocket:delivery/put_artifacts on pg

begin;

select 'docket_private.check_attempts(uuid, uuid[], uuid[])'::regprocedure;
select 'docket_private.check_interactions_of(uuid, uuid[])'::regprocedure;
select 'docket_private.complete_artifacts(uuid, docket.code_artifacts[], bytea[])'::regprocedure;
select 'docket_private.keep_contents(docket.code_artifacts[], bytea[])'::regprocedure;
select 'docket_private.store_artifacts(
    uuid, docket.code_artifacts[], bytea[], uuid[])'::regprocedure;
select 'docket.put_artifact(
    uuid, text, bytea, text, text, bytea, text, text, bigint, uuid, uuid, jsonb,
    uuid)'::regprocedure;
select 'docket_private.check_artifacts(jsonb)'::regprocedure;
select 'docket.put_artifacts(jsonb, uuid)'::regprocedure;
select 'docket.link_artifacts(uuid, uuid[], uuid)'::regprocedure;
select 'docket.delete_artifact(uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_artifact( uuid, text, bytea, text, text, bytea, text, text, bigint, uuid, uuid, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.put_artifacts(jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.link_artifacts(uuid, uuid[], uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_app', 'docket.delete_artifact(uuid, uuid)', 'execute')::integer;

rollback;
