-- Verify pgdocket:exchange/merge_tasks_file on pg

begin;

select 'docket_private.told_pieces(docket_private.task_piece[], jsonb)'::regprocedure;
select
    'docket_private.judged_merge(docket.imports, docket_private.tasks_file, docket_private.tasks_file, jsonb)'::regprocedure;
select 'docket_private.conflict_list(docket_private.merge_verdict[])'::regprocedure;
select 'docket_private.refuse_conflicts(text, docket_private.merge_verdict[])'::regprocedure;
select 'docket_private.take_statuses(uuid, uuid[], text[])'::regprocedure;
select 'docket_private.merged_metadata(jsonb, jsonb)'::regprocedure;
select 'docket_private.take_dependencies(uuid, uuid[], uuid[])'::regprocedure;
select
    'docket_private.lock_imported_tasks(docket.imports, docket_private.tasks_file, docket_private.tasks_file)'::regprocedure;
select
    'docket_private.merge_tasks_file(docket.imports, docket_private.tasks_file, docket_private.tasks_file, bytea, jsonb, boolean)'::regprocedure;
select
    'docket_private.keep_version(docket.imports, docket_private.tasks_file, bytea, docket_private.tasks_merge, jsonb, jsonb)'::regprocedure;

rollback;
