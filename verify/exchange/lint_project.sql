-- Verify pgdocket:exchange/lint_project on pg

begin;

select 'docket_private.lint_kinds()'::regprocedure;
select 'docket_private.common_status(text)'::regprocedure;
select 'docket_private.common_priority(text)'::regprocedure;
select 'docket_private.lint_findings(uuid)'::regprocedure;
select 'docket_private.safe_fix(text, jsonb)'::regprocedure;
select 'docket.lint_project(uuid, bigint, integer)'::regprocedure;
select 'docket.fix_project(uuid, text[], boolean, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.lint_project(uuid, bigint, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_app', 'docket.fix_project(uuid, text[], boolean, uuid)', 'execute')::integer;

rollback;
