-- Revert pgdocket:platform/check_batch from pg

begin;

drop function docket_private.check_batch(jsonb, text, text, text, text[], boolean, text);

commit;
