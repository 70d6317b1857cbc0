-- Verify pgdocket:delivery/why_blocked on pg

begin;

select 1 / has_function_privilege(
               'docket_reader', 'docket.why_blocked(uuid, integer)', 'execute')::integer;

rollback;
