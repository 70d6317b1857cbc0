-- Verify pgdocket:analytics/read_costs on pg

begin;

select 'docket.cost_breakdown(uuid, text, timestamptz, timestamptz, integer)'::regprocedure;
select 'docket.error_rates(uuid, text, timestamptz, timestamptz, integer)'::regprocedure;
select 'docket.context_usage(uuid, integer)'::regprocedure;
select 'docket.component_trends(uuid, text, timestamptz, timestamptz, integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.cost_breakdown(uuid, text, timestamptz, timestamptz, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.error_rates(uuid, text, timestamptz, timestamptz, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.context_usage(uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.component_trends(uuid, text, timestamptz, timestamptz, integer)', 'execute')::integer;

rollback;
