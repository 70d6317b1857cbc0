-- Revert pgdocket:context/context_types from pg

begin;

drop function docket.list_context_types(uuid, text, integer);
drop function docket.register_context_type(uuid, text, text, jsonb, integer, integer, bigint, uuid);
drop function docket_private.context_type(uuid, text);
drop table docket.context_types;

commit;
