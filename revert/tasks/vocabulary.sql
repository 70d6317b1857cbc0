-- Revert pgdocket:tasks/vocabulary from pg

begin;

drop function docket.priority_label(integer);
drop function docket_private.read_priority(jsonb);
drop function docket_private.read_status(text);
drop table docket.task_transitions;
drop domain docket.named_values;
drop domain docket.effort;
drop domain docket.complexity;
drop domain docket.task_priority;
drop domain docket.task_status;

commit;
