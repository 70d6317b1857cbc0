-- Verify pgdocket:graph/topological_order on pg

begin;

select 1 / has_function_privilege(
               'docket_reader', 'docket.topological_order(uuid, uuid, uuid, integer)',
               'execute')::integer;

rollback;
