-- Verify pgdocket:delivery/send_linear on pg

begin;

select 'docket_private.lease_linear(uuid, integer, integer, jsonb)'::regprocedure;
select 'docket.pending_linear_changes(uuid, integer, integer)'::regprocedure;
select 'docket_private.hold_linear_change(uuid)'::regprocedure;
select 'docket.acknowledge_linear_change(uuid, jsonb, uuid)'::regprocedure;
select 'docket.fail_linear_change(uuid, text, interval, uuid)'::regprocedure;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.pending_linear_changes(uuid, integer, integer)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.acknowledge_linear_change(uuid, jsonb, uuid)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.fail_linear_change(uuid, text, interval, uuid)',
               'execute')::integer;

rollback;
