-- Revert pgdocket:delivery/ingest_validations from pg

begin;

drop function docket.ingest_junit(
    uuid, jsonb, text, text, boolean, uuid, uuid, uuid, uuid);
drop function docket_private.read_test_cases(jsonb);
drop type docket_private.test_case;
drop function docket.ingest_sarif(
    uuid, jsonb, text, text, boolean, text, uuid, uuid, uuid, uuid);
drop function docket_private.count_rules(docket_private.found[]);
drop function docket_private.sarif_findings(jsonb, text);
drop function docket_private.sarif_fingerprint(jsonb);
drop function docket_private.sarif_path(text, text);
drop function docket_private.sarif_severity(text, text);
drop function docket_private.sarif_overrides(jsonb, jsonb);
drop function docket_private.sarif_rules(jsonb);
drop function docket_private.sarif_message(jsonb, jsonb, text);
drop function docket_private.fill_message(text, jsonb);
drop function docket.record_findings(
    uuid, text, jsonb, text, text, numeric, numeric, boolean, text, uuid, uuid, uuid, jsonb,
    uuid);
drop function docket_private.fingerprint_of(text, text, text, text, text);
drop function docket_private.record_run(
    uuid, text, docket_private.found[], text[], text[], jsonb);

commit;
