-- Verify pgdocket:exchange/file_entries on pg

begin;

select 1 / (docket_private.local_key('3', '3', '3.2', 1) = '3.2')::integer,
       1 / (docket_private.numbered_key('3', 2) = '3~2')::integer,
       1 / (cardinality(docket_private.file_entries(
               docket_private.file_tags(
                   '{"tasks": [{"id": 1, "subtasks": [{"id": 1}]}]}', 'flat', null))) = 2
           )::integer;

select 'docket_private.file_tasks(docket_private.file_tag[], docket_private.file_entry[], text)'::regprocedure,
       'docket_private.entry_fields(json)'::regprocedure,
       'docket_private.spelled_id(json)'::regprocedure;

rollback;
