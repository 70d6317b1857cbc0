-- Revert pgdocket:exchange/file_entries from pg

begin;

drop function docket_private.file_tasks(
    docket_private.file_tag[], docket_private.file_entry[], text);
drop function docket_private.file_entries(docket_private.file_tag[]);
drop function docket_private.numbered_key(text, bigint);
drop function docket_private.local_key(text, text, text, bigint);
drop function docket_private.spelled_id(json);
drop function docket_private.entry_fields(json);
drop type docket_private.file_task;
drop type docket_private.file_entry;

commit;
