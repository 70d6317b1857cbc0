-- How tasks stand, how long they take and how that goes, of those projects that one may see.

begin;
select plan(15);

select docket_test.at('2026-03-02 00:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a', tags => '{x}');
select docket.create_task(docket_test.project_id(), 'B', task_key => 'b', tags => '{x,y}');
select docket.create_task(docket_test.project_id(), 'C', task_key => 'c', priority => '9');
select docket.create_task(docket_test.project_id(), 'D', task_key => 'd');
select docket_test.at('2026-03-03 00:00+00');
select (docket.start_task(docket_test.id('a'), 'ann')).attempt_id as a \gset
select (docket.start_task(docket_test.id('b'), 'bob')).attempt_id as b \gset
select (docket.start_task(docket_test.id('c'), 'bob')).attempt_id as c \gset
select docket_test.at('2026-03-03 00:04+00');
select docket.complete_task(:'a');
update docket.retry_policies set max_attempts = 1 where failure_class = 'bug';
select docket.fail_task(:'b', 'no', 'bug');
select docket.release_task(:'c');
select docket.record_validation(docket_test.id('a'), 'tests', 'passed');
select docket.record_validation(docket_test.id('a'), 'tests', 'failed');
select docket.record_validation(docket_test.id('a'), 'tests', 'skipped');
select docket.record_error(docket_test.project_id(), 'oh');
select docket_test.at('2026-03-04 12:00+00');
select docket.refresh_tallies();

select results_eq(
    $$ select b.label, b.tasks, b.share, b.success_rate from docket.task_breakdown() as b $$,
    $$ values ('pending', 2::bigint, 0.5, null::numeric), ('completed', 1, 0.25, 1.0),
              ('failed', 1, 0.25, 0.0) $$,
    'how tasks stand, the most first');
select results_eq(
    $$ select b.label, b.tasks, b.pending, b.completed, b.failed, b.success_rate
         from docket.task_breakdown(docket_test.project_id(), 'tag') as b $$,
    $$ values ('x', 2::bigint, 0::bigint, 1::bigint, 1::bigint, 0.5),
              (null, 2, 2, 0, 0, null), ('y', 1, 0, 0, 1, 0.0) $$,
    'a task counts for each of its tags; those without have a row too');
select set_eq(
    $$ select b.label, b.tasks
         from docket.task_breakdown(docket_test.project_id(), 'agent') as b $$,
    $$ values ('ann', 1::bigint), ('bob', 2), (null, 1) $$, 'by who has it, or had it last');
select is(
    (select b.label from docket.task_breakdown(null, 'priority', 1) as b), '5',
    'the answer is bounded');
select throws_ok(
    $$ select docket.task_breakdown(null, 'colour') $$, 'PD422',
    '''colour'' is no thing to group by',
    'by what there is');
select results_eq(
    $$ select t.project, t.completed, t.throughput, t.lead_p50_ms, t.cycles, t.cycle_p95_ms, t.as_of
         from docket.task_times(days => 7) as t $$,
    $$ values ('one', 1::bigint, 0.1429, 86640000::bigint, 1::bigint, 240000::bigint,
               '2026-03-04 12:00+00'::timestamptz) $$,
    'how long tasks take, and how many a day are completed');
select results_eq(
    $$ select t.label, t.lead_mean_ms from docket.task_times(group_by => 'agent') as t $$,
    $$ values ('ann', 86640000::bigint) $$, 'by agent');
select throws_ok(
    $$ select docket.task_times(days => 8) $$, 'PD422', null, 'of the periods that are counted');
select results_eq(
    $$ select t.period_start, t.tasks_created, t.tasks_completed, t.attempts, t.attempts_failed,
              t.success_rate, t.validations, t.validations_failed, t.errors
         from docket.work_trends(since => '2026-03-01 10:00+00', until => '2026-03-04 00:00+00')
              as t $$,
    $$ values ('2026-03-01 00:00+00'::timestamptz, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
               null::numeric, 0::bigint, 0::bigint, 0::bigint),
              ('2026-03-02 00:00+00', 4, 0, 0, 0, null, 0, 0, 0),
              ('2026-03-03 00:00+00', 0, 1, 2, 1, 0.5, 2, 1, 1) $$,
    'each day has a row; what was released or skipped says nothing of success');
select results_eq(
    $$ select count(*), min(t.period_start), sum(t.tasks_completed)
         from docket.work_trends(docket_test.project_id(), 'week') as t $$,
    $$ values (12::bigint, '2025-12-15 00:00+00'::timestamptz, 1::numeric) $$,
    'twelve weeks unless told otherwise');
select is(
    (select count(*) from docket.work_trends()), 30::bigint, 'or thirty days');
select throws_ok(
    $$ select docket.work_trends(period => 'year') $$, 'PD422', null, 'by day or week');
select throws_ok(
    $$ select docket.work_trends(since => '-infinity') $$, 'PD422', null,
    'of a period that has an end');

select set_config('tap.project', docket_test.project_id()::text, true);
create role tap_tallies_stranger in role docket_app;
create role tap_tallies_reader in role docket_reader;
select docket_test.member('tap_tallies_reader', 'reader');
set local role tap_tallies_stranger;
select is(
    (select (select count(*) from docket.task_breakdown(current_setting('tap.project')::uuid))
            + (select count(*) from docket.task_times())
            + (select count(*) from docket.work_trends())),
    0::bigint, 'whoever does not see the project sees nothing of it');
set local role tap_tallies_reader;
select is(
    (select sum(b.tasks) from docket.task_breakdown() as b), 4::numeric,
    'who may read it does');
reset role;

select * from finish();
rollback;
