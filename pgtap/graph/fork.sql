-- Tasks are copied with what binds them, to do the work once more.

begin;
select plan(18);

select docket_test.graph('diamond');
select docket.create_task(
    docket_test.project_id(), 'Outside', task_key => 'o', depends_on => array[docket_test.id('d')]);
select docket.update_task(
    docket_test.id('b'),
    '{"description": "how", "tags": ["x"], "metadata": {"k": 1}, "priority": 8}');
select docket.create_task(
    docket_test.project_id(), 'Child', task_key => 'b.1', parent_task_id => docket_test.id('b'));
select docket.complete_task(
           (docket.start_task(docket_test.id('a'), 'agent')).attempt_id, '{"done": true}', 3);

create temporary table copies as
select f.*, f.metadata ->> 'forked_from' as original
  from docket.fork(array[docket_test.id('d'), docket_test.id('b'), docket_test.id('c'),
                         docket_test.id('b.1'), docket_test.id('b')]) as f;

select set_eq(
    'select original from copies', array['b', 'b.1', 'c', 'd'], 'each task has one copy');
select is(
    (select array_agg(c.original order by c.task_id) @> array['d']
            and (array_agg(c.original order by c.task_id))[4] = 'd' from copies as c),
    true, 'they come in an order in which they can be done');
select results_eq(
    $$ select c.title, c.description, c.tags, c.metadata::jsonb, c.priority::integer, c.status::text
         from copies as c
        where c.original = 'b' $$,
    $$ values ('Task b', 'how', array['x'], '{"k": 1, "forked_from": "b"}'::jsonb, 8, 'pending') $$,
    'a copy says the same as its original, and which that is');
select is_empty(
    $$ select from copies as c join docket.tasks as t on t.task_key = c.task_key
        where t.task_id <> c.task_id $$,
    'its key is its own');
select set_eq(
    $$ select c.original, coalesce(d.original, 'outside ' || t.task_key)
         from copies as c
        cross join lateral docket.dependencies(c.task_id, 'blocks') as e
         join docket.tasks as t on t.task_id = e.depends_on_id
         left join copies as d on d.task_id = t.task_id $$,
    $$ values ('b', 'outside a'), ('c', 'outside a'), ('d', 'b'), ('d', 'c') $$,
    'copies wait for copies, and for the same tasks outside');
select is(
    (select p.original
       from copies as c
       join copies as p on p.task_id = c.parent_task_id
      where c.original = 'b.1'), 'b', 'the copy of a subtask is a subtask of the copy');
select is_empty(
    $$ select
         from docket.dependencies(docket_test.id('o')) as e
         join copies as c on c.task_id = e.depends_on_id $$,
    'nothing else waits for a copy');
select set_eq(
    $$ select t.task_key
         from copies as c
        cross join lateral docket.dependencies(c.task_id, 'discovered_from') as e
         join docket.tasks as t on t.task_id = e.depends_on_id $$,
    array['b', 'b.1', 'c', 'd'], 'each knows where it comes from');
select set_eq(
    $$ select r.task_key
         from docket.claim_tasks(docket_test.project_id(), 'agent', 100) as r
         join copies as c on c.task_id = r.task_id $$,
    $$ select c.task_key from copies as c where c.original <> 'd' $$,
    'what waits for nothing open can be claimed');
select is_empty(
    $$ select from docket.graph_health(docket_test.project_id()) $$, 'the graph is in order');

select results_eq(
    $$ select f.status::text, f.results, f.actual_effort::numeric, f.assigned_to, f.completed_at,
              w.name
         from docket.create_workflow(docket_test.project_id(), 'Again') as w
        cross join lateral docket.fork(array[docket_test.id('a')], w.workflow_id) as f
        where f.workflow_id = w.workflow_id $$,
    $$ values ('pending', null::jsonb, null::numeric, null::text, null::timestamptz, 'Again') $$,
    'what was done is done anew, in another workflow where one is given');

-- Refusals.
select throws_ok(
    'select docket.fork(''{}'')', 'PD422', 'no task is given to fork', 'nothing can not be copied');
select throws_ok(
    $$ select docket.fork(array[docket_test.id('a'), '00000000-0000-7000-8000-000000000000']) $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist',
    'nor what does not exist');
select throws_ok(
    $$ select docket.fork(array[docket_test.id('a'), null]) $$,
    'PD404', 'task null does not exist', 'nor null');
select throws_ok(
    $$ select docket.fork(array[docket_test.id('a')], '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'workflow 00000000-0000-7000-8000-000000000000 does not exist in this project',
    'the workflow exists');
select docket.delete_task(docket_test.id('o'));
select throws_ok(
    $$ select docket.fork(array[docket_test.id('a'), docket_test.id('o')]) $$,
    'PD404', null, 'what was put away is not copied');
select is(
    (select count(distinct f.task_id)
       from generate_series(1, 2)
      cross join lateral docket.fork(
                array[docket_test.id('a')],
                request_id => '00000000-0000-4000-8000-000000000001') as f), 1::bigint,
    'the same request twice copies once');

-- What a copy waits for, it waits for as its original does.
select docket_test.project('asking');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "p", "title": "P"},
           {"task_key": "t", "title": "T",
            "depends_on": [{"task": "p", "satisfied_by": "merged"}]}]');
create temporary table copied as
select f.task_id from docket.fork(array[docket_test.id('t')]) as f;
select is(
    (select d.satisfied_by::text
       from copied as c
      cross join lateral docket.dependencies(c.task_id, 'blocks') as d),
    'merged', 'a copy asks for as much');

select * from finish();
rollback;
