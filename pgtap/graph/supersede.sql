-- A task that is superseded is kept; what waited for it waits for the new one.

begin;
select plan(20);

select docket_test.graph('fan_out');
select docket.create_task(docket_test.project_id(), 'New', task_key => 'n');
select docket.create_task(docket_test.project_id(), 'Behind', task_key => 'x');
select docket.add_dependency(docket_test.id('a'), docket_test.id('x'));
update docket.tasks set status = 'cancelled' where task_id = docket_test.id('c');
select docket.add_dependency(docket_test.id('d'), docket_test.id('a'), 'related');

select results_eq(
    $$ select t.task_key, t.status::text
         from docket.supersede(docket_test.id('a'), docket_test.id('n')) as t $$,
    $$ values ('a', 'cancelled') $$, 'the old task is given up, and returned');
select results_eq(
    $$ select t.task_key, d.dependency_type::text
         from docket.dependents(docket_test.id('n')) as d
         join docket.tasks as t on t.task_id = d.task_id
        order by t.task_key $$,
    $$ values ('b', 'blocks'), ('d', 'blocks') $$,
    'what waited for it and is not over waits for the new one');
select results_eq(
    $$ select t.task_key, d.dependency_type::text
         from docket.dependents(docket_test.id('a')) as d
         join docket.tasks as t on t.task_id = d.task_id
        order by t.task_key $$,
    $$ values ('c', 'blocks'), ('d', 'related'), ('n', 'supersedes') $$,
    'what was given up, other relations and the tie between the two stay with the old one');
select is_empty(
    $$ select from docket.dependencies(docket_test.id('n'), 'blocks') $$,
    'the new one waits for nothing that the old one waited for');
select set_eq(
    $$ select t.task_key from docket.claim_tasks(docket_test.project_id(), 'agent', 10) as t $$,
    array['n', 'x'], 'and can be claimed, while those behind it can not');
select docket.complete_task((docket.get_task(docket_test.id('n'))).attempt_id);
select set_eq(
    $$ select t.task_key from docket.claim_tasks(docket_test.project_id(), 'agent', 10) as t $$,
    array['b', 'd'], 'until it is completed');
select is_empty(
    $$ select from docket.graph_health(docket_test.project_id()) $$, 'the graph is in order');

-- What is under way, or done.
select docket.create_task(docket_test.project_id(), 'Newer', task_key => 'm');
select docket.supersede(docket_test.id('b'), docket_test.id('m'));
select throws_ok(
    $$ select docket.complete_task(a.attempt_id)
         from docket.list_attempts(docket_test.id('b')) as a $$,
    'PDLSE', null, 'who worked on it has lost it');
select is(
    (docket.supersede(docket_test.id('n'), docket_test.id('m'))).status::text, 'completed',
    'what is completed stays so');
select set_eq(
    $$ select t.task_key
         from docket.dependents(docket_test.id('m'), 'blocks') as d
         join docket.tasks as t on t.task_id = d.task_id $$,
    array['d'], 'and what is open behind it waits for the new one nevertheless');
select is(
    (docket.supersede(docket_test.id('n'), docket_test.id('m'))).task_id, docket_test.id('n'),
    'once more changes nothing');
select docket.create_task(
    docket_test.project_id(), 'After d', task_key => 'e',
    depends_on => array[docket_test.id('d')]);
select lives_ok(
    $$ select docket.supersede(docket_test.id('d'), docket_test.id('e')) $$,
    'what waited for the old task may take its place');
select is_empty(
    $$ select from docket.dependencies(docket_test.id('e'), 'blocks') $$,
    'and does not wait for itself');

-- Refusals.
select docket.create_task(docket_test.project_id(), 'One', task_key => '1');
select docket.create_task(
    docket_test.project_id(), 'Two', task_key => '2', depends_on => array[docket_test.id('1')]);
select docket.create_task(
    docket_test.project_id(), 'Three', task_key => '3', depends_on => array[docket_test.id('2')]);
select throws_like(
    $$ select docket.supersede(docket_test.id('1'), docket_test.id('3')) $$,
    'dependency cycle: %', 'a task that waits for what would wait for it can not take the place');
select is(
    (docket.get_task(docket_test.id('1'))).status::text, 'pending', 'which changes nothing');
select throws_ok(
    $$ select docket.supersede(docket_test.id('1'), docket_test.id('1')) $$,
    'PD422', null, 'no task supersedes itself');
select throws_ok(
    $$ select docket.supersede(docket_test.id('1'), '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'both exist');
select is(
    (select count(distinct t.version)
       from generate_series(1, 2)
      cross join lateral docket.supersede(
                docket_test.id('3'), docket_test.id('e'),
                '00000000-0000-4000-8000-000000000001') as t), 1::bigint,
    'the same request twice is answered once');
select isnt_empty(
    $$ select
         from docket.task_history(docket_test.id('3')) as h
        where h.to_status = 'cancelled' $$,
    'the history knows');

-- What was asked of the old is asked of the new.
select docket_test.project('asking');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "old", "title": "O"}, {"task_key": "new", "title": "N"},
           {"task_key": "t", "title": "T",
            "depends_on": [{"task": "old", "satisfied_by": "merged"}, "new"]},
           {"task_key": "u", "title": "U",
            "depends_on": [{"task": "old", "satisfied_by": "validated"}]}]');
select docket.supersede(docket_test.id('old'), docket_test.id('new'));
select results_eq(
    $$ select docket_test.key(d.task_id), d.satisfied_by::text
         from docket.dependents(docket_test.id('new'), 'blocks') as d $$,
    $$ values ('t', 'merged'), ('u', 'validated') $$,
    'the dependents ask the new one for what they asked of the old one');

select * from finish();
rollback;
