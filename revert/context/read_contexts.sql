-- Revert pgdocket:context/read_contexts from pg

begin;

drop function docket.diff_contexts(uuid, text, integer, integer);
drop function docket.context_history(uuid, text, integer, integer);
drop function docket.latest_contexts(uuid, text, integer);
drop function docket.context_version(uuid, text);
drop function docket.get_context(uuid, text, integer, timestamptz, uuid);

commit;
