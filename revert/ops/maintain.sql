-- Revert pgdocket:ops/maintain from pg

begin;

drop function docket.maintain(text[]);
drop function docket_private.take_step(text, bigint);
drop function docket_private.sweep_projects(bigint);
drop function docket_private.forget_requests(bigint);
drop function docket_private.analyze_partitioned();
drop function docket_private.is_time_to_seal();
drop table docket.maintenance_steps;
drop domain docket.maintenance_outcome;

commit;
