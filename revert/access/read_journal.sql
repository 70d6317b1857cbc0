-- Revert pgdocket:access/read_journal from pg

begin;

drop function docket.changes_end();
drop function docket.changes(text, integer);
drop function docket_private.journal_place(text);
drop function docket.history(text, text, bigint, integer);
drop function docket_private.changed_columns(jsonb, jsonb);

commit;
