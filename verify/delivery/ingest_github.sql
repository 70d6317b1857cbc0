-- Verify pgdocket:delivery/ingest_github on pg

begin;

select 'docket_private.told_key(text, integer, jsonb)'::regprocedure;
select 'docket_private.github_facts(jsonb)'::regprocedure;
select 'docket_private.queue_fact(boolean, text, text)'::regprocedure;
select 'docket_private.learn_facts(uuid, text, bigint, jsonb)'::regprocedure;
select 'docket_private.settle_pull_requests(uuid, uuid[])'::regprocedure;
select 'docket_private.learn_check(uuid, text, text, jsonb)'::regprocedure;
select 'docket_private.learn_review(uuid, uuid, jsonb)'::regprocedure;
select 'docket_private.learn_push(uuid, text, jsonb)'::regprocedure;
select 'docket_private.take_in_github(uuid, text, jsonb)'::regprocedure;
select 'docket_private.process_github(docket.webhook_deliveries, jsonb)'::regprocedure;
select 'docket.ingest_github(uuid, text, text, jsonb, bytea)'::regprocedure;
select 1 / has_function_privilege(
               'docket_agent', 'docket.ingest_github(uuid, text, text, jsonb, bytea)',
               'execute')::integer;

rollback;
