-- Deleting puts a task away with its subtasks; purging removes them; the journal outlives both.

begin;
select plan(26);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "a.1", "title": "A 1", "parent": "a"},
           {"task_key": "a.1.1", "title": "A 1 1", "parent": "a.1", "status": "done"},
           {"task_key": "b", "title": "B", "depends_on": ["a.1"]},
           {"task_key": "c", "title": "C", "depends_on": ["a"], "status": "blocked"},
           {"task_key": "d", "title": "D"}, {"task_key": "d.1", "title": "D 1", "parent": "d"},
           {"task_key": "e", "title": "E", "depends_on": ["d.1", "d"]}]');
select docket.start_task(docket_test.id('a'), 'ann');
create temporary table tokens as
select a.attempt_id from docket.list_attempts(docket_test.id('a')) as a;

select docket_test.pass('1 hour');
select results_eq(
    $$ select t.task_key, t.archived_at, t.status::text, t.attempt_id
         from docket.delete_task(docket_test.id('a')) as t $$,
    $$ values ('a', '2026-01-01 10:00+00'::timestamptz, 'cancelled', null::uuid) $$,
    'a task that is deleted is archived; what was in progress is cancelled');
select results_eq(
    $$ select t.task_key, t.status::text
         from docket.tasks as t
        where t.project_id = docket_test.project_id()
          and t.archived_at is not null
        order by t.task_key $$,
    $$ values ('a', 'cancelled'), ('a.1', 'pending'), ('a.1.1', 'completed') $$,
    'its subtasks go with it, at any depth, as they stood');
select throws_ok(
    $$ select docket.complete_task(t.attempt_id) from tokens as t $$,
    'PDLSE', null, 'who worked on it has lost it');
select is_empty(
    $$ select
         from docket.task_dependencies as d
        where d.project_id = docket_test.project_id()
          and docket_test.key(d.depends_on_id) like 'a%' $$,
    'what depended on it does no longer');
select set_eq(
    $$ select docket_test.key(r.task_id)
         from docket.ready_tasks as r
        where r.project_id = docket_test.project_id() $$,
    array['b', 'd', 'd.1'],
    'and is ready, unless a person holds it; what was put away is not');
select is_empty(
    $$ select
         from docket.list_tasks(docket_test.project_id()) as t
        where t.task_key like 'a%' $$,
    'no list shows it');
select is(
    (docket.get_task(docket_test.id('a'))).title, 'A', 'its row stays, for whoever has the id');

select throws_ok(
    $$ select docket.delete_task(docket_test.id('a')) $$,
    'PD404', 'task ' || docket_test.id('a') || ' does not exist',
    'what is deleted can not be deleted again');
select throws_ok(
    $$ select docket.delete_task(docket_test.id('a.1')) $$, 'PD404', null, 'nor can its subtasks');
select throws_ok(
    $$ select docket.delete_task('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'nor what never was');
select throws_ok(
    $$ select docket.start_task(docket_test.id('a.1'), 'ann') $$,
    'PD409', 'task a.1 is not ready', 'nobody starts it');

-- A key stays taken.
select throws_ok(
    $$ select docket.create_task(docket_test.project_id(), 'A again', task_key => 'a') $$,
    'PD409', 'a task with this key exists already: ''a''', 'its key stays its own');

-- The same request.
select is(
    docket.delete_task(docket_test.id('c'), '00000000-0000-4000-8000-000000000001'),
    docket.delete_task(docket_test.id('c'), '00000000-0000-4000-8000-000000000001'),
    'the same request again is given the first answer');

-- Purging.
select docket.put_context(docket_test.id('d.1'), 'note', '1');
select docket.start_task(docket_test.id('d.1'), 'ann');
select docket.enter_workflow_state('planning', task_id => docket_test.id('d'));
create temporary table gone as
select docket_test.id(k) as task_id from unnest(array['d', 'd.1']) as k;
select is(docket.purge_task(docket_test.id('d')), 2::bigint,
    'a purge says how many tasks are gone');
select is_empty(
    $$ select o.*
         from gone as g
         join (select task_id from docket.tasks
                union all
               select task_id from docket.task_contexts
                union all
               select task_id from docket.task_attempts
                union all
               select task_id from docket.workflow_states
                union all
               select task_id from docket.ready_tasks
                union all
               select task_id from docket.task_dependencies
                union all
               select depends_on_id from docket.task_dependencies
                union all
               select task_id from docket_private.task_nodes
                union all
               select task_id from docket_private.task_search) as o using (task_id) $$,
    'with all of their rows');
select isnt_empty(
    $$ select from docket.next_tasks(docket_test.project_id()) as t where t.task_key = 'e' $$,
    'what waited for them is ready');
select set_eq(
    $$ select l.table_name
         from docket.audit_log as l
         join gone as g on g.task_id = l.row_id
        where l.operation = 'delete' $$,
    array['tasks', 'task_contexts'],
    'the journal has what is gone');
select is(
    (select count(*)
       from gone as g
      cross join lateral docket.task_history(g.task_id) as h
      where h.operation = 'delete'), 2::bigint,
    'so has the history of each');
select throws_ok(
    $$ select docket.purge_task(g.task_id) from gone as g $$, 'PD404', null,
    'nothing is purged twice');
select is(docket.purge_task(docket_test.id('a')), 3::bigint, 'what was put away can be purged');
select lives_ok(
    $$ select docket.create_task(docket_test.project_id(), 'A again', task_key => 'a') $$,
    'then its key is free');

-- Who may.
create role tap_delete_ann in role docket_app;
create role tap_delete_reader in role docket_app;
select docket_test.member('tap_delete_ann');
select docket_test.member('tap_delete_reader', 'reader');
set local role tap_delete_reader;
select throws_ok(
    $$ select docket.delete_task(docket_test.id('b')) $$, 'PD403', null,
    'a reader deletes nothing');
set local role tap_delete_ann;
select throws_ok(
    $$ select docket.purge_task(docket_test.id('b')) $$,
    '42501', 'permission denied for function purge_task', 'an application purges nothing');
select lives_ok($$ select docket.delete_task(docket_test.id('b')) $$, 'but a writer deletes');
set local role docket_agent;
select throws_ok(
    $$ select docket.purge_task(docket_test.id('b')) $$,
    '42501', 'permission denied for function purge_task', 'nor does an agent purge');
set local role docket_admin;
select lives_ok($$ select docket.purge_task(docket_test.id('b')) $$, 'an operator does');

select * from finish();
rollback;
