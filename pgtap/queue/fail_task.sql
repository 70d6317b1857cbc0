-- A failed attempt sends its task back after a while, or ends it, by the policy of its failure.

begin;
select plan(39);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

create function pg_temp.token(key text) returns uuid
language sql
as $$
    select a.attempt_id
      from docket.task_attempts as a
     where a.task_id = docket_test.id(token.key)
     order by a.attempt_no desc
     limit 1
$$;

-- Starts and fails a task, `times` times over: the status, and how long each wait is, in seconds.
create function pg_temp.fail(key text, failure_class text, times integer)
returns table (status text, wait numeric)
language plpgsql
as $$
declare
    v_task docket.tasks;
begin
    perform docket.create_task(docket_test.project_id(), 'Task ' || fail.key, task_key => fail.key);
    for n in 1 .. fail.times loop
        perform docket.start_task(docket_test.id(fail.key), 'ann');
        perform docket_test.pass('1 second');
        v_task := docket.fail_task(pg_temp.token(fail.key), 'error ' || n, fail.failure_class);
        status := v_task.status;
        wait := extract(epoch from v_task.not_before - docket.clock());
        return next;
        perform docket_test.at(greatest(docket.clock(), v_task.not_before));
    end loop;
end;
$$;

-- Without chance the waits are exact.
update docket.retry_policies set jitter = 0;

select results_eq(
    $$ select * from pg_temp.fail('bug', 'bug', 3) $$,
    $$ values ('pending', 30.0), ('pending', 60.0), ('failed', null) $$,
    'a bug is tried three times, after 30 and 60 seconds; then the task has failed');
select results_eq(
    $$ select * from pg_temp.fail('infra', 'infrastructure', 10) $$,
    $$ values ('pending', 5.0), ('pending', 10.0), ('pending', 20.0), ('pending', 40.0),
              ('pending', 80.0), ('pending', 160.0), ('pending', 320.0), ('pending', 640.0),
              ('pending', 1280.0), ('failed', null) $$,
    'what the infrastructure does is tried ten times, each wait twice the last');
select results_eq(
    $$ select * from pg_temp.fail('valid', 'validation_failed', 3) $$,
    $$ values ('pending', 10.0), ('pending', 20.0), ('blocked', null) $$,
    'what fails its validation three times is blocked for a person');
select results_eq(
    $$ select * from pg_temp.fail('model', 'model_refused', 2) $$,
    $$ values ('pending', 60.0), ('blocked', null) $$,
    'what a model refuses twice as well');
select results_eq(
    $$ select * from pg_temp.fail('budget', 'budget_exceeded', 1) $$,
    $$ values ('blocked', null::numeric) $$,
    'what costs too much at once');
select results_eq(
    $$ select * from pg_temp.fail('person', 'rejected_by_person', 3) $$,
    $$ values ('pending', null::numeric), ('pending', null), ('blocked', null) $$,
    'what a person sends back waits for nothing');
select results_eq(
    $$ select * from pg_temp.fail('lease', 'lease_expired', 5) $$,
    $$ values ('pending', null::numeric), ('pending', null), ('pending', null), ('pending', null),
              ('failed', null) $$,
    'a lost lease neither');

-- The ceiling, and chance.
update docket.retry_policies set backoff_ceiling_seconds = 45,
max_attempts = 200 where failure_class = 'bug';
select results_eq(
    $$ select f.wait from pg_temp.fail('ceiling', 'bug', 4) as f $$,
    array[30.0, 45.0, 45.0, 45.0],
    'no wait is longer than the ceiling');
insert into docket.task_attempts
select (jsonb_populate_record(
           a, jsonb_build_object('attempt_id', docket_private.new_id(a.project_id, n),
                                 'attempt_no', 100 + n))).*
  from docket.list_attempts(docket_test.id('ceiling')) as a
 cross join generate_series(1, 100) as n
 where a.attempt_no = 1;
