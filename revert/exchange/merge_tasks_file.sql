-- Revert pgdocket:exchange/merge_tasks_file from pg

begin;

drop function docket_private.keep_version(
    docket.imports, docket_private.tasks_file, bytea, docket_private.tasks_merge, jsonb, jsonb);
drop function docket_private.merge_tasks_file(
    docket.imports, docket_private.tasks_file, docket_private.tasks_file, bytea, jsonb, boolean);
drop function docket_private.lock_imported_tasks(
    docket.imports, docket_private.tasks_file, docket_private.tasks_file);
drop function docket_private.take_dependencies(uuid, uuid[], uuid[]);
drop function docket_private.merged_metadata(jsonb, jsonb);
drop function docket_private.take_statuses(uuid, uuid[], text[]);
drop function docket_private.refuse_conflicts(text, docket_private.merge_verdict[]);
drop function docket_private.conflict_list(docket_private.merge_verdict[]);
drop function docket_private.judged_merge(
    docket.imports, docket_private.tasks_file, docket_private.tasks_file, jsonb);
drop function docket_private.told_pieces(docket_private.task_piece[], jsonb);
drop type docket_private.tasks_merge;

commit;
