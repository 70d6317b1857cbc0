-- Verify pgdocket:context/prompt_builds on pg

begin;

select prompt_build_id, project_id, task_id, attempt_id, model, sections, token_budget,
       token_estimate, token_estimator, included, left_out, content, content_hash, source_hash,
       created_at, created_by
  from docket.prompt_builds
 where false;

select prompt_build_id, project_id, snapshot, transaction_id, settings, stamped_at,
       server_started_at
  from docket_private.prompt_stamps
 where false;

select 1 / (docket.estimate_tokens('four') = 1)::integer;
select 1 / has_function_privilege('docket_reader', 'docket.get_prompt_build(uuid)', 'execute')::integer;
select 1 / has_function_privilege(
               'docket_reader', 'docket.list_prompt_builds(uuid, uuid, integer)', 'execute')::integer;

rollback;
