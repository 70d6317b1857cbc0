-- Verify pgdocket:queue/complete_tasks on pg

begin;

select 'docket_private.tasks_of_attempts(uuid[])'::regprocedure;
select 'docket_private.lease_lost(uuid)'::regprocedure;
select 'docket_private.check_completions(jsonb)'::regprocedure;
select 'docket.complete_tasks(jsonb, uuid)'::regprocedure;
select 'docket.complete_task(uuid, jsonb, numeric, integer, uuid)'::regprocedure;
select 'docket.complete_and_claim(uuid, jsonb, integer, integer, uuid, text[], text[], uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.complete_tasks(jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.complete_task(uuid, jsonb, numeric, integer, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.complete_and_claim(uuid, jsonb, integer, integer, uuid, text[], text[], uuid)', 'execute')::integer;

rollback;
