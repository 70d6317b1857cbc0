-- A heartbeat prolongs the lease of whoever still holds a task, and tells the others.

begin;
select plan(15);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Task ' || k, task_key => k)
  from unnest(array['a', 'b', 'c']) as k;
create temporary table held as
select t.task_key, t.task_id, t.attempt_id
  from docket.claim_tasks(docket_test.project_id(), 'ann', 3, lease_seconds => 60) as t;
grant select on held to public;

create function pg_temp.token(key text) returns uuid
language sql
as $$ select h.attempt_id from held as h where h.task_key = token.key $$;

select docket_test.pass('50 seconds');
select results_eq(
    $$ select a.attempt_id, a.heartbeat_at, a.lease_expires_at
         from docket.heartbeat(pg_temp.token('a'), 60) as a $$,
    $$ values (pg_temp.token('a'), '2026-01-01 09:00:50+00'::timestamptz,
               '2026-01-01 09:01:50+00'::timestamptz) $$,
    'the lease runs from now on for as long as is asked');
select is(
    (docket.heartbeat(pg_temp.token('a'))).lease_expires_at, '2026-01-01 09:05:50+00'::timestamptz,
    'or for as long as the setting says');
select is(
    (docket.heartbeat(pg_temp.token('a'), 1)).lease_expires_at,
    '2026-01-01 09:00:51+00'::timestamptz,
    'it can be cut short');

-- Expired, but not yet taken back: still his.
select docket_test.pass('1 hour');
select lives_ok(
    $$ select docket.heartbeat(pg_temp.token('a'), 60) $$,
    'a lease that has run out can be saved while nobody has taken the task');
select set_eq(
    $$ select docket_test.key(t.task_id) from docket.sweep_leases(docket_test.project_id()) as t $$,
    array['b', 'c'],
    'the others'' are taken back');
select throws_ok(
    $$ select docket.heartbeat(pg_temp.token('b')) $$,
    'PDLSE', 'attempt ' || pg_temp.token('b') || ' no longer holds its task',
    'then it is too late');
select throws_ok(
    $$ select docket.heartbeat('00000000-0000-7000-8000-000000000000') $$,
    'PDLSE', 'attempt 00000000-0000-7000-8000-000000000000 no longer holds its task',
    'as for an attempt that never was');
select throws_ok($$ select docket.heartbeat(null) $$, 'PDLSE', null, 'or none at all');

select results_eq(
    $$ select docket_test.key(a.task_id)
         from docket.heartbeats(array(select h.attempt_id from held as h)) as a $$,
    array['a'],
    'many at once: those that go on are answered, the others left out');
select is_empty($$ select from docket.heartbeats('{}') $$, 'of none, none');

select throws_ok(
    $$ select docket.heartbeat(pg_temp.token('a'), 0) $$,
    'PD422', 'a lease of 0 seconds can not be had', 'no lease is no lease');
select throws_ok(
    $$ select docket.heartbeats(array[pg_temp.token('a')], 86401) $$,
    'PD422', 'a lease of 86401 seconds can not be had', 'nor is one without end');

-- Others.
create role tap_heartbeat_reader in role docket_app;
create role tap_heartbeat_stranger in role docket_app;
select docket_test.member('tap_heartbeat_reader', 'reader');
set local role tap_heartbeat_stranger;
select throws_ok(
    $$ select docket.heartbeat(pg_temp.token('a')) $$,
    'PDLSE', 'attempt ' || pg_temp.token('a') || ' no longer holds its task',
    'who does not see the project is told the same');
set local role tap_heartbeat_reader;
select throws_ok(
    $$ select docket.heartbeat(pg_temp.token('a')) $$,
    'PD403',
    'project ' || docket_test.project_id() || ' may be read by tap_heartbeat_reader, not changed',
    'who only reads it holds nothing in it');

reset role;
select docket.update_task_status(docket_test.id('a'), 'cancelled');
select throws_ok(
    $$ select docket.heartbeat(pg_temp.token('a')) $$,
    'PDLSE', null, 'an agent whose task was cancelled hears of it with its next heartbeat');

select * from finish();
rollback;
