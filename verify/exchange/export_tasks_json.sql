-- Verify pgdocket:exchange/export_tasks_json on pg

begin;

select 'docket_private.file_spellings(docket_private.tasks_file)'::regprocedure;
select
    'docket_private.file_style(bytea, json, docket_private.tasks_file, docket_private.list_place[])'::regprocedure;
select 'docket_private.find_lists(bytea, json, docket_private.tasks_file, integer[])'::regprocedure;
select 'docket_private.has_text_id(json)'::regprocedure;
select
    'docket_private.edited_references(json, text[], text[], docket_private.json_style, text)'::regprocedure;
select
    'docket_private.reference_names(docket_private.tasks_file, docket_private.task_piece[], jsonb)'::regprocedure;
select
    'docket_private.new_entries(docket_private.tasks_file, docket_private.task_piece[], docket_private.json_style, jsonb)'::regprocedure;
select
    'docket_private.entry_edits(bytea, integer, json, jsonb, docket_private.json_style)'::regprocedure;
select 'docket_private.is_unknown_field(text)'::regprocedure;
select
    'docket_private.edited_tasks_file(bytea, docket_private.tasks_file, docket_private.task_piece[], docket_private.task_piece[])'::regprocedure;
select 'docket_private.empty_tasks_file(uuid)'::regprocedure;
select 'docket.export_tasks_json(uuid, text)'::regprocedure;
select
    1 / has_function_privilege('docket_auditor', 'docket.export_tasks_json(uuid, text)', 'execute')::integer;

select null::docket_private.list_place,
       null::docket_private.byte_edit;

rollback;
