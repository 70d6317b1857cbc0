-- Revert pgdocket:analytics/tallies from pg

begin;
set local role docket_owner;

drop materialized view docket_private.context_counts;
drop function docket_private.tally_context_counts();
drop materialized view docket_private.communication_days;
drop function docket_private.tally_communication_days();
drop materialized view docket_private.cost_days;
drop function docket_private.tally_cost_days();
drop materialized view docket_private.outcome_days;
drop function docket_private.tally_outcome_days();
drop materialized view docket_private.work_periods;
drop function docket_private.tally_work_periods();
drop materialized view docket_private.task_times;
drop function docket_private.tally_task_times();
drop materialized view docket_private.task_counts;
drop function docket_private.tally_task_counts();

commit;
