-- Revert pgdocket:graph/task_nodes from pg

begin;

drop trigger projects_guard on docket.projects;
drop function docket_private.guard_project();
drop function docket_private.share_graph(uuid);
drop function docket_private.lock_graph(uuid);
drop function docket_private.graph_key(uuid);
drop table docket_private.task_nodes;
drop table docket_private.project_graphs;

commit;
