-- Revert pgdocket:delivery/put_artifacts from pg

begin;

drop function docket.delete_artifact(uuid, uuid);
drop function docket.link_artifacts(uuid, uuid[], uuid);
drop function docket.put_artifacts(jsonb, uuid);
drop function docket_private.check_artifacts(jsonb);
drop function docket.put_artifact(
    uuid, text, bytea, text, text, bytea, text, text, bigint, uuid, uuid, jsonb, uuid);
drop function docket_private.store_artifacts(
    uuid, docket.code_artifacts[], bytea[], uuid[]);
drop function docket_private.keep_contents(docket.code_artifacts[], bytea[]);
drop function docket_private.complete_artifacts(uuid, docket.code_artifacts[], bytea[]);
drop function docket_private.check_interactions_of(uuid, uuid[]);
drop function docket_private.check_attempts(uuid, uuid[], uuid[]);

commit;
