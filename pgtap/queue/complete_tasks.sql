-- Completing takes the token of the attempt that holds the task, and frees what waited for it.

begin;
select plan(39);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A", "priority": 10},
           {"task_key": "b", "title": "B", "priority": 9},
           {"task_key": "c", "title": "C", "depends_on": ["a", "b"]},
           {"task_key": "d", "title": "D", "depends_on": ["c"]},
           {"task_key": "e", "title": "E"}, {"task_key": "f", "title": "F"},
           {"task_key": "g", "title": "G"}, {"task_key": "h", "title": "H"}]');
select docket.start_task(docket_test.id(k), 'ann') from unnest(array['a', 'b', 'e', 'f', 'g']) as k;

create function pg_temp.token(key text) returns uuid
language sql
as $$
    select a.attempt_id
      from docket.task_attempts as a
     where a.task_id = docket_test.id(token.key)
     order by a.attempt_no desc
     limit 1
$$;
create function pg_temp.ready() returns text[]
language sql
as $$
    select coalesce(array_agg(t.task_key), '{}')
      from docket.next_tasks(docket_test.project_id(), page_size => 100) as t
$$;

select docket_test.pass('1 minute');
select results_eq(
    $$ select t.status::text, t.results, t.actual_effort::numeric, t.actual_complexity::integer,
              t.completed_at, t.attempt_id, t.assigned_to
         from docket.complete_task(pg_temp.token('a'), '{"ok": true}', 1.5, 4) as t $$,
    $$ values ('completed', '{"ok": true}'::jsonb, 1.5, 4, '2026-01-01 09:01+00'::timestamptz,
               null::uuid, 'ann') $$,
    'a completed task has its results, its effort, its time and who did it');
select results_eq(
    $$ select a.outcome::text, a.ended_at from docket.list_attempts(docket_test.id('a')) as a $$,
    $$ values ('completed', '2026-01-01 09:01+00'::timestamptz) $$,
    'so has its attempt');
select is(pg_temp.ready(), array['h'], 'what waits for another still is not ready');

select lives_ok($$ select docket.complete_task(pg_temp.token('b')) $$, 'results are not required');
select is(pg_temp.ready(), array['h', 'c'], 'what waited for both is ready now');

-- Again.
create temporary table rows_before as
select count(*) as n from docket.audit_log as l where l.project_id = docket_test.project_id();
select is(
    (docket.complete_task(pg_temp.token('a'), '{"ok": true}', 1.5, 4)).completed_at,
    '2026-01-01 09:01+00'::timestamptz,
    'the same completion again is answered as the first time');
select is(
    (select count(*)
       from docket.audit_log as l
      where l.project_id = docket_test.project_id()), (select r.n from rows_before as r),
    'and changes nothing');
select throws_ok(
    $$ select docket.complete_task(pg_temp.token('a'), '{"ok": false}') $$,
    'PDLSE', 'attempt ' || pg_temp.token('a') || ' no longer holds task a',
    'with other results it is another, and comes too late');

-- Reopened.
select docket.update_task_status(docket_test.id('a'), 'pending');
select throws_ok(
    $$ select docket.complete_task(pg_temp.token('a'), '{"ok": true}', 1.5, 4) $$,
    'PDLSE', null, 'so does the same one after the task was reopened');
select is(pg_temp.ready(), array['a', 'h'], 'what depends on a reopened task waits again');
select docket.start_task(docket_test.id('a'), 'bob');
select docket.complete_task(pg_temp.token('a'), '1');
select is(
    (docket.get_task(docket_test.id('a'))).results, '1'::jsonb,
    'the new results take the place of the old');
select is(pg_temp.ready(), array['h', 'c'], 'until it is completed again');

-- Refusals.
create function pg_temp.refusal_detail(token uuid) returns jsonb
language plpgsql
as $$
declare
    v_detail text;
begin
    perform docket.complete_task(refusal_detail.token);
    return null;
exception
    when sqlstate 'PDLSE' then
        get stacked diagnostics v_detail = pg_exception_detail;
        return v_detail::jsonb;
end;
$$;
select docket.update_task_status(docket_test.id('e'), 'cancelled');
select is(
    pg_temp.refusal_detail(pg_temp.token('e')),
    jsonb_build_object('attempt_id', pg_temp.token('e'), 'task_id', docket_test.id('e'),
                       'outcome', 'cancelled', 'task_status', 'cancelled'),
    'who has lost a task is told how');
