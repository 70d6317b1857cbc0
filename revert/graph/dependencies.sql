-- Revert pgdocket:graph/dependencies from pg

begin;

drop function docket.get_task_dependencies(uuid);
drop function docket.dependents(uuid, text, uuid, integer);
drop function docket.dependencies(uuid, text, uuid, integer);
revoke execute on function docket_private.read_dependency_type(text)
  from docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
