-- Verify pgdocket:knowledge/build_prompt_context on pg

begin;

select 1 / has_function_privilege(
               'docket_agent',
               'docket.build_prompt_context(uuid, integer, text[], text, uuid, uuid)',
               'execute')::integer;
select 1 / (not has_function_privilege(
               'docket_reader',
               'docket.build_prompt_context(uuid, integer, text[], text, uuid, uuid)',
               'execute'))::integer;

rollback;
