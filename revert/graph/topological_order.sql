-- Revert pgdocket:graph/topological_order from pg

begin;

drop function docket.topological_order(uuid, uuid, uuid, integer);

commit;
