-- Revert pgdocket:analytics/dashboards from pg

begin;
set local role docket_owner;

drop view docket.resource_trends;
drop view docket.error_trends;
drop view docket.business_metrics;
drop view docket.performance_dashboard;

commit;
