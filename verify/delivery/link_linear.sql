-- Verify pgdocket:delivery/link_linear on pg

begin;

select 'docket_private.hold_linear(uuid, uuid)'::regprocedure;
select 'docket_private.find_linear(uuid)'::regprocedure;
select
    'docket_private.learn_issue(docket.linear_sync, jsonb, text, integer, text[], boolean)'::regprocedure;
select 'docket_private.settle_linear(docket.linear_sync)'::regprocedure;
select 'docket_private.take_side(docket.linear_sync, text[], text)'::regprocedure;
select 'docket_private.insert_linear(uuid, uuid, text, text, jsonb)'::regprocedure;
select 'docket.link_linear_issue(uuid, jsonb, text, jsonb, text, uuid)'::regprocedure;
select 'docket.unlink_linear_issue(uuid, uuid)'::regprocedure;
select 'docket.resolve_linear_conflict(uuid, text, text, uuid)'::regprocedure;
select 'docket.retry_linear_sync(uuid, uuid)'::regprocedure;
select 'docket_private.linear_status_of(docket.linear_sync, docket.tasks)'::regprocedure;
select 'docket.get_linear_sync(uuid)'::regprocedure;
select 'docket.list_linear_sync(uuid, text, uuid, integer)'::regprocedure;
select 'docket.list_linear_conflicts(uuid, text, integer)'::regprocedure;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.link_linear_issue(uuid, jsonb, text, jsonb, text, uuid)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.unlink_linear_issue(uuid, uuid)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.resolve_linear_conflict(uuid, text, text, uuid)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.retry_linear_sync(uuid, uuid)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_auditor',
               'docket.list_linear_sync(uuid, text, uuid, integer)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_auditor',
               'docket.list_linear_conflicts(uuid, text, integer)',
               'execute')::integer;

rollback;
