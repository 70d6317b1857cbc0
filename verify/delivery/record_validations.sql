-- Verify pgdocket:delivery/record_validations on pg

begin;

select 1 / has_function_privilege(
               'docket_agent', 'docket.record_validations(jsonb, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', '
               docket.record_validation(
                   uuid, text, text, text, numeric, numeric, integer, integer, integer, integer,
                   jsonb, jsonb, uuid, text, uuid, uuid, timestamptz, timestamptz, bigint, jsonb,
                   uuid)',
               'execute')::integer;

rollback;
