-- Verify pgdocket:access/read_journal on pg

begin;

select 'docket_private.changed_columns(jsonb, jsonb)'::regprocedure;
select 'docket.history(text, text, bigint, integer)'::regprocedure;
select 'docket_private.journal_place(text)'::regprocedure;
select 'docket.changes(text, integer)'::regprocedure;
select 'docket.changes_end()'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket_private.changed_columns(jsonb, jsonb)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.journal_place(text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.history(text, text, bigint, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.changes(text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.changes_end()', 'execute')::integer;

rollback;
