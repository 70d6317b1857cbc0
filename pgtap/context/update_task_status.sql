-- A person moves a task to another status, with what he has to say, in one transaction.

begin;
select plan(31);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B", "depends_on": ["a"]},
           {"task_key": "c", "title": "C"}, {"task_key": "d", "title": "D"}]');

create function pg_temp.move(key text, status text,
version bigint default null) returns docket.tasks
language sql
as $$ select docket.update_task_status(docket_test.id(move.key), move.status,
                                       expected_version => move.version) $$;

select results_eq(
    $$ select t.status::text, t.assigned_to, t.attempt_id, t.version
         from docket.update_task_status(
                  docket_test.id('a'), 'in-progress', '{"why": "urgent"}') as t $$,
    $$ values ('in_progress', docket.principal(), null::uuid, 2::bigint) $$,
    'who starts a task has it, without a lease');
select results_eq(
    $$ select c.version, c.data from docket.get_context(docket_test.id('a'), 'status') as c $$,
    $$ values (1, '{"why": "urgent"}'::jsonb) $$,
    'what he says is kept as the task''s context');
select throws_ok(
    $$ select pg_temp.move('a', 'in_progress') $$,
    'PD409', 'task a is in progress already, with ' || docket.principal(),
    'the second who starts it is told who has it');
select is_empty(
    $$ select from docket.ready_tasks as r where r.task_id = docket_test.id('a') $$,
    'no agent is given it');

select results_eq(
    $$ select t.status::text, t.completed_at, t.results
         from docket.update_task_status(docket_test.id('a'), 'done', results => '{"n": 1}') as t $$,
    $$ values ('completed', '2026-01-01 09:00+00'::timestamptz, '{"n": 1}'::jsonb) $$,
    'completing keeps time and results');
select isnt_empty(
    $$ select from docket.ready_tasks as r where r.task_id = docket_test.id('b') $$,
    'and frees what waited');
select is((pg_temp.move('a', 'completed')).version, 3::bigint,
    'the same status again changes nothing');
select results_eq(
    $$ select t.status::text, t.completed_at, t.results from pg_temp.move('a', 'pending') as t $$,
    $$ values ('pending', null::timestamptz, '{"n": 1}'::jsonb) $$,
    'reopening takes the time away, and keeps the results');
select is_empty(
    $$ select from docket.ready_tasks as r where r.task_id = docket_test.id('b') $$,
    'what waits for it waits again');

-- Illegal, and then nothing is there.
select pg_temp.move('c', 'done');
select throws_ok(
    $$ select docket.update_task_status(docket_test.id('c'), 'failed', '{"why": "no"}') $$,
    'PDTRN', 'task c can not go from completed to failed',
    'where the status does not lead it does not go');
select is_empty(
    $$ select from docket.get_context(docket_test.id('c'), 'status') $$,
    'and what was said of it is not kept');
update docket.settings as s
   set value = '5'
 where s.setting_key = 'max_context_bytes';
select throws_ok(
    $$ select docket.update_task_status(docket_test.id('c'), 'pending', '"too long"') $$,
    'PD413', null, 'what can not be kept');
select is(
    (docket.get_task(docket_test.id('c'))).status::text, 'completed',
    'moves nothing: both or none');

-- Who has read what.
select throws_ok(
    $$ select pg_temp.move('c', 'pending', 1) $$,
    'PDVER', 'task c is at version 2, not 1', 'who has read an older version is told');
select lives_ok($$ select pg_temp.move('c', 'pending', 2) $$, 'who has read this one may');

-- An agent's task.
select docket.start_task(docket_test.id('d'), 'ann');
create temporary table tokens as
select a.attempt_id from docket.list_attempts(docket_test.id('d')) as a;
select throws_ok(
    $$ select pg_temp.move('d', 'in_progress') $$,
    'PD409', 'task d is in progress already, with ann', 'what an agent has is not simply taken');
select lives_ok($$ select pg_temp.move('d', 'cancelled') $$, 'but may be cancelled');
select throws_ok(
    $$ select docket.complete_task(t.attempt_id) from tokens as t $$,
    'PDLSE', null, 'then the agent completes it no more');
select is((docket.get_task(docket_test.id('d'))).status::text, 'cancelled', 'it stays cancelled');

-- Refusals.
select throws_ok(
    $$ select pg_temp.move('a', 'finished') $$,
    'PD422', '''finished'' is no task status', 'a status that is none is refused');
select throws_ok($$ select pg_temp.move('a', null) $$, 'PD422', 'no status is given',
    'so is no status');
select throws_ok(
    $$ select docket.update_task_status('00000000-0000-7000-8000-000000000000', 'done') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'the task exists');

select results_eq(
    $$ select t.status::text, t.results, t.completed_at
         from docket.mark_task_completed(docket_test.id('c'), '{"ok": true}') as t $$,
    $$ values ('completed', '{"ok": true}'::jsonb, docket.clock()) $$,
    'mark_task_completed() is the short form');
select throws_ok(
    $$ select docket.mark_task_completed(docket_test.id('d')) $$,
    'PDTRN', 'task d can not go from cancelled to completed', 'with the same refusals');

select is(
    (select count(distinct t.version)
       from (values ('blocked'), ('deferred')) as twice (status)
      cross join lateral docket.update_task_status(
                docket_test.id('a'), twice.status,
                request_id => '00000000-0000-4000-8000-000000000001') as t), 1::bigint,
    'the same request twice moves it once');

-- From end to end: stored with context, mapped, worked on, completed, told of, counted.
update docket.settings as s
   set value = '10485760'
 where s.setting_key = 'max_context_bytes';
select docket_test.project('lifecycle');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "parse", "title": "Parse", "complexity_score": 4},
           {"task_key": "ship", "title": "Ship", "complexity_score": 6, "depends_on": ["parse"]}]');
select docket.put_context(docket_test.id('parse'), 'requirement', '{"text": "fast"}');
create temporary table work as
select t.* from docket.claim_tasks(docket_test.project_id(), 'agent-1') as t;
select results_eq('select w.task_key from work as w', array['parse'],
    'an agent is given the first task');
select docket.put_context(w.task_id, 'progress', '{"step": 2}') from work as w;
select docket.release_task(w.attempt_id, 'restarted') from work as w;
create temporary table resumed as
select t.task_id, t.attempt_id, c.data
  from docket.claim_tasks(docket_test.project_id(), 'agent-2') as t
 cross join lateral docket.get_context(t.task_id, 'progress') as c;
select is((select r.data
             from resumed as r), '{"step": 2}'::jsonb, 'another resumes it
            where it was left');
select docket_test.pass('2 minutes');
select results_eq(
    $$ select t.task_key
         from resumed as r
        cross join lateral docket.complete_and_claim(r.attempt_id, '{"ok": true}') as t $$,
    array['ship'],
    'with its completion what waited for it is given');
select results_eq(
    $$ select h.to_status
         from resumed as r
        cross join lateral docket.task_history(r.task_id) as h
        where h.to_status is not null $$,
    array['pending', 'in_progress', 'pending', 'in_progress', 'completed'],
    'its history has every step');
select results_eq(
    $$ select m.total_tasks, m.in_progress_tasks, m.completed_tasks, m.avg_complexity,
              m.avg_completion_ms
         from docket.get_task_metrics(docket_test.project_id()) as m $$,
    $$ values (2::bigint, 1::bigint, 1::bigint, 5.00, 120000::bigint) $$,
    'and the figures count it');
select is(
    (select count(*) from docket.latest_contexts(docket_test.id('parse'))), 2::bigint,
    'what is known about it stays');

select * from finish();
rollback;
