-- Verify pgdocket:graph/waves on pg

begin;

select 1 / has_function_privilege(
               'docket_reader', 'docket.waves(uuid, uuid, boolean, integer, integer, uuid)',
               'execute')::integer,
       1 / has_function_privilege(
               'docket_reader', 'docket.critical_path(uuid, uuid, boolean, integer, integer)',
               'execute')::integer;

rollback;
