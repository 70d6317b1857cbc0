-- Verify pgdocket:graph/waves on pg

begin;

select 1 / has_function_privilege(
               'docket_reader', 'docket.waves(uuid, uuid, boolean)', 'execute')::integer,
       1 / has_function_privilege(
               'docket_reader', 'docket.critical_path(uuid, uuid, boolean)', 'execute')::integer;

rollback;
