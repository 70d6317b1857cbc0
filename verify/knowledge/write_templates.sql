-- Verify pgdocket:knowledge/write_templates on pg

begin;

select 'docket_private.check_template(text, text, jsonb)'::regprocedure;
select 'docket.put_template(
    uuid, text, text, text, jsonb, text, text, text[], jsonb, bigint, uuid)'::regprocedure;
select 'docket.archive_template(uuid, uuid)'::regprocedure;
select 'docket.get_template(uuid, text, bigint)'::regprocedure;
select 'docket.list_templates(uuid, text, text[], boolean, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_template( uuid, text, text, text, jsonb, text, text, text[], jsonb, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.archive_template(uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.get_template(uuid, text, bigint)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_templates(uuid, text, text[], boolean, text, integer)', 'execute')::integer;

rollback;
