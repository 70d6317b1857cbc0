-- What is held at this moment, and how work has gone in the last minutes.

begin;
select plan(10);

create role tap_live_reader in role docket_reader;

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');
select docket_test.member('tap_live_reader', 'reader');
select count(*)
  from generate_series(1, 5) as n
 cross join docket.create_task(docket_test.project_id(), 'Task ' || n, task_key => 't' || n);
select docket.start_task(docket_test.id('t1'), 'ann', 660);
select docket_test.pass('10 minutes');
select docket.start_task(docket_test.id('t2'), 'bob', 600),
       docket.start_task(docket_test.id('t3'), 'bob', 600);
select docket_test.pass('59 seconds');
select docket.start_task(docket_test.id('t4'), 'cid', 600);
select docket_test.pass('1 second');

set local role tap_live_reader;
select results_eq(
    $$ select l.agent, l.task_key, l.title, l.attempt_no, l.lease_expires_at - docket.clock(),
              l.is_expired
         from docket.list_leases(docket_test.project_id()) as l $$,
    $$ values ('ann', 't1', 'Task 1', 1, '0'::interval, true),
              ('bob', 't2', 'Task 2', 1, '9 minutes', false),
              ('bob', 't3', 'Task 3', 1, '9 minutes', false),
              ('cid', 't4', 'Task 4', 1, '9 minutes 59 seconds', false) $$,
    'who holds what, the longest first, and until when');
select results_eq(
    $$ select l.task_key
         from docket.list_leases(
                  docket_test.project_id(),
                  (select f.attempt_id
                     from docket.list_leases(docket_test.project_id(), page_size => 1) as f),
                  2) as l $$,
    $$ values ('t2'), ('t3') $$, 'in pages');
reset role;
select docket.complete_task(l.attempt_id, '"done"')
  from docket.list_leases(docket_test.project_id()) as l
 where l.task_key = 't2';
select docket.fail_task(l.attempt_id, 'broken')
  from docket.list_leases(docket_test.project_id()) as l
 where l.task_key = 't3';
set local role tap_live_reader;
select results_eq(
    'select * from docket.attempt_rates(docket_test.project_id())',
    'values (3::bigint, 1::bigint, 1::bigint, 1::bigint, 0::bigint, 2::bigint)',
    'of what was begun in the last five minutes, what has become');
select results_eq(
    $$ select r.begun, r.running
         from docket.attempt_rates(docket_test.project_id(), '1 hour') as r $$,
    'values (4::bigint, 2::bigint)', 'or in an hour');
select results_eq(
    $$ select r.begun, r.agents
         from docket.attempt_rates(docket_test.project_id(), '30 seconds') as r $$,
    'values (1::bigint, 1::bigint)', 'or in half a minute');
select is(
    (select count(*) from docket.list_leases(docket_test.project_id())), 2::bigint,
    'what has ended is held by nobody');
select throws_ok(
    format('select docket.attempt_rates(docket_test.project_id(), %L)', r.period), 'PD422', null,
    coalesce(r.period, 'null'))
  from (values ('0'), ('2 days'), (null)) as r (period);
select throws_ok(
    'select docket.attempt_rates(gen_random_uuid())', 'PD404', null, 'of what there is');

select * from finish();
rollback;
