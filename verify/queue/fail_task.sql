-- Verify pgdocket:queue/fail_task on pg

begin;

select 'docket_private.hold_attempt(uuid)'::regprocedure;
select 'docket.fail_task(uuid, text, text, jsonb, uuid)'::regprocedure;
select 'docket.release_task(uuid, text, timestamptz, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.fail_task(uuid, text, text, jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.release_task(uuid, text, timestamptz, uuid)', 'execute')::integer;

rollback;
