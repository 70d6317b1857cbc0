-- Verify pgdocket:context/response_cache on pg

begin;

select cache_key, project_id, value, expires_at, hits, last_hit_at, created_at, created_by
  from docket.response_cache
 where false;

select 'docket.put_response(uuid, text, jsonb, interval, uuid)'::regprocedure;
select 'docket.get_response(uuid, text)'::regprocedure;
select 'docket_private.sweep_responses(bigint)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_response(uuid, text, jsonb, interval, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.get_response(uuid, text)', 'execute')::integer;

rollback;
