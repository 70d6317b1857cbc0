-- Revert pgdocket:exchange/export_tasks_json from pg

begin;

drop function docket.export_tasks_json(uuid, text);
drop function docket_private.empty_tasks_file(uuid);
drop function docket_private.edited_tasks_file(
    bytea, docket_private.tasks_file, docket_private.task_piece[], docket_private.task_piece[]);
drop function docket_private.is_unknown_field(text);
drop function docket_private.entry_edits(bytea, integer, json, jsonb, docket_private.json_style);
drop function docket_private.new_entries(
    docket_private.tasks_file, docket_private.task_piece[], docket_private.json_style, jsonb);
drop function docket_private.reference_names(
    docket_private.tasks_file, docket_private.task_piece[], jsonb);
drop function docket_private.edited_references(
    json, text[], text[], docket_private.json_style, text);
drop function docket_private.has_text_id(json);
drop function docket_private.find_lists(bytea, json, docket_private.tasks_file, integer[]);
drop function docket_private.file_style(
    bytea, json, docket_private.tasks_file, docket_private.list_place[]);
drop function docket_private.file_spellings(docket_private.tasks_file);
drop type docket_private.list_place;
drop type docket_private.byte_edit;

commit;
