-- Verify pgdocket:analytics/workflow_efficiency on pg

begin;

select 'docket.workflow_efficiency(uuid)'::regprocedure;
select * from docket.task_performance where false;
select 1 / has_function_privilege('docket_auditor', 'docket.workflow_efficiency(uuid)', 'execute')::integer;

rollback;
