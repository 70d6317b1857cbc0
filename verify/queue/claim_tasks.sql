-- Verify pgdocket:queue/claim_tasks on pg

begin;

select 'docket_private.lease(integer, jsonb)'::regprocedure;
select 'docket_private.begin_attempts(docket_private.claimable[], text, interval)'::regprocedure;
select 'docket_private.take_ready(uuid, text, integer, interval, uuid, uuid, text[], text[], boolean)'::regprocedure;
select 'docket_private.check_claim(text, integer)'::regprocedure;
select 'docket_private.claim(uuid, text, integer, integer, uuid, uuid, text[], text[])'::regprocedure;
select 'docket_private.tasks_of_claim(jsonb)'::regprocedure;
select 'docket_private.promote_due(uuid)'::regprocedure;
select 'docket.claim_tasks(uuid, text, integer, integer, uuid, uuid, text[], text[], uuid)'::regprocedure;
select 'docket.start_task(uuid, text, integer, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.claim_tasks(uuid, text, integer, integer, uuid, uuid, text[], text[], uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.start_task(uuid, text, integer, uuid)', 'execute')::integer;

rollback;
