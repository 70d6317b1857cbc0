-- Verify pgdocket:knowledge/similar_tasks on pg

begin;

select 'docket_private.find_similar_tasks(uuid, text[], integer)'::regprocedure;
select 'docket.similar_tasks(uuid, text[], integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket_private.find_similar_tasks(uuid, text[], integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.similar_tasks(uuid, text[], integer)', 'execute')::integer;

rollback;
