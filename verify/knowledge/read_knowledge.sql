-- Verify pgdocket:knowledge/read_knowledge on pg

begin;

select 'docket.get_knowledge(uuid, text, bigint)'::regprocedure;
select 'docket.list_knowledge(
    uuid, text, text[], timestamptz, boolean, text, integer)'::regprocedure;
select 'docket_private.knowledge_languages(uuid)'::regprocedure;
select 'docket_private.find_knowledge(uuid, text)'::regprocedure;
select 'docket.search_knowledge(uuid, text, text[], text[], integer)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.get_knowledge(uuid, text, bigint)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.list_knowledge(uuid, text, text[], timestamptz, boolean, text, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.search_knowledge(uuid, text, text[], text[], integer)', 'execute')::integer;

rollback;
