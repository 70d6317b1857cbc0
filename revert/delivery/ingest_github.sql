-- Revert pgdocket:delivery/ingest_github from pg

begin;

drop function docket.ingest_github(uuid, text, text, jsonb, bytea);
drop function docket_private.process_github(docket.webhook_deliveries, jsonb);
drop function docket_private.take_in_github(uuid, text, jsonb);
drop function docket_private.learn_push(uuid, text, jsonb);
drop function docket_private.learn_review(uuid, uuid, jsonb);
drop function docket_private.learn_check(uuid, text, text, jsonb);
drop function docket_private.settle_pull_requests(uuid, uuid[]);
drop function docket_private.learn_facts(uuid, text, bigint, jsonb);
drop function docket_private.queue_fact(boolean, text, text);
drop function docket_private.github_facts(jsonb);
drop function docket_private.told_key(text, integer, jsonb);

commit;
