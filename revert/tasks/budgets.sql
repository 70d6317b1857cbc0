-- Revert pgdocket:tasks/budgets from pg

begin;

drop function docket.list_budgets(uuid, boolean, uuid, integer);
drop function docket.record_usage(uuid, bigint, numeric, uuid);
drop function docket_private.charge_budgets(uuid, uuid[], bigint[], numeric[]);
drop function docket.set_budget(uuid, uuid, uuid, bigint, numeric, uuid);
drop function docket_private.exhausted_budget(uuid, uuid, uuid);
drop table docket.budgets;
drop function docket_private.judge_budget();

commit;
