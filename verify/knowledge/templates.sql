-- Verify pgdocket:knowledge/templates on pg

begin;

select template_id, project_id, template_key, kind, title, description, body, variables, tags,
       archived_at, metadata, version, created_at, updated_at, created_by, updated_by
  from docket.templates
 where false;
select template_id, project_id, version, kind, title, description, body, variables, tags,
       archived_at, metadata, created_at, created_by
  from docket.template_versions
 where false;
select usage_id, project_id, template_id, version, task_id, workflow_id, variables, created_at,
       created_by
  from docket.template_usage_history
 where false;
select 'prompt'::docket.template_kind;

rollback;
