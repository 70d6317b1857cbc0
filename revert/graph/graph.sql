-- Revert pgdocket:graph/graph from pg

begin;

drop function docket.graph(uuid, uuid, boolean, integer);
drop view docket.task_dependency_graph;

commit;
