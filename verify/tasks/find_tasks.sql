-- Verify pgdocket:tasks/find_tasks on pg

begin;

select 'docket_private.filter_text(text, jsonb)'::regprocedure;
select 'docket_private.task_conditions(uuid, jsonb)'::regprocedure;
select 'docket_private.task_column(text)'::regprocedure;
select 'docket_private.tasks_that(uuid, jsonb, text, boolean, uuid, integer)'::regprocedure;
select 'docket_private.tasks_by(uuid, text, jsonb)'::regprocedure;
select 'docket.find_tasks(uuid, jsonb, text, boolean, uuid, integer)'::regprocedure;
select 'docket.count_tasks(uuid, text, jsonb)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket_private.tasks_that(uuid, jsonb, text, boolean, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.tasks_by(uuid, text, jsonb)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.find_tasks(uuid, jsonb, text, boolean, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.count_tasks(uuid, text, jsonb)', 'execute')::integer;

rollback;
