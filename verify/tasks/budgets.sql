-- Verify pgdocket:tasks/budgets on pg

begin;

select budget_id, project_id, workflow_id, task_id, max_tokens, max_cost, used_tokens, used_cost,
       is_exhausted, version, created_at, updated_at, created_by, updated_by
  from docket.budgets
 where false;
select 'docket_private.judge_budget()'::regprocedure;
select 'docket_private.exhausted_budget(uuid, uuid, uuid)'::regprocedure;
select 'docket_private.charge_budgets(uuid, uuid[], bigint[], numeric[])'::regprocedure;
select 'docket.set_budget(uuid, uuid, uuid, bigint, numeric, uuid)'::regprocedure;
select 'docket.record_usage(uuid, bigint, numeric, uuid)'::regprocedure;
select 'docket.list_budgets(uuid, boolean, uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.record_usage(uuid, bigint, numeric, uuid)', 'execute')::integer,
       1 / (not has_function_privilege('docket_agent', 'docket.set_budget(uuid, uuid, uuid, bigint, numeric, uuid)', 'execute'))::integer;

rollback;
