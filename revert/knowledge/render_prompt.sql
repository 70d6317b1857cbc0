-- Revert pgdocket:knowledge/render_prompt from pg

begin;

drop function docket.render_prompt(uuid, text);
drop function docket_private.prompt_lines(jsonb, text, text);
drop function docket_private.xml_text(text);
drop function docket_private.json_as_text(jsonb, integer);

commit;
