-- Verify pgdocket:graph/add_dependency on pg

begin;

select 1 / has_function_privilege(
               'docket_agent', 'docket.add_dependency(uuid, uuid, text, numeric, text, uuid)',
               'execute')::integer,
       1 / (not has_function_privilege(
               'docket_reader', 'docket.add_dependency(uuid, uuid, text, numeric, text, uuid)',
               'execute'))::integer;

rollback;
