-- sweep_leases(): what an agent has lost goes back into the queue, or ends when that was too often.

begin;
select plan(17);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Task ' || k, task_key => k)
  from unnest(array['a', 'b', 'c', 'd']) as k;
select docket.start_task(docket_test.id('a'), 'ann', 60);
select docket.start_task(docket_test.id('b'), 'ann', 60);
select docket.start_task(docket_test.id('c'), 'ann', 120);

select docket_test.at('2026-01-01 09:00:59.999999+00');
select is_empty(
    'select from docket.sweep_leases(docket_test.project_id())',
    'a lease holds to its last moment');

select docket_test.at('2026-01-01 09:01+00');
select results_eq(
    $$ select t.task_key, t.status::text, t.assigned_to, t.attempt_id, t.not_before
         from docket.sweep_leases(docket_test.project_id()) as t
        order by t.task_key $$,
    $$ values ('a', 'pending', null::text, null::uuid, null::timestamptz),
              ('b', 'pending', null, null, null) $$,
    'then its task is pending again, and nobody''s');
select results_eq(
    $$ select a.outcome::text, a.failure_class, a.error, a.ended_at
         from docket.list_attempts(docket_test.id('a')) as a $$,
    $$ values ('lease_expired', 'lease_expired', 'the lease expired',
               '2026-01-01 09:01+00'::timestamptz) $$,
    'its attempt has ended so');
select set_eq(
    $$ select docket_test.key(r.task_id)
         from docket.ready_tasks as r
        where r.project_id = docket_test.project_id() $$,
    array['a', 'b', 'd'],
    'it is ready at once');
select is(
    (docket.get_task(docket_test.id('c'))).status::text, 'in_progress',
    'whose lease runs keeps his task');
select is_empty(
    'select from docket.sweep_leases(docket_test.project_id())', 'a second sweep finds nothing');

-- Too often.
create function pg_temp.lose(key text) returns text
language plpgsql
as $$
begin
    perform docket.start_task(docket_test.id(lose.key), 'ann', 1);
    perform docket_test.pass('10 seconds');
    return (
        select t.status
          from docket.sweep_leases(docket_test.project_id()) as t
         where t.task_id = docket_test.id(lose.key));
end;
$$;
select results_eq(
    $$ select pg_temp.lose('a') from generate_series(2, 5) as n $$,
    array['pending', 'pending', 'pending', 'failed'],
    'the fifth time it has failed, by its policy');
select is(
    (docket.get_task(docket_test.id('a'))).not_before, null, 'with no time before which to wait');
select is(
    (select count(*) from docket.list_attempts(docket_test.id('a'))), 5::bigint,
    'every attempt is kept');
select lives_ok(
    $$ select docket.update_task_status(docket_test.id('a'), 'pending') $$,
    'a person may try again');

-- At most so many.
select docket.create_task(docket_test.project_id(), 'Task ' || n, task_key => 'n' || n)
  from generate_series(1, 5) as n;
select count(*) from docket.claim_tasks(docket_test.project_id(), 'ann', 100, 1);
select docket_test.pass('1 day');
select is(
    (select count(*) from docket.sweep_leases(docket_test.project_id(), max_tasks => 2)), 2::bigint,
    'a sweep takes as many as it is told');
select ok(
    (select count(*) >= 3 from docket.sweep_leases(docket_test.project_id())),
    'and the next the rest');
select is_empty(
    $$ select
         from docket.task_attempts as a
        where a.project_id = docket_test.project_id()
          and a.outcome is null $$,
    'until nobody holds anything');

-- What its agent says afterwards.
select throws_ok(
    $$ select docket.complete_task(a.attempt_id)
         from docket.list_attempts(docket_test.id('b')) as a
        where a.attempt_no = 1 $$,
    'PDLSE', null, 'who has lost a task completes it no more');
select throws_ok(
    $$ select docket.fail_task(a.attempt_id, 'too late')
         from docket.list_attempts(docket_test.id('b')) as a
        where a.attempt_no = 1 $$,
    'PDLSE', null, 'nor fails it');

-- Other projects.
select docket.start_task(docket_test.id('b'), 'ann', 1);
create temporary table first_project as select docket_test.project_id() as project_id;
select docket_test.project('two');
select docket_test.pass('1 day');
select is_empty(
    'select from docket.sweep_leases(docket_test.project_id())', 'another project is not swept');
select is(
    (select count(*)
       from first_project as f
      cross join lateral docket.sweep_leases(f.project_id)), 1::bigint,
    'but by a call of its own');

select * from finish();
rollback;