update docket.retry_policies set max_attempts = 2000 where failure_class = 'bug';
select docket.start_task(docket_test.id('ceiling'), 'ann');
select is(
    (docket.fail_task(pg_temp.token('ceiling'), 'once more')).not_before,
    docket.clock() + interval '45 seconds',
    'however often it has failed');
update docket.retry_policies set jitter = 0.5 where failure_class = 'bug';
create temporary table waits as
select f.wait from pg_temp.fail('chance', 'bug', 16) as f;
select ok(
    (select min(w.wait) >= 15 and max(w.wait) <= 45 from waits as w),
    'the part of a wait that is chance is taken off it');
select ok(
    (select count(distinct w.wait) > 10 from waits as w), 'and differs from failure to failure');

-- Classes are counted apart.
update docket.retry_policies set jitter = 0, max_attempts = 3, backoff_seconds = 0;
select docket.create_task(docket_test.project_id(), 'Mixed', task_key => 'mixed');
create function pg_temp.fail_once(failure_class text) returns text
language plpgsql
as $$
begin
    perform docket.start_task(docket_test.id('mixed'), 'ann');
    return (docket.fail_task(pg_temp.token('mixed'), 'x', fail_once.failure_class)).status;
end;
$$;
select results_eq(
    $$ select pg_temp.fail_once(c)
         from unnest(array['bug', 'infrastructure', 'bug', 'infrastructure', 'model_refused',
                           'bug']) as c $$,
    array['pending', 'pending', 'pending', 'pending', 'pending', 'failed'],
    'each class of failure is counted for itself');

-- What is kept.
select docket.create_task(docket_test.project_id(), 'Kept', task_key => 'kept', depends_on => null);
select docket.create_task(docket_test.project_id(), 'After', task_key => 'after',
                          depends_on => array[docket_test.id('kept')]);
select docket.start_task(docket_test.id('kept'), 'ann');
select results_eq(
    $$ select t.status::text, t.assigned_to, t.attempt_id
         from docket.fail_task(pg_temp.token('kept'), 'it broke', details => '{"line": 7}') as t $$,
    $$ values ('pending', null::text, null::uuid) $$,
    'a failed task is nobody''s');
select results_eq(
    $$ select a.outcome::text, a.failure_class, a.error, a.details, a.ended_at = docket.clock()
         from docket.list_attempts(docket_test.id('kept')) as a $$,
    $$ values ('failed', 'bug', 'it broke', '{"line": 7}'::jsonb, true) $$,
    'what went wrong is kept with the attempt; a failure without a class is a bug');
select throws_ok(
    $$ select docket.fail_task(pg_temp.token('kept'), 'again') $$,
    'PDLSE', 'attempt ' || pg_temp.token('kept') || ' no longer holds task kept',
    'an attempt fails once');
select is(
    (select r.task_id
       from docket.ready_tasks as r
      where r.task_id = docket_test.id('after')), null,
    'what waits for a failed task goes on waiting');

-- The wait counts for the queue.
update docket.retry_policies set backoff_seconds = 30 where failure_class = 'bug';
select docket.start_task(docket_test.id('kept'), 'ann');
select docket.fail_task(pg_temp.token('kept'), 'again');
select throws_ok(
    $$ select docket.start_task(docket_test.id('kept'), 'ann') $$,
    'PD409', 'task kept is not ready', 'before its time nobody may take it');
select docket_test.pass('1 minute');
select lives_ok(
    $$ select docket.start_task(docket_test.id('kept'), 'ann') $$, 'from then on somebody may');

-- A person takes up what has failed.
select docket.fail_task(pg_temp.token('kept'), 'for the third time');
select is((docket.get_task(docket_test.id('kept'))).status::text, 'failed',
    'what has failed for good');
select is(
    (docket.update_task_status(docket_test.id('kept'), 'pending')).not_before, null,
    'waits for nothing when a person takes it up again');
select lives_ok(
    $$ select docket.start_task(docket_test.id('kept'), 'ann') $$, 'and may be taken at once');

