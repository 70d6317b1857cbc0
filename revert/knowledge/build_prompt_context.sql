-- Revert pgdocket:knowledge/build_prompt_context from pg

begin;

drop function docket.build_prompt_context(uuid, integer, text[], text, uuid, uuid);
drop procedure docket_private.stamp_prompt(uuid, uuid, pg_snapshot, jsonb);
drop function docket_private.prompt_stamp_holds(uuid, uuid, jsonb);
drop function docket_private.cut_item(docket_private.prompt_item, integer, text);
drop function docket_private.prompt_note(docket_private.prompt_item, text);
drop type docket_private.prompt_item;
drop function docket_private.prompt_items(uuid, uuid, text[]);
drop function docket_private.prompt_sections();

commit;
