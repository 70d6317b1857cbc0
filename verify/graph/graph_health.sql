-- Verify pgdocket:graph/graph_health on pg

begin;

select 1 / has_function_privilege(
               'docket_maintenance', 'docket.graph_health(uuid)', 'execute')::integer,
       1 / has_function_privilege(
               'docket_maintenance', 'docket.repair_graph(uuid)', 'execute')::integer,
       1 / (not has_function_privilege(
               'docket_agent', 'docket.repair_graph(uuid)', 'execute'))::integer;

rollback;
