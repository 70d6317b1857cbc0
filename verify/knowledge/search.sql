-- Verify pgdocket:knowledge/search on pg

begin;

select 1 / has_function_privilege(
               'docket_reader', 'docket.search(uuid, text, text[], integer, double precision[], text)', 'execute')::integer;

rollback;
