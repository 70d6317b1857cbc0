-- Verify pgdocket:delivery/ingest_linear on pg

begin;

select 'docket_private.adopt_issue(uuid, jsonb, jsonb)'::regprocedure;
select 'docket_private.fields_changed(jsonb)'::regprocedure;
select 'docket_private.take_in_linear(uuid, jsonb)'::regprocedure;
select 'docket_private.process_linear(docket.webhook_deliveries, jsonb)'::regprocedure;
select 'docket.ingest_linear(uuid, jsonb, text, bytea)'::regprocedure;
select 1 / has_function_privilege(
               'docket_agent',
               'docket.ingest_linear(uuid, jsonb, text, bytea)',
               'execute')::integer;

rollback;
