-- Revert pgdocket:delivery/ingest_linear from pg

begin;

drop function docket.ingest_linear(uuid, jsonb, text, bytea);
drop function docket_private.process_linear(docket.webhook_deliveries, jsonb);
drop function docket_private.take_in_linear(uuid, jsonb);
drop function docket_private.fields_changed(jsonb);
drop function docket_private.adopt_issue(uuid, jsonb, jsonb);

commit;
