-- Revert pgdocket:exchange/store_tasks_file from pg

begin;

drop function docket_private.store_tasks_file(uuid, boolean, text, bytea, docket_private.tasks_file);
drop function docket_private.tasks_file_report(docket_private.tasks_file);
drop function docket_private.numbered_tasks(uuid, docket_private.file_task[]);
drop function docket_private.import_workflows(uuid, docket_private.file_tag[]);
drop function docket_private.taken_keys(uuid, docket_private.file_task[]);

commit;
