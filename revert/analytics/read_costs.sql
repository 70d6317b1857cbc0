-- Revert pgdocket:analytics/read_costs from pg

begin;
set local role docket_owner;

drop function docket.component_trends(uuid, text, timestamptz, timestamptz, integer);
drop function docket.context_usage(uuid, integer);
drop function docket.error_rates(uuid, text, timestamptz, timestamptz, integer);
drop function docket.cost_breakdown(uuid, text, timestamptz, timestamptz, integer);

commit;
