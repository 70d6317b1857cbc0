-- Verify pgdocket:context/put_context on pg

begin;

select 'docket_private.first_answer(jsonb)'::regprocedure;
select 'docket_private.remember_context(uuid, docket.task_contexts)'::regprocedure;
select 'docket_private.lock_context(uuid, uuid, text, bigint, uuid)'::regprocedure;
select 'docket_private.require_size(uuid, text, bigint)'::regprocedure;
select 'docket_private.require_context(uuid, text, jsonb, bigint)'::regprocedure;
select 'docket_private.add_context(uuid, uuid, docket.task_contexts, docket.task_contexts, bytea)'::regprocedure;
select 'docket_private.context_of_json(text, jsonb, boolean, uuid)'::regprocedure;
select 'docket.put_context(uuid, text, jsonb, bigint, uuid, uuid)'::regprocedure;
select 'docket.patch_context(uuid, text, jsonb, text, bigint, uuid, uuid)'::regprocedure;
select 'docket.delete_context(uuid, text, bigint, uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_context(uuid, text, jsonb, bigint, uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.patch_context(uuid, text, jsonb, text, bigint, uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.delete_context(uuid, text, bigint, uuid, uuid)', 'execute')::integer;

rollback;
