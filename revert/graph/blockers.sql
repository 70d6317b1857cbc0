-- Revert pgdocket:graph/blockers from pg

begin;

drop function docket.get_task_dependency_graph(uuid, integer, integer);
drop function docket.impact(uuid, integer, integer, boolean, integer, uuid);
drop function docket.blockers(uuid, integer, integer, boolean, integer, uuid);
revoke select on docket_private.task_nodes
  from docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
