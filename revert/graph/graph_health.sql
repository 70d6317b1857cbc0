-- Revert pgdocket:graph/graph_health from pg

begin;

drop function docket.repair_graph(uuid);
drop function docket_private.repair_project_graph(uuid);
drop function docket.graph_health(uuid);

commit;
