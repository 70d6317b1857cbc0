-- Revert pgdocket:knowledge/render_template from pg

begin;

drop function docket.render_template(uuid, jsonb, bigint);
drop function docket_private.template_version(uuid, bigint);
drop function docket_private.read_variables(docket.template_versions, jsonb);
drop function docket_private.texts_in(jsonb);
drop function docket_private.render_json(jsonb, jsonb);
drop function docket_private.render_text(text, jsonb);
drop function docket_private.variable_names(text);
drop function docket_private.variable_pattern();

commit;
