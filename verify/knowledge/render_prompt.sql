-- Verify pgdocket:knowledge/render_prompt on pg

begin;

select 1 / has_function_privilege(
               'docket_reader', 'docket.render_prompt(uuid, text)', 'execute')::integer;

rollback;
