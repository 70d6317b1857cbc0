-- Verify pgdocket:knowledge/context_health on pg

begin;

select 1 / has_function_privilege('docket_reader', 'docket.context_health(uuid)', 'execute')::integer;
select 1 / has_function_privilege(
               'docket_reader', 'docket.context_patterns(uuid)', 'execute')::integer;

rollback;
