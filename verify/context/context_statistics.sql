-- Verify pgdocket:context/context_statistics on pg

begin;

select task_id, project_id, context_type, uses, last_used_at
  from docket.context_uses
 where false;

select 'docket_private.count_context_uses(uuid, uuid, text[])'::regprocedure;
select 'docket.record_context_use(uuid, text[], uuid)'::regprocedure;
select 'docket.context_statistics(uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.record_context_use(uuid, text[], uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.context_statistics(uuid, uuid)', 'execute')::integer;

rollback;
