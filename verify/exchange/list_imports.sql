-- Verify pgdocket:exchange/list_imports on pg

begin;

select 1 / has_function_privilege(
           'docket_reader', 'docket.list_imports(uuid, uuid, integer)', 'execute')::integer;

rollback;
