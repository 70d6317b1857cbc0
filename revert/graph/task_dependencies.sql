-- Revert pgdocket:graph/task_dependencies from pg

begin;

drop table docket.task_dependencies;
drop function docket_private.is_satisfied(text, text, timestamptz, integer);
drop function docket_private.satisfaction_bit(text);
drop function docket_private.satisfactions(text, timestamptz, integer);
drop function docket_private.read_satisfaction(text);
drop function docket_private.read_dependency_type(text);
drop function docket_private.refuse_turned_dependency();
drop domain docket.satisfaction;
drop domain docket.dependency_type;

commit;
