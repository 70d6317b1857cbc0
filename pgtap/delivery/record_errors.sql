-- Errors that are the same are one group: open until a run succeeds, and again when they come back.

begin;
select plan(30);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');

-- What is the same.
select is(docket_private.normalized(m.one), docket_private.normalized(m.other), m.one)
  from (values
           ('Timeout after 30.5s', 'timeout  after 31s'),
           ('No user 01890a5d-ac96-7b53-8f3a-000000000001',
            'no user 01890a5d-ac96-7b53-8f3a-0000000000ff'),
           ('Key "a b" is missing', 'Key ''c'' is missing'),
           ('At 2026-01-01T10:00:00.123Z: down', 'at 2025-12-31 09:00: down'),
           ('Object at 0x7f2a is gone', 'object at 0xdeadbeef is gone'),
           ('Commit c0ffee1 failed', 'Commit 1234567abc failed'),
           ('Host 10.0.0.1:5432 refused', 'Host 10.0.0.2:5433 refused')
       ) as m (one, other);
select isnt(docket_private.normalized('Timeout'), docket_private.normalized('Refused'),
    'another message is another');
select results_eq(
    $$ select docket_private.frames(
           e'Traceback (most recent call last):\n'
           '  File "/srv/app-17/shop/cart/total.py", line 12, in add\n    x = 1\n'
           '    at Cart.add (/home/me/src/shop/cart.js:10:5)\nsomething else') $$,
    $$ values (array['file "shop/cart/total.py", line , in add',
                     'at cart.add (src/shop/cart.js::)']) $$,
    'frames are places, whatever the line');
select is(
    docket_private.fingerprint('E', 'x 1', e'  File "/a/b/c/d.py", line 1, in f'),
    docket_private.fingerprint('e ', 'X  2', e'  File "/z/b/c/d.py", line 9, in f\n  return 1'),
    'one error is one, in every checkout');
select isnt(
    docket_private.fingerprint('E', 'x', e'  File "/a/b.py", line 1, in f'),
    docket_private.fingerprint('E', 'x', e'  File "/a/b.py", line 1, in g'),
    'another place is another');

-- Groups.
create function pg_temp.run(key text, status text default 'failed', environment text default null)
returns docket.execution_history
language sql
as $$
    select f.*
      from docket.start_execution(
               docket_test.project_id(), 'test', docket_test.id(run.key),
               environment => run.environment, environment_info => '{"os": "linux"}') as e
     cross join lateral docket.finish_execution(
               e.execution_id, run.status, error_stack => 'at f (a.js:1)') as f
$$;
create temporary table failed as
select 'a' as key, (pg_temp.run('a')).execution_id
 union all
select 'b', (pg_temp.run('b')).execution_id;
select results_eq(
    $$ select e.task_id, e.severity::text, e.stack, e.environment_info, e.context, e.is_regression
         from failed as f
        cross join lateral docket.record_error(
                  docket_test.project_id(), 'Broke 1', execution_id => f.execution_id,
                  context => '{"path": "/cart", "Authorization": "x"}') as e
        where f.key = 'a' $$,
    $$ values (docket_test.id('a'), 'medium', 'at f (a.js:1)', '{"os": "linux"}'::jsonb,
               '{"path": "/cart", "Authorization": "********"}'::jsonb, false) $$,
    'an error knows its execution, and shows no secret');
select docket.record_error(
           docket_test.project_id(), 'Broke 2', 'Critical', execution_id => f.execution_id)
  from failed as f
 where f.key = 'b';
select results_eq(
    $$ select g.occurrences, g.severity::text, g.message, g.resolved_at is null
         from docket.list_error_groups(docket_test.project_id(), false) as g $$,
    $$ values (2::bigint, 'critical', 'Broke 2', true) $$,
    'two that are the same are one group, as bad as the worst');

-- Resolved by success, where it had failed.
select docket_test.at('2026-01-01 10:00+00');
select pg_temp.run('a', 'completed', 'staging');
select is((select count(*) from docket.error_sources as s where s.is_open), 2::bigint,
    'success elsewhere says nothing');
select pg_temp.run('a', 'completed');
select is(
    (select count(*) from docket.list_error_groups(docket_test.project_id(), true)), 0::bigint,
    'nor is a group resolved by a part of it');
create temporary table success as
select (pg_temp.run('b', 'completed')).execution_id;
select results_eq(
    $$ select g.resolution::text, g.resolved_at, g.resolved_by_execution_id = s.execution_id,
              g.resolved_by = docket.principal()
         from docket.list_error_groups(docket_test.project_id(), true) as g
        cross join success as s $$,
    $$ values ('automatic', '2026-01-01 10:00+00'::timestamptz, true, true) $$,
    'but by the last');

-- It comes back.
select docket_test.at('2026-01-01 11:00+00');
select is((docket.record_error(docket_test.project_id(), 'Broke 9', stack => 'at f (a.js:7)',
                               occurred_at => '2026-01-01 09:30+00')).is_regression, false,
    'what happened before is no regression');
select is((docket.record_error(docket_test.project_id(), 'Broke 7',
                               stack => 'at f (a.js:7)')).is_regression, true,
    'what happens after is');
select results_eq(
    $$ select g.occurrences, g.regressions, g.regressed_at, g.resolved_at, g.resolution::text,
              g.resolved_by_execution_id
         from docket.list_error_groups(docket_test.project_id()) as g $$,
    $$ values (4::bigint, 1::bigint, '2026-01-01 11:00+00'::timestamptz, null::timestamptz,
               null::text, null::uuid) $$,
    'and opens the group again');
select results_eq(
    $$ select r.resolution::text, r.resolution_reason, r.resolved_by = docket.principal()
         from docket.list_error_groups(docket_test.project_id(), false) as g
        cross join lateral docket.resolve_error(g.error_group_id, 'Fixed by hand') as r $$,
    $$ values ('manual', 'Fixed by hand', true) $$,
    'a person may resolve it');
select is(
    (select (docket.resolve_error(g.error_group_id, 'Again')).resolution_reason
       from docket.list_error_groups(docket_test.project_id()) as g),
    'Fixed by hand', 'once');

-- Finding them.
select is((docket.record_error(docket_test.project_id(), 'x', fingerprint => 'mine')).message, 'x',
    'a fingerprint may be given');
select is((select count(*) from docket.list_errors(docket_test.project_id())), 5::bigint, 'all');
select is((select count(*) from docket.list_errors(docket_test.project_id(),
                                                   task_id => docket_test.id('a'))), 1::bigint,
    'of a task');
select is(
    (select count(*) from docket.list_errors(docket_test.project_id(), severity => 'critical')),
    1::bigint, 'of a severity');
select is(
    (select count(*)
       from docket.error_groups as g
      cross join lateral docket.list_errors(docket_test.project_id(), g.error_group_id)
      where g.fingerprint <> 'mine'),
    4::bigint, 'of a group');

-- What can't be.
select throws_ok($$ select docket.record_error(docket_test.project_id(), '') $$, 'PD422',
    'the error is refused: an error has a message', 'nothing is no error');
select throws_ok($$ select docket.record_error(docket_test.project_id(), 'x', 'awful') $$, 'PD422',
    null, 'severities are four');
select throws_ok(
    $$ select docket.record_error(docket_test.project_id(), 'x', task_id => gen_random_uuid()) $$,
    'PD404', null, 'a task is a task');
select throws_ok($$ select docket.resolve_error(gen_random_uuid()) $$, 'PD404', null,
    'a group is a group');

select * from finish();
rollback;
