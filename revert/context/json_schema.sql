-- Revert pgdocket:context/json_schema from pg

begin;

drop function docket.validate_json(jsonb, jsonb);
drop function docket_private.schema_errors(jsonb, jsonb);
drop function docket_private.read_schema(jsonb);
drop function docket_private.json_metaschema();
drop function docket_private.reference_path(text);
drop function docket_private.json_check(jsonb, jsonb, jsonb, text, integer, integer);
drop function docket_private.parts_to_check(text, jsonb, jsonb, text);
drop function docket_private.breaks_rule(text, jsonb, jsonb);
drop function docket_private.child_path(text, text);
drop function docket_private.json_error(text, text, text);
drop function docket_private.read_pattern(text);
drop function docket_private.ecma_class(text);

commit;
