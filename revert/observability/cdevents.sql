-- Revert pgdocket:observability/cdevents from pg

begin;

drop function docket.ingest_cdevent(uuid, jsonb, uuid);
drop function docket.ingest_cloudevent(uuid, jsonb, uuid);
drop function docket.to_cdevent(text, uuid, text);
drop function docket_private.deployment_facts(uuid, text);
drop function docket_private.change_facts(uuid, text);
drop function docket_private.validation_facts(uuid, text);
drop function docket_private.artifact_facts(uuid, text);
drop function docket_private.execution_facts(uuid, text);
drop function docket_private.attempt_facts(uuid, text);
drop function docket_private.purl(text, text, integer, bytea);
drop function docket_private.uri_path(text);
drop function docket_private.cdevent_problem(jsonb);
drop function docket_private.cdevent_vocabulary();

commit;
