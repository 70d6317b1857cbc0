-- Verify pgdocket:graph/create_tasks on pg

begin;

select 'docket_private.resolve_tasks(uuid, text[], text[], uuid[])'::regprocedure;
select 'docket_private.check_new_tasks(jsonb)'::regprocedure;
select 'docket.create_tasks(uuid, jsonb, uuid)'::regprocedure;
select 'docket.create_task(
    uuid, text, text, text, text, jsonb, jsonb, text[], text[], integer, numeric, text, text, text,
    text, bigint, uuid, uuid, timestamptz, timestamptz, uuid[], jsonb, text[], uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.create_tasks(uuid, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.create_task( uuid, text, text, text, text, jsonb, jsonb, text[], text[], integer, numeric, text, text, text, text, bigint, uuid, uuid, timestamptz, timestamptz, uuid[], jsonb, text[], uuid)', 'execute')::integer;

rollback;
