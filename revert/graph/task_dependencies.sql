-- Revert pgdocket:graph/task_dependencies from pg

begin;

drop table docket.task_dependencies;
drop function docket_private.read_dependency_type(text);
drop function docket_private.refuse_turned_dependency();
drop domain docket.dependency_type;

commit;
