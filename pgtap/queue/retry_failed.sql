-- What has failed for good can be tried anew, with a new count.

begin;
select plan(20);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
update docket.retry_policies set jitter = 0, backoff_seconds = 0;

create function pg_temp.fail(key text, failure_class text default 'bug') returns text
language sql
as $$
    select (docket.fail_task(
               (docket.start_task(docket_test.id(fail.key), 'ann')).attempt_id, 'broken',
               fail.failure_class)).status
$$;

select docket.create_task(
           docket_test.project_id(), 'Task ' || k.key, task_key => k.key,
           tags => array[k.key, 'x'])
  from unnest(array['a', 'b', 'c', 'd']) as k (key);
select docket.create_task(
    docket_test.project_id(), 'After a', task_key => 'e', depends_on => array[docket_test.id('a')]);
select docket.update_task(docket_test.id('d'), '{"assigned_to": "bob"}');
select pg_temp.fail(k.key) from unnest(array['a', 'a', 'a', 'b', 'b', 'b']) as k (key);
select pg_temp.fail('c', 'infrastructure') from generate_series(1, 10);

select results_eq(
    $$ select t.task_key from docket.list_tasks(docket_test.project_id(), array['failed']) as t
        order by t.task_key $$,
    array['a', 'b', 'c'], 'three tasks have failed for good');
select results_eq(
    $$ select t.task_key, t.status::text, t.assigned_to, t.not_before
         from docket.retry_failed(docket_test.project_id(), 'infrastructure') as t $$,
    $$ values ('c', 'pending', null::text, null::timestamptz) $$,
    'those whose last attempt failed by one class');
select results_eq(
    $$ select t.task_key
         from docket.retry_failed(docket_test.project_id(), tags_all => array['x', 'b']) as t $$,
    array['b'], 'those with all of some tags');
select is_empty(
    $$ select from docket.retry_failed(docket_test.project_id(), 'infrastructure') $$,
    'what does not stand failed is not touched');
select results_eq(
    $$ select t.task_key from docket.retry_failed(docket_test.project_id()) as t $$,
    array['a'], 'or all of them');

select results_eq(
    $$ select pg_temp.fail('a') from generate_series(1, 3) $$,
    array['pending', 'pending', 'failed'], 'the count begins anew');
select is(
    (select count(*) filter (where a.is_forgiven) || ' of ' || count(*)
       from docket.list_attempts(docket_test.id('a')) as a), '3 of 6',
    'and the history keeps every attempt');
select is_empty(
    $$ select from docket.ready_tasks as r where r.task_id = docket_test.id('e') $$,
    'what waits for it goes on waiting');

-- A person does the same for one task.
select docket.update_task_status(docket_test.id('a'), 'pending');
select results_eq(
    $$ select pg_temp.fail('a') from generate_series(1, 3) $$,
    array['pending', 'pending', 'failed'], 'a person who takes it up again gives it a new start');
select docket.update_task_status(docket_test.id('a'), 'blocked');
select docket.update_task_status(docket_test.id('a'), 'pending');
select is(pg_temp.fail('a'), 'pending', 'by way of a hold as well');

-- Workflows, and how many.
select pg_temp.fail('a') from generate_series(1, 2);
select pg_temp.fail('b') from generate_series(1, 3);
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
update docket.tasks as t
   set workflow_id = f.workflow_id
  from flows as f
 where t.task_key = 'b';
select results_eq(
    $$ select t.task_key
         from flows as f
        cross join lateral docket.retry_failed(
                  docket_test.project_id(), workflow_id => f.workflow_id) as t $$,
    array['b'], 'those of one workflow');
select pg_temp.fail('b') from generate_series(1, 3);
select is(
    (select count(*) from docket.retry_failed(docket_test.project_id(), max_tasks => 1)), 1::bigint,
    'no more than so many');
select docket.delete_task(t.task_id)
  from docket.list_tasks(docket_test.project_id(), array['failed']) as t;
select is_empty(
    $$ select from docket.retry_failed(docket_test.project_id()) $$, 'what was put away stays');

-- Refusals.
select throws_ok(
    $$ select docket.retry_failed(docket_test.project_id(), 'bad luck') $$,
    'PD422', '''bad luck'' is no failure class', 'a class that is none is refused');
select throws_ok(
    $$ select docket.retry_failed(docket_test.project_id(), max_tasks => 0) $$,
    'PD422', 'max_tasks is 0', 'so is none at all');
select throws_ok(
    $$ select docket.retry_failed(docket_test.project_id(), max_tasks => null) $$,
    'PD422', 'max_tasks is null', 'or null');
select throws_ok(
    $$ select docket.retry_failed('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'the project exists');

select pg_temp.fail('d') from generate_series(1, 3);
select is(
    (select count(t.task_id)
       from generate_series(1, 2)
      cross join lateral docket.retry_failed(
                docket_test.project_id(),
                request_id => '00000000-0000-4000-8000-000000000001') as t), 2::bigint,
    'the same request twice is given the same answer');
select is(
    (select count(*)
       from docket.task_history(docket_test.id('d')) as h
      where h.from_status = 'failed'
        and h.to_status = 'pending'), 1::bigint, 'and is done once');
select is_empty(
    $$ select from docket.graph_health(docket_test.project_id()) $$, 'the graph is in order');

select * from finish();
rollback;
