-- The tallies: what is counted, of whom, and that a restored dump can count it.

begin;
select plan(9);

select docket_test.at('2026-03-01 00:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a', tags => '{x,x,y}');
select docket.create_task(docket_test.project_id(), 'B', task_key => 'b', priority => '9');
select docket.create_task(docket_test.project_id(), 'C', task_key => 'c');
select docket.delete_task(docket_test.id('c'));
select docket_test.at('2026-03-01 01:00+00');
select (docket.start_task(docket_test.id('a'), 'ann')).attempt_id as first \gset
select docket_test.at('2026-03-01 03:00+00');
select docket.complete_task(:'first');
-- By a person, without an attempt.
select docket.update_task_status(docket_test.id('b'), 'completed');
select docket_test.at('2026-03-02 00:00+00');

select set_eq(
    $$ select c.dimension, c.label, c.status, c.tasks from docket_private.tally_task_counts() as c
        where c.project_id = docket_test.project_id() $$,
    $$ values ('priority', '5', 'completed', 1::bigint), ('priority', '9', 'completed', 1),
              ('agent', 'ann', 'completed', 1), ('agent', '', 'completed', 1),
              ('workflow', '', 'completed', 2),
              ('tag', 'x', 'completed', 1), ('tag', 'y', 'completed', 1),
              ('tag', '', 'completed', 1) $$,
    'each task in use is counted once by priority, agent and workflow, and for each of its tags');
select set_eq(
    $$ select t.dimension, t.label, t.completed, t.lead_p95_ms, t.cycles, t.cycle_p50_ms
         from docket_private.tally_task_times() as t
        where t.project_id = docket_test.project_id() and t.days = 7 $$,
    $$ values ('', '', 2::bigint, 10800000::bigint, 1::bigint, 7200000::bigint),
              ('priority', '5', 1, 10800000, 1, 7200000), ('priority', '9', 1, 10800000, 0, null),
              ('agent', 'ann', 1, 10800000, 1, 7200000), ('agent', '', 1, 10800000, 0, null),
              ('workflow', '', 2, 10800000, 1, 7200000),
              ('tag', 'x', 1, 10800000, 1, 7200000), ('tag', 'y', 1, 10800000, 1, 7200000),
              ('tag', '', 1, 10800000, 0, null) $$,
    'the lead time is from the creation, the cycle time from the first attempt');
select docket_test.at('2026-03-08 02:59+00');
select is(
    (select max(t.completed) from docket_private.tally_task_times() as t where t.days = 7),
    2::bigint, 'what was completed less than seven days ago is of the last seven days');
select docket_test.at('2026-03-08 03:01+00');
select set_eq(
    $$ select distinct t.days from docket_private.tally_task_times() as t $$,
    array[30, 90, 365], 'what was completed before is not');
select set_eq(
    $$ select w.period, w.period_start, w.created, w.completed
         from docket_private.tally_work_periods() as w $$,
    $$ values ('day', '2026-03-01 00:00+00'::timestamptz, 2::bigint, 2::bigint),
              ('week', '2026-02-23 00:00+00', 2, 2) $$,
    'days and weeks are those of UTC, weeks begin on Mondays');

-- A dump is restored with row-level security off.
set local row_security = off;
select throws_ok(
    $$ set local role docket_owner; select count(*) from docket.tasks $$, '42501', null,
    'with row-level security off a query of a forced table is refused');
reset role;
select lives_ok(
    'refresh materialized view docket_private.task_counts',
    'but what is counted can be counted');
set local row_security = on;
select is(
    (select count(*) from docket_private.task_counts as c
      where c.project_id = docket_test.project_id()),
    8::bigint, 'and is all there');

create role tap_tallies_app in role docket_admin;
set local role tap_tallies_app;
select throws_ok(
    'select from docket_private.task_counts', '42501', null, 'nobody reads it by himself');
reset role;

select * from finish();
rollback;
