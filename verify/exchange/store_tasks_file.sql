-- Verify pgdocket:exchange/store_tasks_file on pg

begin;

select 'docket_private.store_tasks_file(uuid, boolean, text, bytea, docket_private.tasks_file)'::regprocedure,
       'docket_private.tasks_file_report(docket_private.tasks_file)'::regprocedure,
       'docket_private.numbered_tasks(uuid, docket_private.file_task[])'::regprocedure,
       'docket_private.import_workflows(uuid, docket_private.file_tag[])'::regprocedure,
       'docket_private.taken_keys(uuid, docket_private.file_task[])'::regprocedure;

rollback;
