-- Verify pgdocket:delivery/deployment_scripts on pg

begin;

select script_id, project_id, script_name, description, language, environments, version_no,
       content_hash, content_size, required_variables, optional_variables, required_permissions,
       timeout_seconds, max_attempts, backoff_seconds, archived_at, metadata, version, created_at,
       updated_at, created_by, updated_by
  from docket.deployment_scripts
 where false;
select script_id, project_id, version_no, language, content, content_hash, content_size,
       created_at, created_by
  from docket.deployment_script_versions
 where false;
select script_id, project_id, depends_on_id, created_at, created_by
  from docket.deployment_script_dependencies
 where false;
select 'bash'::docket.script_language, 'production'::docket.deployment_environment;
select 1 / (count(*) = 2)::integer
  from docket.settings as s
 where s.setting_key in ('max_script_bytes', 'deployments_to_confirm');

rollback;
