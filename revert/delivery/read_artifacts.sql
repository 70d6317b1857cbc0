-- Revert pgdocket:delivery/read_artifacts from pg

begin;

drop function docket.verify_artifacts(uuid, uuid, integer, bigint);
drop function docket.artifact_content(uuid, bigint, bigint);
drop function docket.list_artifacts(
    uuid, uuid, text, text, bytea, uuid, uuid, boolean, uuid, integer);
drop function docket.find_artifact(uuid, text, integer);
drop function docket.get_artifact(uuid);

commit;
