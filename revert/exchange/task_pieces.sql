-- Revert pgdocket:exchange/task_pieces from pg

begin;

drop function docket_private.project_pieces(uuid, uuid, docket_private.tasks_file);
drop function docket_private.tag_workflows(uuid, uuid, docket_private.file_tag[]);
drop function docket_private.file_pieces(docket_private.tasks_file);
drop function docket_private.said_text(text, text);
drop function docket_private.imported_fields(jsonb);
drop type docket_private.task_piece;

commit;
