-- Revert pgdocket:context/put_context from pg

begin;

drop function docket.context_history(uuid, text, integer, integer);
drop function docket.latest_contexts(uuid);
drop function docket.get_context(uuid, text, integer);
drop function docket.put_context(uuid, text, jsonb, uuid);

commit;
