-- Verify pgdocket:tasks/search_tasks on pg

begin;

select 'docket_private.best_tasks(uuid, text)'::regprocedure;
select 'docket.search_tasks(uuid, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.search_tasks(uuid, text, integer)', 'execute')::integer;

rollback;
