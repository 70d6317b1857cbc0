-- An attempt is one agent's hold on a task; it ends once, and whoever takes the task away ends it.

begin;
select plan(25);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Task ' || k, task_key => k)
  from unnest(array['a', 'b', 'c', 'd', 'e', 'f']) as k;
select docket.start_task(docket_test.id(k), 'ann', lease_seconds => 60)
  from unnest(array['a', 'b', 'c', 'd', 'e', 'f']) as k;

create function pg_temp.attempt(key text) returns docket.task_attempts
language sql
as $$
    select a.*
      from docket.task_attempts as a
     where a.task_id = docket_test.id(attempt.key)
     order by a.attempt_no desc
     limit 1
$$;

select results_eq(
    $$ select a.attempt_no, a.agent, a.lease_expires_at, a.heartbeat_at, a.created_at, a.ended_at,
              a.outcome::text
         from pg_temp.attempt('a') as a $$,
    $$ values (1, 'ann', '2026-01-01 09:01+00'::timestamptz, '2026-01-01 09:00+00'::timestamptz,
               '2026-01-01 09:00+00'::timestamptz, null::timestamptz, null) $$,
    'an attempt says who has the task, since when and until when');
select is(
    (pg_temp.attempt('a')).attempt_id, (docket.get_task(docket_test.id('a'))).attempt_id,
    'the task names it');

-- The fencing token.
select is(
    (select count(distinct a.attempt_id)
       from docket.task_attempts as a
      where a.project_id = docket_test.project_id()), 6::bigint,
    'each attempt has an id of its own');

-- Whoever takes a task away, by whatever way, ends the attempt.
select docket_test.pass('10 seconds');
select docket.update_task_status(docket_test.id('a'), 'completed');
select docket.update_task_status(docket_test.id('b'), 'review');
select docket.update_task_status(docket_test.id('c'), 'pending');
select docket.update_task_status(docket_test.id('d'), 'cancelled');
select docket.delete_task(docket_test.id('e'));
update docket.tasks as t
   set status = 'deferred'
 where t.task_id = docket_test.id('f');
select results_eq(
    $$ select docket_test.key(a.task_id), a.outcome::text, a.ended_at
         from docket.task_attempts as a
        where a.project_id = docket_test.project_id()
        order by 1 $$,
    $$ select o.key, o.outcome, '2026-01-01 09:00:10+00'::timestamptz
         from (values ('a', 'completed'), ('b', 'completed'), ('c', 'released'), ('d', 'cancelled'),
                      ('e', 'cancelled'), ('f', 'cancelled')) as o (key, outcome) $$,
    'completing and reviewing end it well, giving back releases it, all else cancels it');
select is_empty(
    $$ select from docket.tasks as t
        where t.project_id = docket_test.project_id()
          and t.attempt_id is not null $$,
    'and no task names an attempt any more');
select throws_ok(
    $$ select docket.complete_task((pg_temp.attempt('d')).attempt_id) $$,
    'PDLSE', 'attempt ' || (pg_temp.attempt('d')).attempt_id || ' no longer holds task d',
    'the agent hears of it with its next word');

-- What the table itself promises.
create function pg_temp.insert_attempt(changes jsonb) returns void
language sql
as $$
    insert into docket.task_attempts
    select (jsonb_populate_record(
               pg_temp.attempt('a'),
               jsonb_build_object(
                   'attempt_id', docket_private.new_id(docket_test.project_id()), 'attempt_no', 9)
               || insert_attempt.changes)).*
$$;
select throws_ok(
    $$ select pg_temp.insert_attempt('{"attempt_no": 1}') $$,
    '23505', null, 'attempts of a task have numbers of their own');
select throws_ok(
    $$ select pg_temp.insert_attempt('{"agent": ""}') $$, '23514', null, 'an agent has a name');
select throws_ok(
    $$ select pg_temp.insert_attempt('{"ended_at": null}') $$,
    '23514', null, 'what has an outcome has ended');
