-- A deployment ends with its execution, whoever ends that, and says when it is tried again.

begin;
select plan(9);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.put_deployment_script(
    docket_test.project_id(), 'app', 'echo', 'bash', max_attempts => 3, backoff_seconds => 30);

create temporary table run as
select * from docket.start_deployment(docket_test.project_id(), 'app', 'staging');
select results_eq(
    $$ select e.execution_type::text, e.environment::text, e.status::text,
              e.metadata ->> 'script_name'
         from run as r cross join lateral docket.get_execution(r.execution_id) as e $$,
    $$ values ('deployment', 'staging', 'running', 'app') $$, 'it is an execution');
select throws_ok(
    $$ update docket.deployment_executions set completed_at = started_at $$, '23514', null,
    'what runs has not ended');
select throws_ok(
    $$ update docket.deployment_executions set attempt_no = 2 $$, '23514', null,
    'a second attempt is one after a first');
select throws_ok(
    $$ insert into docket.deployment_executions (
           deployment_id, project_id, script_id, version_no, environment, execution_id, started_at)
       select gen_random_uuid(), r.project_id, r.script_id, r.version_no, r.environment,
              gen_random_uuid(), r.started_at
         from run as r $$,
    '23505', null, 'no script is run twice at once in one place');
select docket_test.at('2026-01-01 09:00:02.5+00');
select docket.finish_execution(r.execution_id, 'failed', 7, error_message => 'no') from run as r;
select results_eq(
    $$ select d.status::text, d.exit_code, d.error_message, d.duration_ms, d.completed_at,
              d.retry_at
         from run as r cross join lateral docket.get_deployment(r.deployment_id) as d $$,
    $$ values ('failed', 7, 'no', 2500::bigint, '2026-01-01 09:00:02.5+00'::timestamptz,
               '2026-01-01 09:00:32.5+00'::timestamptz) $$,
    'it ends as its execution does, and is tried again after a while');

-- What gives no sign of life.
create temporary table again as
select a.*
  from run as r
 cross join lateral docket.start_deployment(
           r.project_id, 'app', 'staging', retry_of => r.deployment_id, lease_seconds => 60) as a;
select docket_test.at('2026-01-01 09:01:02.4+00');
select is(docket_private.end_silent_executions(100), 0::bigint, 'it lives as long as its lease');
select docket_test.at('2026-01-01 09:01:02.6+00');
select is(docket_private.end_silent_executions(100), 1::bigint, 'and not longer');
select results_eq(
    $$ select d.status::text, d.attempt_no, d.retry_at, d.error_message like 'no sign of life%'
         from again as a cross join lateral docket.get_deployment(a.deployment_id) as d $$,
    $$ values ('timed_out', 2, '2026-01-01 09:02:02.6+00'::timestamptz, true) $$,
    'with it its deployment has ended; the next wait is twice as long');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.start_deployment(
    docket_test.project_id(), 'app', 'staging', task_id => docket_test.id('a'));
select docket.purge_task(docket_test.id('a'));
select is(
    (select count(*) from docket.list_deployments(docket_test.project_id())), 2::bigint,
    'what was deployed for a task goes with the task');

select * from finish();
rollback;
