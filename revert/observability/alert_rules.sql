-- Revert pgdocket:observability/alert_rules from pg

begin;

drop table docket.alert_evaluations;
drop table docket.alert_rules;
drop domain docket.alert_comparison;
drop domain docket.alert_kind;

commit;
