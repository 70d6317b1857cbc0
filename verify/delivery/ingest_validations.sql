-- Verify pgdocket:delivery/ingest_validations on pg

begin;

select 'docket_private.record_run(
    uuid, text, docket_private.found[], text[], text[], jsonb)'::regprocedure;
select 'docket_private.fingerprint_of(text, text, text, text, text)'::regprocedure;
select 'docket.record_findings(
    uuid, text, jsonb, text, text, numeric, numeric, boolean, text, uuid, uuid, uuid, jsonb,
    uuid)'::regprocedure;
select 'docket_private.fill_message(text, jsonb)'::regprocedure;
select 'docket_private.sarif_message(jsonb, jsonb, text)'::regprocedure;
select 'docket_private.sarif_rules(jsonb)'::regprocedure;
select 'docket_private.sarif_overrides(jsonb, jsonb)'::regprocedure;
select 'docket_private.sarif_severity(text, text)'::regprocedure;
select 'docket_private.sarif_path(text, text)'::regprocedure;
select 'docket_private.sarif_fingerprint(jsonb)'::regprocedure;
select 'docket_private.sarif_findings(jsonb, text)'::regprocedure;
select 'docket_private.count_rules(docket_private.found[])'::regprocedure;
select 'docket.ingest_sarif(
    uuid, jsonb, text, text, boolean, text, uuid, uuid, uuid, uuid)'::regprocedure;
select 'docket_private.read_test_cases(jsonb)'::regprocedure;
select 'docket.ingest_junit(
    uuid, jsonb, text, text, boolean, uuid, uuid, uuid, uuid)'::regprocedure;
select 1 / has_function_privilege('docket_agent', '
               docket.record_findings(
                   uuid, text, jsonb, text, text, numeric, numeric, boolean, text, uuid, uuid,
                   uuid, jsonb, uuid)',
               'execute')::integer;
select 1 / has_function_privilege('docket_agent', '
               docket.ingest_sarif(
                   uuid, jsonb, text, text, boolean, text, uuid, uuid, uuid, uuid)',
               'execute')::integer;
select 1 / has_function_privilege('docket_agent', '
               docket.ingest_junit(
                   uuid, jsonb, text, text, boolean, uuid, uuid, uuid, uuid)',
               'execute')::integer;

rollback;
