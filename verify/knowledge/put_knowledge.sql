-- Verify pgdocket:knowledge/put_knowledge on pg

begin;

select 'docket_private.check_document_size(text)'::regprocedure;
select 'docket.put_knowledge(
    uuid, text, text, text, text, text[], jsonb, timestamptz, text, jsonb, bigint,
    uuid)'::regprocedure;
select 'docket.archive_knowledge(uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', 'docket.put_knowledge( uuid, text, text, text, text, text[], jsonb, timestamptz, text, jsonb, bigint, uuid)', 'execute')::integer;
select 1 / has_function_privilege('docket_agent', 'docket.archive_knowledge(uuid, uuid)', 'execute')::integer;

rollback;
