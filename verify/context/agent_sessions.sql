-- Verify pgdocket:context/agent_sessions on pg

begin;

select session_id, project_id, agent, task_id, state, expires_at, version, created_at, updated_at,
       created_by, updated_by
  from docket.agent_sessions
 where false;

select 'docket_private.refuse_secrets(jsonb, text)'::regprocedure;
select 'docket_private.require_state(jsonb, text)'::regprocedure;
select 'docket_private.end_of(interval, jsonb)'::regprocedure;
select 'docket.put_session(uuid, text, jsonb, text, uuid, interval, bigint, uuid)'::regprocedure;
select 'docket.get_session(uuid, text)'::regprocedure;
select 'docket.list_sessions(uuid, text, text, integer)'::regprocedure;
select 'docket.end_session(uuid, text, uuid)'::regprocedure;
select 'docket_private.sweep_sessions(bigint)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_session(uuid, text, jsonb, text, uuid, interval, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.end_session(uuid, text, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.get_session(uuid, text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_sessions(uuid, text, text, integer)', 'execute')::integer;

rollback;
