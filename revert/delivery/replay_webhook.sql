-- Revert pgdocket:delivery/replay_webhook from pg

begin;

drop function docket.replay_webhook(uuid);

commit;
