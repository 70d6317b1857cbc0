-- Revert pgdocket:queue/retry_failed from pg

begin;

drop function docket.retry_failed(uuid, text, uuid, text[], integer, uuid);
drop function docket_private.forgive_attempts(uuid, uuid[]);

commit;
