-- Verify pgdocket:queue/read_queue on pg

begin;

select 'docket.next_tasks(uuid, uuid, text[], integer)'::regprocedure;
select 'docket.list_attempts(uuid)'::regprocedure;
select 'docket.queue_overview(uuid)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.next_tasks(uuid, uuid, text[], integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_attempts(uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.queue_overview(uuid)', 'execute')::integer;

rollback;
