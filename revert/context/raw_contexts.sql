-- Revert pgdocket:context/raw_contexts from pg

begin;

drop function docket.get_context_raw(uuid, text, integer);
drop function docket.put_context_raw(uuid, text, bytea, text, bigint, uuid, uuid);

commit;
