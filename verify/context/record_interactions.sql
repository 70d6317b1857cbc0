-- Verify pgdocket:context/record_interactions on pg

begin;

select 'docket_private.check_interactions(jsonb)'::regprocedure;
select 'docket_private.project_of_tasks(uuid[])'::regprocedure;
select 'docket_private.check_currency(uuid, jsonb)'::regprocedure;
select 'docket.record_interactions(jsonb, uuid)'::regprocedure;
select 'docket.record_interaction(
    uuid, text, text, boolean, jsonb, jsonb, bigint, uuid, text, text, text, text, text, text, text,
    jsonb, text, text, text[], bigint, bigint, bigint, bigint, bigint, bigint, jsonb, text, numeric,
    text, text, jsonb, uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.record_interactions(jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.record_interaction( uuid, text, text, boolean, jsonb, jsonb, bigint, uuid, text, text, text, text, text, text, text, jsonb, text, text, text[], bigint, bigint, bigint, bigint, bigint, bigint, jsonb, text, numeric, text, text, jsonb, uuid, uuid)', 'execute')::integer;

rollback;
