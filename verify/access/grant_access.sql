-- Verify pgdocket:access/grant_access on pg

begin;

select 'docket_private.require_admin(uuid, uuid)'::regprocedure;
select 'docket_private.require_other_admin(docket.members)'::regprocedure;
select 'docket.grant_access(text, text, uuid, uuid, uuid)'::regprocedure;
select 'docket.revoke_access(text, uuid, uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.grant_access(text, text, uuid, uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_app', 'docket.revoke_access(text, uuid, uuid, uuid)', 'execute')::integer;
select 1 / (not has_function_privilege('docket_agent', 'docket.grant_access(text, text, uuid, uuid, uuid)', 'execute'))::integer;

rollback;