-- Refusals.
select throws_ok(
    $$ select docket.fail_task(pg_temp.token('kept'), 'x', 'bad luck') $$,
    'PD422', '''bad luck'' is no failure class', 'a class that is none is refused');
select throws_ok(
    $$ select docket.fail_task(pg_temp.token('kept'), 'x', null) $$, 'PD422', null, 'as is null');
select throws_ok(
    $$ select docket.fail_task('00000000-0000-7000-8000-000000000000', 'x') $$,
    'PD404', 'attempt 00000000-0000-7000-8000-000000000000 does not exist', 'the attempt exists');
select is(
    (docket.get_task(docket_test.id('kept'))).status::text, 'in_progress',
    'what is refused changes nothing');

-- Releasing.
select results_eq(
    $$ select t.status::text, t.assigned_to, t.attempt_id, t.not_before
         from docket.release_task(
                  pg_temp.token('kept'), 'lunch', docket.clock() + interval '1 hour') as t $$,
    $$ values ('pending', null::text, null::uuid, docket.clock() + interval '1 hour') $$,
    'a released task is pending again, not before its time');
select results_eq(
    $$ select a.outcome::text, a.failure_class, a.error
         from docket.list_attempts(docket_test.id('kept')) as a
        order by a.attempt_no desc
        limit 1 $$,
    $$ values ('released', null::text, 'lunch') $$,
    'its attempt did not fail, and says why it ended');
select throws_ok(
    $$ select docket.start_task(docket_test.id('kept'), 'ann') $$,
    'PD409', 'task kept is not ready', 'until then nobody takes it');
select docket_test.pass('1 hour');
select docket.start_task(docket_test.id('kept'), 'ann');
select is(
    (docket.release_task(pg_temp.token('kept'))).not_before, null, 'no time is no time');
select lives_ok(
    $$ select docket.start_task(docket_test.id('kept'), 'ann') $$, 'then it is ready at once');
select throws_ok(
    $$ select docket.release_task('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'attempt 00000000-0000-7000-8000-000000000000 does not exist', 'an attempt exists');
select docket.release_task(pg_temp.token('kept'));
select throws_ok(
    $$ select docket.release_task(pg_temp.token('kept')) $$, 'PDLSE', null, 'and is released once');
select is(
    (select count(*)
       from docket.list_attempts(docket_test.id('kept')) as a
      where a.outcome = 'failed'), 3::bigint,
    'releases are no failures');

-- The same request.
select docket.start_task(docket_test.id('kept'), 'ann');
select is(
    docket.release_task(pg_temp.token('kept'),
    request_id => '00000000-0000-4000-8000-000000000001'),
    docket.release_task(pg_temp.token('kept'),
    request_id => '00000000-0000-4000-8000-000000000001'),
    'the same release again is given the first answer');
select docket.create_task(docket_test.project_id(), 'Last', task_key => 'last');
select docket.start_task(docket_test.id('last'), 'ann');
select is(
    docket.fail_task(pg_temp.token('last'), 'x',
    request_id => '00000000-0000-4000-8000-000000000002'),
    docket.fail_task(pg_temp.token('last'), 'x',
    request_id => '00000000-0000-4000-8000-000000000002'),
    'so is the same failure');
select is(
    (select count(*)
       from docket.list_attempts(docket_test.id('last'))), 1::bigint, 'which counts once');

-- Others.
create role tap_fail_reader in role docket_app;
select docket_test.member('tap_fail_reader', 'reader');
select docket.create_task(docket_test.project_id(), 'Anns', task_key => 'anns');
select docket.start_task(docket_test.id('anns'), 'ann');
create temporary table held as select pg_temp.token('anns') as token;
grant select on held to public;
set local role tap_fail_reader;
select throws_ok(
    $$ select docket.fail_task((select h.token from held as h), 'x') $$,
    'PD403', null, 'who only reads the project fails nothing in it');
select throws_ok(
    $$ select docket.release_task((select h.token from held as h)) $$, 'PD403', null,
    'nor releases');
select throws_ok(
    $$ select docket.complete_task((select h.token from held as h)) $$, 'PD403', null,
    'nor completes');

select * from finish();
rollback;
