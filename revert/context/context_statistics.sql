-- Revert pgdocket:context/context_statistics from pg

begin;

drop function docket.context_statistics(uuid, uuid);
drop function docket.record_context_use(uuid, text[], uuid);
drop function docket_private.count_context_uses(uuid, uuid, text[]);
drop table docket.context_uses;

commit;
