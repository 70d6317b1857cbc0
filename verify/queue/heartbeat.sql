-- Verify pgdocket:queue/heartbeat on pg

begin;

select 'docket.heartbeats(uuid[], integer)'::regprocedure;
select 'docket.heartbeat(uuid, integer)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.heartbeats(uuid[], integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.heartbeat(uuid, integer)', 'execute')::integer;

rollback;
