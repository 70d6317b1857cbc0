-- Verify pgdocket:context/prune_contexts on pg

begin;

select task_id, project_id, context_type, version, pinned_for, created_at, created_by
  from docket.context_pins
 where false;

select step, next_after
  from docket_private.maintenance_rounds
 where false;
select 1 / count(*) from docket_private.maintenance_rounds where step = 'contexts';

select 'docket_private.prune_tasks(uuid[], bigint)'::regprocedure;
select 'docket.prune_contexts(uuid, integer)'::regprocedure;
select 'docket_private.prune_next_contexts(bigint)'::regprocedure;
select 'docket.pin_context(uuid, text, integer, text, uuid)'::regprocedure;
select 'docket.unpin_context(uuid, text, integer, text, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.prune_contexts(uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_app', 'docket.pin_context(uuid, text, integer, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_app', 'docket.unpin_context(uuid, text, integer, text, uuid)', 'execute')::integer;

rollback;