select throws_ok(
    $$ select docket.complete_task('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'attempt 00000000-0000-7000-8000-000000000000 does not exist', 'an attempt exists');
select throws_ok(
    $$ select docket.complete_task(null) $$, 'PD404', 'attempt null does not exist',
    'null is none');
select throws_ok(
    $$ select docket.complete_task(pg_temp.token('f'), actual_complexity => 11) $$,
    'PD422', null, 'a complexity is 1 to 10');
select throws_ok(
    $$ select docket.complete_task(pg_temp.token('f'), actual_effort => -1) $$,
    'PD422', null, 'an effort is not negative');
select is(
    (docket.get_task(docket_test.id('f'))).status::text, 'in_progress',
    'what is refused changes nothing');

-- Many at once.
select throws_ok(
    $$ select docket.complete_tasks(jsonb_build_array(
                  jsonb_build_object('attempt_id', pg_temp.token('f')),
                  jsonb_build_object('attempt_id', pg_temp.token('e')))) $$,
    'PDLSE', 'attempt ' || pg_temp.token('e') || ' no longer holds task e',
    'of many, one that is lost refuses all');
select is((docket.get_task(docket_test.id('f'))).status::text, 'in_progress', 'all or none');
select results_eq(
    $$ select t.task_key, t.status::text, t.results, t.actual_effort::numeric
         from docket.complete_tasks(jsonb_build_array(
                  jsonb_build_object('attempt_id', pg_temp.token('g'), 'results', 'g'::text),
                  jsonb_build_object('attempt_id', pg_temp.token('f'), 'actual_effort', 2)))
              as t $$,
    $$ values ('g', 'completed', '"g"'::jsonb, null::numeric), ('f', 'completed', null, 2) $$,
    'they come back in the order given, each with its own');
select throws_ok(
    $$ select docket.complete_tasks('{}') $$, 'PD422', null, 'completions are an array');
select throws_ok(
    $$ select docket.complete_tasks('[1]') $$, 'PD422', null, 'of objects');
select throws_ok(
    $$ select docket.complete_tasks('[{"attempt_id": "x"}]') $$, 'PD422', null, 'with ids');
select throws_ok(
    $$ select docket.complete_tasks('[{}]') $$, 'PD404', 'attempt null does not exist',
    'each with one');
select throws_ok(
    $$ select docket.complete_tasks('[]') $$, 'PD404', null, 'at least one');
update docket.settings as s
   set value = '1'
 where s.setting_key = 'max_batch_size';
select throws_ok(
    $$ select docket.complete_tasks('[{}, {}]') $$,
    'PD413', '2 completions in one call', 'and no more than the setting allows');

-- Complete and go on.
select docket.start_task(docket_test.id('c'), 'carol', 60);
create temporary table next_task as
select t.*
  from docket.complete_and_claim(pg_temp.token('c'), '"done"', max_tasks => 1,
  lease_seconds => 90) as t;
select results_eq(
    'select n.task_key, n.status::text, n.assigned_to from next_task as n',
    $$ values ('h', 'in_progress', 'carol') $$,
    'complete_and_claim() completes, and claims the next for the same agent');
select is(
    (docket.get_task(docket_test.id('c'))).results, '"done"'::jsonb, 'with the results');
select is(
    (select a.lease_expires_at
       from docket.list_attempts(docket_test.id('h')) as a), docket.clock() + interval '90 seconds',
    'for as long as is asked');
select results_eq(
    $$ select t.task_key
         from docket.complete_and_claim(
                  pg_temp.token('h'), request_id => '00000000-0000-4000-8000-000000000001') as t $$,
    array['d'],
    'what this very completion made ready may be among them');
select results_eq(
    $$ select t.task_key, t.attempt_id
         from docket.complete_and_claim(
                  pg_temp.token('h'), request_id => '00000000-0000-4000-8000-000000000001') as t $$,
    $$ values ('d', pg_temp.token('d')) $$,
    'the same request again is given the same');
select is_empty(
    $$ select from docket.complete_and_claim(pg_temp.token('d')) $$,
    'when nothing is ready, nothing');
select is((docket.get_task(docket_test.id('d'))).status::text, 'completed', 'but it is completed');
select throws_ok(
    $$ select docket.complete_and_claim(pg_temp.token('e')) $$,
    'PDLSE', null, 'who has lost his task claims no other');

-- A repeat is answered, whatever has happened to the task since.
select docket.update_task_status(docket_test.id('h'), 'pending');
select results_eq(
    $$ select t.task_key
         from docket.complete_and_claim(
                  pg_temp.token('h'), request_id => '00000000-0000-4000-8000-000000000001') as t $$,
    array['d'],
    'a repeated complete_and_claim() is answered even after the task was reopened');

-- The same request.
select docket.update_task_status(docket_test.id('g'), 'pending');
select docket.start_task(docket_test.id('g'), 'ann');
create temporary table answered as
select 1 as n, to_jsonb(docket.complete_task(
           pg_temp.token('g'), '1', request_id => '00000000-0000-4000-8000-000000000002')) as task;
select docket.update_task_status(docket_test.id('g'), 'pending');
insert into answered
select 2, to_jsonb(docket.complete_task(
           pg_temp.token('g'), '1', request_id => '00000000-0000-4000-8000-000000000002'));
select is(
    (select count(distinct a.task) from answered as a), 1::bigint,
    'the same request again is given the first answer, whatever has happened since');
select is((docket.get_task(docket_test.id('g'))).status::text, 'pending', 'and does nothing');

select is_empty(
    $$ select
         from docket.task_attempts as a
        where a.project_id = docket_test.project_id()
          and a.outcome is null $$,
    'in the end nobody holds anything');

select * from finish();
rollback;
