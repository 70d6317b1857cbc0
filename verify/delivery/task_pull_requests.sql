-- Verify pgdocket:delivery/task_pull_requests on pg

begin;

select task_id, project_id, pull_request_id, created_at, created_by
  from docket.task_pull_requests
 where false;

-- Without one of these a merge would not be noticed.
select 1 / (count(*) = 3)::integer
  from pg_catalog.pg_trigger as g
 where g.tgname in ('pull_requests_follow_update', 'task_pull_requests_follow_insert',
                    'task_pull_requests_follow_delete')
   and g.tgrelid in ('docket.pull_requests'::regclass, 'docket.task_pull_requests'::regclass)
   and g.tgenabled in ('O', 'A');

select 1 / has_function_privilege(
               'docket_agent', 'docket.link_pull_request(uuid, uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege(
               'docket_agent', 'docket.unlink_pull_request(uuid, uuid, uuid)', 'execute')::integer;
select 1 / has_function_privilege(
               'docket_reader', 'docket.list_task_pull_requests(uuid, uuid, integer)',
               'execute')::integer;
select 1 / has_function_privilege(
               'docket_reader', 'docket.list_pull_request_tasks(uuid, uuid, integer)',
               'execute')::integer;

rollback;