select throws_ok(
    $$ select pg_temp.insert_attempt('{"outcome": null}') $$, '23514', null, 'and the other way');
select throws_ok(
    $$ select pg_temp.insert_attempt('{"outcome": "lost"}') $$,
    '23514', null, 'an outcome is one of five');
select throws_ok(
    $$ select pg_temp.insert_attempt('{"outcome": "failed"}') $$,
    '23514', null, 'a failure has a class');
select throws_ok(
    $$ select pg_temp.insert_attempt('{"failure_class": "bug"}') $$,
    '23514', null, 'nothing else has one');
select throws_ok(
    $$ select pg_temp.insert_attempt('{"outcome": "failed", "failure_class": "unheard of"}') $$,
    '23503', null, 'and the class is known');
select throws_ok(
    $$ select pg_temp.insert_attempt('{"task_id": "00000000-0000-7000-8000-000000000000"}') $$,
    '23503', null, 'its task exists');

-- The journal: birth and end, not every heartbeat.
select docket.start_task(docket_test.id('c'), 'bob');
select is((pg_temp.attempt('c')).attempt_no, 2, 'the next attempt counts on');
create temporary table rows_before as
select count(*) as n from docket.audit_log as l where l.project_id = docket_test.project_id();
select docket.heartbeat((pg_temp.attempt('c')).attempt_id);
select is(
    (select count(*)
       from docket.audit_log as l
      where l.project_id = docket_test.project_id()), (select r.n from rows_before as r),
    'a heartbeat writes no row of the journal');
select docket.release_task((pg_temp.attempt('c')).attempt_id, 'lunch');
select results_eq(
    $$ select l.operation::text, l.new_values ->> 'agent', l.new_values ->> 'outcome',
              l.new_values ->> 'error'
         from docket.audit_log as l
        where l.row_id = (pg_temp.attempt('c')).attempt_id
        order by l.audit_id $$,
    $$ values ('insert', 'bob', null, null), ('update', null, 'released', 'lunch') $$,
    'its birth and its end do');

select columns_are('docket', 'task_attempts', array[
    'attempt_id', 'project_id', 'task_id', 'attempt_no', 'agent', 'lease_expires_at',
    'heartbeat_at',
    'created_at', 'ended_at', 'outcome', 'failure_class', 'error', 'details', 'is_forgiven'],
    'an attempt has these columns');
select is_empty(
    $$ select i.indexrelid::regclass
         from pg_catalog.pg_index as i
         join pg_catalog.pg_attribute as a
           on a.attrelid = i.indrelid
          and a.attnum = any (i.indkey)
        where i.indrelid = 'docket.task_attempts'::regclass
          and a.attname in ('lease_expires_at', 'heartbeat_at') $$,
    'no index is on what a heartbeat changes, so that a heartbeat touches none');
select has_index(
    'docket', 'task_attempts', 'task_attempts_live_idx', array['project_id', 'attempt_id'],
    'what runs is found by an index');
select is(
    (select pg_get_expr(i.indpred, i.indrelid)
       from pg_catalog.pg_index as i
      where i.indexrelid = 'docket.task_attempts_live_idx'::regclass), '(outcome IS NULL)',
    'that has nothing else');

select docket.purge_task(docket_test.id('c'));
select is_empty(
    $$ select from docket.task_attempts as a
        where a.project_id = docket_test.project_id()
          and a.agent = 'bob' $$,
    'with the task its attempts go');

-- The status machine and attempts.
select docket.create_task(docket_test.project_id(), 'Task g', task_key => 'g');
select docket.start_task(docket_test.id('g'), 'ann');
select lives_ok(
    $$ select docket.update_task(docket_test.id('g'), '{"title": "Another", "priority": 9}') $$,
    'a change of another field');
select is(
    (docket.get_task(docket_test.id('g'))).attempt_id, (pg_temp.attempt('g')).attempt_id,
    'leaves the task in its agent''s hands');

select * from finish();
rollback;
