-- Revert pgdocket:platform/idempotency_keys from pg

begin;

drop function docket_private.recall(uuid, text);
drop function docket_private.remember(uuid, jsonb);
drop function docket_private.replay(uuid, text);
drop function docket_private.answer_to(docket.idempotency_keys, text);
drop table docket.idempotency_keys;

commit;
