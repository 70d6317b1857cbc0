-- Verify pgdocket:delivery/pull_requests on pg

begin;

select pull_request_id, project_id, repository, number, title, description, url, author, status,
       has_conflict, head_branch, head_commit, base_branch, base_commit, merge_commit, commits,
       changed_files, additions, deletions, checks_status, review_status, merge_status,
       auto_merge_method, auto_merge_by, is_queued, opened_at, merged_at, merged_by, closed_at,
       metadata,
       version, created_at, updated_at, created_by, updated_by
  from docket.pull_requests
 where false;

select 'docket.record_pull_request(uuid, text, bigint, jsonb, uuid)'::regprocedure;
select 'docket.get_pull_request(uuid)'::regprocedure;
select 'docket.list_pull_requests(uuid, text, uuid, integer)'::regprocedure;
select 1 / has_function_privilege(
           'docket_agent', 'docket.record_pull_request(uuid, text, bigint, jsonb, uuid)',
           'execute')::integer;

rollback;
