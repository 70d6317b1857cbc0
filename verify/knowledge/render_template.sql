-- Verify pgdocket:knowledge/render_template on pg

begin;

select 'docket_private.variable_pattern()'::regprocedure;
select 'docket_private.variable_names(text)'::regprocedure;
select 'docket_private.render_text(text, jsonb)'::regprocedure;
select 'docket_private.render_json(jsonb, jsonb)'::regprocedure;
select 'docket_private.texts_in(jsonb)'::regprocedure;
select 'docket_private.read_variables(docket.template_versions, jsonb)'::regprocedure;
select 'docket_private.template_version(uuid, bigint)'::regprocedure;
select 'docket.render_template(uuid, jsonb, bigint)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.render_template(uuid, jsonb, bigint)', 'execute')::integer;

rollback;
