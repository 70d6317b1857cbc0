-- Verify pgdocket:tasks/task_as_of on pg

begin;

select 'docket.task_as_of(uuid, timestamptz)'::regprocedure;
select 'docket.who_changed(uuid, text, bigint, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.task_as_of(uuid, timestamptz)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.who_changed(uuid, text, bigint, integer)', 'execute')::integer;

rollback;
