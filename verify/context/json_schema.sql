-- Verify pgdocket:context/json_schema on pg

begin;

select 'docket_private.ecma_class(text)'::regprocedure;
select 'docket_private.read_pattern(text)'::regprocedure;
select 'docket_private.json_error(text, text, text)'::regprocedure;
select 'docket_private.child_path(text, text)'::regprocedure;
select 'docket_private.breaks_rule(text, jsonb, jsonb)'::regprocedure;
select 'docket_private.parts_to_check(text, jsonb, jsonb, text)'::regprocedure;
select 'docket_private.json_check(jsonb, jsonb, jsonb, text, integer, integer)'::regprocedure;
select 'docket_private.reference_path(text)'::regprocedure;
select 'docket_private.json_metaschema()'::regprocedure;
select 'docket_private.read_schema(jsonb)'::regprocedure;
select 'docket_private.schema_errors(jsonb, jsonb)'::regprocedure;
select 'docket.validate_json(jsonb, jsonb)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.validate_json(jsonb, jsonb)', 'execute')::integer;

rollback;
