-- Verify pgdocket:analytics/dashboards on pg

begin;

select * from docket.performance_dashboard where false;
select * from docket.business_metrics where false;
select * from docket.error_trends where false;
select * from docket.resource_trends where false;

rollback;
