-- Verify pgdocket:observability/cdevents on pg

begin;

select 'docket_private.cdevent_vocabulary()'::regprocedure;
select 'docket_private.cdevent_problem(jsonb)'::regprocedure;
select 'docket_private.uri_path(text)'::regprocedure;
select 'docket_private.purl(text, text, integer, bytea)'::regprocedure;
select 'docket_private.attempt_facts(uuid, text)'::regprocedure;
select 'docket_private.execution_facts(uuid, text)'::regprocedure;
select 'docket_private.artifact_facts(uuid, text)'::regprocedure;
select 'docket_private.validation_facts(uuid, text)'::regprocedure;
select 'docket_private.change_facts(uuid, text)'::regprocedure;
select 'docket_private.deployment_facts(uuid, text)'::regprocedure;
select 'docket.to_cdevent(text, uuid, text)'::regprocedure;
select 'docket.ingest_cloudevent(uuid, jsonb, uuid)'::regprocedure;
select 'docket.ingest_cdevent(uuid, jsonb, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.to_cdevent(text, uuid, text)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.ingest_cloudevent(uuid, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.ingest_cdevent(uuid, jsonb, uuid)', 'execute')::integer;

rollback;
