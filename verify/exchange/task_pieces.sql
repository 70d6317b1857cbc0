-- Verify pgdocket:exchange/task_pieces on pg

begin;

select 'docket_private.imported_fields(jsonb)'::regprocedure;
select 'docket_private.said_text(text, text)'::regprocedure;
select 'docket_private.file_pieces(docket_private.tasks_file)'::regprocedure;
select 'docket_private.tag_workflows(uuid, uuid, docket_private.file_tag[])'::regprocedure;
select 'docket_private.project_pieces(uuid, uuid, docket_private.tasks_file)'::regprocedure;

select null::docket_private.task_piece;

rollback;
