-- Revert pgdocket:graph/graph from pg

begin;

drop function docket.graph(uuid, uuid, boolean);
drop view docket.task_dependency_graph;

commit;
