-- Verify pgdocket:delivery/code_artifacts on pg

begin;

select artifact_id, project_id, task_id, attempt_id, artifact_type, file_path, version_no,
       content_hash, content_size, content_type, storage_type, storage_location, stored_hash,
       metadata, version, created_at, updated_at, created_by, updated_by
  from docket.code_artifacts
 where false;

select content_hash, project_id, content
  from docket.artifact_contents
 where false;

select interaction_id, project_id, artifact_id, created_at, created_by
  from docket.interaction_artifacts
 where false;

select 1 / (docket_private.detect_content_type('a/b.py', 'x = 1') = 'text/x-python')::integer;

select 1 / count(*)
  from pg_catalog.pg_trigger
 where tgrelid = 'docket.code_artifacts'::regclass
   and tgfoid = 'docket_private.drop_unused_contents()'::regprocedure;

select 1 / count(*)
  from docket.settings
 where setting_key = 'max_artifact_bytes';

rollback;
