-- What would follow can be asked before it is done.

begin;
select plan(23);

select docket_test.graph('layered');
select docket.update_task(docket_test.id('b3'), '{"priority": 9}');

-- Completing.
select results_eq(
    $$ select s.task_key
         from docket.simulate_completion(array[docket_test.id('a1'), docket_test.id('a2')]) as s $$,
    array['b3', 'b1', 'b2'], 'what waits for these alone would become ready, the most urgent first');
select is_empty(
    $$ select from docket.simulate_completion(array[docket_test.id('a1')]) $$,
    'what waits for others as well would not');
select is_empty(
    $$ select
         from docket.simulate_completion(array[docket_test.id('b1'), docket_test.id('b2')]) $$,
    'nor what is behind something that is open');
select set_eq(
    $$ select s.task_key
         from docket.simulate_completion(array[
                  docket_test.id('a1'), docket_test.id('a2'), docket_test.id('b1'),
                  docket_test.id('b1')]) as s $$,
    array['b2', 'b3'], 'those that are taken as completed are no answer, named twice or not');
update docket.tasks set status = 'completed' where task_id = docket_test.id('a1');
select set_eq(
    $$ select s.task_key from docket.simulate_completion(array[docket_test.id('a2')]) as s $$,
    array['b1', 'b2', 'b3'], 'what is completed already counts');
select is_empty(
    $$ select from docket.simulate_completion(array[docket_test.id('a1')]) $$,
    'and frees nothing again');
select docket.update_task(docket_test.id('b1'), '{"not_before": "2999-01-01"}');
update docket.tasks set status = 'deferred' where task_id = docket_test.id('b2');
select results_eq(
    $$ select s.task_key, s.not_before
         from docket.simulate_completion(array[docket_test.id('a2')]) as s $$,
    $$ values ('b3', null::timestamptz), ('b1', '2999-01-01') $$,
    'what is put off would stay so, and what has to wait is told');
select is_empty($$ select from docket.simulate_completion('{}') $$, 'nothing frees nothing');
select is(
    (select count(*)
       from docket.ready_tasks as r
      where r.project_id = docket_test.project_id()), 1::bigint,
    'all this has changed nothing');

-- Cycles.
select results_eq(
    $$ select e.place, e.task_key, e.next_by
         from docket.explain_cycle(docket_test.id('a1'), docket_test.id('b2')) as e $$,
    $$ values (1, 'a1', 'new'), (2, 'b2', 'dependency') $$,
    'the shortest cycle has two tasks');
select results_eq(
    $$ select e.place, e.cycle_task_id = docket_test.id(e.task_key), e.status::text
         from docket.explain_cycle(docket_test.id('a1'), docket_test.id('c1')) as e
        where e.place <> 2 $$,
    $$ values (1, true, 'completed'), (3, true, 'pending') $$,
    'longer ones are followed to the end');
select matches(
    (select e.task_key
       from docket.explain_cycle(docket_test.id('a1'), docket_test.id('c1')) as e
      where e.place = 3), '^b[123]$', 'task by task');
select throws_like(
    $$ select docket.add_dependency(docket_test.id('a1'), docket_test.id('c1')) $$,
    'dependency cycle: a1 -> c1 -> b%', 'it is the one that would be refused');
select is_empty(
    $$ select from docket.explain_cycle(docket_test.id('c1'), docket_test.id('a1')) $$,
    'a dependency along the order closes none');
select is_empty(
    $$ select from docket.explain_cycle(docket_test.id('c1'), docket_test.id('c2')) $$,
    'nor one between tasks that have nothing to do with each other');
select results_eq(
    $$ select e.task_key, e.next_by
         from docket.explain_cycle(docket_test.id('c1'), docket_test.id('c1')) as e $$,
    $$ values ('c1', 'new') $$, 'a task and itself are the smallest');

-- Families.
select docket.create_task(docket_test.project_id(), 'Parent', task_key => 'p');
select docket.create_task(
    docket_test.project_id(), 'Child', task_key => 'q', parent_task_id => docket_test.id('p'));
select docket.create_task(
    docket_test.project_id(), 'Grandchild', task_key => 'r', parent_task_id => docket_test.id('q'));
select results_eq(
    $$ select e.task_key, e.next_by
         from docket.explain_cycle(docket_test.id('r'), docket_test.id('p')) as e $$,
    $$ values ('r', 'new'), ('p', 'subtask'), ('q', 'subtask') $$,
    'a task that waits for its ancestor waits for itself, through the ancestor''s subtasks');
select results_eq(
    $$ select e.task_key, e.next_by
         from docket.explain_cycle(docket_test.id('p'), docket_test.id('r')) as e $$,
    $$ values ('p', 'new'), ('r', 'parent'), ('q', 'parent') $$,
    'nor can it wait for what is below it');
select is_empty(
    $$ select from docket.explain_cycle(docket_test.id('r'), docket_test.id('a1')) $$,
    'other tasks are no kin');

-- Refusals.
select throws_ok(
    $$ select docket.explain_cycle('00000000-0000-7000-8000-000000000000', docket_test.id('a1')) $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'the task exists');
select throws_ok(
    $$ select docket.explain_cycle(docket_test.id('a1'), '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'and so does the other');
select throws_ok(
    $$ select docket.explain_cycle(docket_test.id('a1'), null) $$,
    'PD404', 'task null does not exist', 'which is given');

-- What asks for a merge goes on waiting for it.
select docket_test.project('asking');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "p", "title": "P"}, {"task_key": "c", "title": "C", "depends_on": ["p"]},
           {"task_key": "m", "title": "M",
            "depends_on": [{"task": "p", "satisfied_by": "merged"}]},
           {"task_key": "v", "title": "V",
            "depends_on": [{"task": "p", "satisfied_by": "validated"}]}]');
select set_eq(
    $$ select t.task_key from docket.simulate_completion(array[docket_test.id('p')]) as t $$,
    array['c', 'v'], 'completing frees those who ask for no merge');

select * from finish();
rollback;
