-- Revert pgdocket:delivery/code_artifacts from pg

begin;

delete from docket.settings where setting_key = 'max_artifact_bytes';
drop table docket.interaction_artifacts;
drop table docket.code_artifacts;
drop table docket.artifact_contents;
drop function docket_private.detect_content_type(text, bytea);
drop function docket_private.drop_unused_contents();
drop domain docket.storage_type;
drop domain docket.artifact_type;

commit;
