-- Verify pgdocket:analytics/read_tallies on pg

begin;

select 'docket_private.asked_projects(uuid)'::regprocedure;
select 'docket_private.tallied_at(text[])'::regprocedure;
select 'docket_private.require_word(text, text[], text)'::regprocedure;
select 'docket_private.read_periods(text, timestamptz, timestamptz)'::regprocedure;
select 'docket.task_breakdown(uuid, text, integer)'::regprocedure;
select 'docket.task_times(uuid, text, integer, integer)'::regprocedure;
select 'docket.work_trends(uuid, text, timestamptz, timestamptz)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.task_breakdown(uuid, text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.task_times(uuid, text, integer, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.work_trends(uuid, text, timestamptz, timestamptz)', 'execute')::integer;

rollback;
