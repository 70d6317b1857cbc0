-- Verify pgdocket:context/context_types on pg

begin;

select context_type_id, project_id, context_type, description, json_schema, keep_versions,
       keep_days, max_bytes, version, created_at, updated_at, created_by, updated_by
  from docket.context_types
 where false;

select 'docket_private.context_type(uuid, text)'::regprocedure;
select 'docket.register_context_type(uuid, text, text, jsonb, integer, integer, bigint, uuid)'::regprocedure;
select 'docket.list_context_types(uuid, text, integer)'::regprocedure;
select 1 / has_function_privilege('docket_app', 'docket.register_context_type(uuid, text, text, jsonb, integer, integer, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_context_types(uuid, text, integer)', 'execute')::integer;

rollback;
