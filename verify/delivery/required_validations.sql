-- Verify pgdocket:delivery/required_validations on pg

begin;

select task_id, project_id, validation_type, run_no, validation_status, waived_at, waived_by,
       waive_reason, is_met, metadata, version, created_at, updated_at, created_by, updated_by
  from docket.required_validations
 where false;

-- Without it every task could be completed.
select 1 / (count(*) = 1)::integer
  from pg_catalog.pg_trigger as g
 where g.tgrelid = 'docket.tasks'::regclass
   and g.tgname = 'tasks_unmet_gates'
   and g.tgenabled in ('O', 'A');

select 1 / has_function_privilege(
               'docket_agent', 'docket.require_validations(uuid[], text[], uuid)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_agent', 'docket.require_validation(uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege(
               'docket_app', 'docket.waive_validation(uuid, text, text, uuid)', 'execute')::integer;
select 1 / (not has_function_privilege(
               'docket_agent', 'docket.waive_validation(uuid, text, text, uuid)',
               'execute'))::integer;
select 1 / has_function_privilege(
               'docket_reader', 'docket.list_required_validations(uuid, boolean, text, integer)',
               'execute')::integer;

rollback;
