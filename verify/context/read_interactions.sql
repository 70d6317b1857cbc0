-- Verify pgdocket:context/read_interactions on pg

begin;

select 'docket.list_interactions(
    uuid, uuid, text, text, text, text, boolean, timestamptz, timestamptz, uuid,
    integer)'::regprocedure;
select 'docket.conversation(uuid, text, uuid, integer, text)'::regprocedure;
select 'docket.export_interactions(uuid, uuid, integer)'::regprocedure;
select 'docket_private.read_grouping(text[], text)'::regprocedure;
select 'docket.agent_performance(uuid, timestamptz, timestamptz, text[], text)'::regprocedure;
select 1 / has_function_privilege('docket_auditor', 'docket.conversation(uuid, text, uuid, integer, text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.export_interactions(uuid, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket_private.read_grouping(text[], text)', 'execute')::integer;
select 1 / has_function_privilege('docket_auditor', 'docket.agent_performance(uuid, timestamptz, timestamptz, text[], text)', 'execute')::integer;

rollback;
