-- Verify pgdocket:delivery/commit_checks on pg

begin;

select commit_check_id, project_id, repository, commit_hash, source, name, check_status,
       conclusion, url, started_at, completed_at, told_key, version, created_at, updated_at,
       created_by, updated_by
  from docket.commit_checks
 where false;

select pull_request_review_id, project_id, pull_request_id, host_review_id, reviewer,
       review_state, commit_hash, body, url, submitted_at, told_key, version, created_at,
       updated_at, created_by, updated_by
  from docket.pull_request_reviews
 where false;

select push_id, project_id, repository, ref, before_commit, after_commit, is_forced, commits,
       pusher, url, pushed_at, created_at, created_by
  from docket.pushes
 where false;

select pull_request_id, project_id, facts
  from docket_private.pull_request_facts
 where false;

select project_id, repository, deliveries
  from docket_private.webhook_streams
 where false;

select 1 / has_function_privilege(
               'docket_reader', 'docket.list_checks(uuid, text, text, integer)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_reader', 'docket.list_reviews(uuid, uuid, integer)', 'execute')::integer;
select 1 / has_function_privilege(
               'docket_reader', 'docket.list_pushes(uuid, text, text, uuid, integer)',
               'execute')::integer;

rollback;
