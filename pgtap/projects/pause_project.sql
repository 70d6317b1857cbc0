-- A paused project gives out no tasks, and takes in what is finished.

begin;
select plan(14);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.graph('chain');
create temporary table held as
select t.* from docket.claim_tasks(docket_test.project_id(), 'ann') as t;
select docket.create_task(docket_test.project_id(), 'Ready', task_key => 'r');

select is(
    (docket.pause_project(docket_test.project_id())).paused_at,
    '2026-01-01 09:00+00'::timestamptz, 'a project is paused from now on');
select is_empty(
    $$ select from docket.claim_tasks(docket_test.project_id(), 'bob', 10) $$,
    'its tasks are not claimed');
select is_empty(
    $$ select
         from docket.claim_tasks(
                  docket_test.project_id(), 'bob', 10,
                  request_id => '00000000-0000-4000-8000-000000000001') $$,
    'nor by a request that may be repeated');
select throws_ok(
    $$ select docket.start_task(docket_test.id('r'), 'bob') $$,
    'PD409', 'project chain is paused', 'nor one of them');
select results_eq(
    $$ select w.reason, w.detail from docket.why_blocked(docket_test.id('r')) as w $$,
    $$ values ('project', 'Its project is paused since 2026-01-01 09:00:00+00.') $$,
    'and that is the reason');
select lives_ok(
    $$ select docket.heartbeat(h.attempt_id) from held as h $$, 'who holds a task goes on');
select is(
    (select (docket.complete_task(h.attempt_id)).status::text from held as h), 'completed',
    'and completes it');
select docket_test.pass('1 minute');
select is(
    (docket.pause_project(docket_test.project_id())).paused_at,
    '2026-01-01 09:00+00'::timestamptz, 'pausing twice changes nothing');

select is(
    (docket.resume_project(docket_test.project_id())).paused_at, null, 'it is resumed');
select set_eq(
    $$ select t.task_key from docket.claim_tasks(docket_test.project_id(), 'bob', 10) as t $$,
    array['b', 'r'], 'and goes on, with what became ready meanwhile');
select is_empty(
    $$ select
         from docket.claim_tasks(
                  docket_test.project_id(), 'bob', 10,
                  request_id => '00000000-0000-4000-8000-000000000001') $$,
    'a request that was answered stays answered');

select is(
    (select count(distinct p.paused_at)
       from (values (0), (1)) as twice (n)
      cross join lateral (select docket_test.pass(twice.n * interval '1 minute')) as passed
      cross join lateral docket.pause_project(
                docket_test.project_id(), '00000000-0000-4000-8000-000000000002') as p), 1::bigint,
    'the same request twice is answered once');
select throws_ok(
    $$ select docket.pause_project('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'the project exists');
select throws_ok(
    $$ select docket.resume_project('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'in both cases');

select * from finish();
rollback;
