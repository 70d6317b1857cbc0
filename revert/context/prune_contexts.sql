-- Revert pgdocket:context/prune_contexts from pg

begin;

drop function docket.unpin_context(uuid, text, integer, text, uuid);
drop function docket.pin_context(uuid, text, integer, text, uuid);
drop function docket_private.prune_next_contexts(bigint);
drop function docket.prune_contexts(uuid, integer);
drop function docket_private.prune_tasks(uuid[], bigint);
drop table docket_private.maintenance_rounds;
drop table docket.context_pins;

commit;
