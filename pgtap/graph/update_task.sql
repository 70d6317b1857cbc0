-- update_task(): changes the given fields of a task and no others, unless somebody else was faster.

begin;
select plan(29);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A", "description": "What", "tags": ["x"], "priority": 5,
            "requirements": {"r": 1}, "due_at": "2026-02-01T00:00:00Z"},
           {"task_key": "b", "title": "B", "parent": "a"},
           {"task_key": "c", "title": "C"}]');
create temporary table before as
select to_jsonb(docket.get_task(docket_test.id('a'))) as task;

create function pg_temp.change(changes text, expected_version bigint default null)
returns docket.tasks
language sql
as $$
    select docket.update_task(docket_test.id('a'), change.changes::jsonb, change.expected_version)
$$;

select docket_test.pass('1 hour');
select results_eq(
    $$ select k.key, to_jsonb(t) -> k.key
         from pg_temp.change('{"title": "A2"}') as t
        cross join before as b
        cross join jsonb_object_keys(b.task) as k (key)
        where to_jsonb(t) -> k.key <> b.task -> k.key
        order by k.key $$,
    $$ values ('title', '"A2"'::jsonb), ('updated_at', to_jsonb(docket.clock())),
              ('version', '2'::jsonb) $$,
    'the given field changes, and with it time and version alone');
select is((pg_temp.change('{}')).version, 2::bigint, 'no field changes nothing');
select is((pg_temp.change('{"title": "A2"}')).version, 2::bigint, 'nor does the same value again');

select results_eq(
    $$ select t.title, t.description, t.details, t.test_strategy, t.requirements::jsonb,
              t.acceptance_criteria, t.affected_files, t.tags, t.complexity_score::integer,
              t.actual_complexity::integer, t.estimated_effort::numeric, t.actual_effort::numeric,
              t.priority::integer, t.assigned_to, t.not_before, t.due_at, t.results,
              t.metadata::jsonb
         from pg_temp.change('{"title": "A3", "description": null, "details": "D",
                               "test_strategy": "T",
                               "requirements": {"q": 2}, "acceptance_criteria": "any", "tags": [],
                               "affected_files": ["f"], "complexity_score": 3,
                               "actual_complexity": 4,
                               "estimated_effort": 1.5, "actual_effort": 2.5,
                               "priority": "critical",
                               "assigned_to": "ann", "not_before": "2026-01-05T00:00:00Z",
                               "due_at": null, "results": [1], "metadata": {"m": 1}}') as t $$,
    $$ values ('A3', null::text, 'D', 'T', '{"q": 2}'::jsonb, '"any"'::jsonb, array['f'],
    '{}'::text[],
               3, 4, 1.5, 2.5, 10, 'ann', '2026-01-05 00:00+00'::timestamptz, null::timestamptz,
               '[1]'::jsonb, '{"m": 1}'::jsonb) $$,
    'all fields can be given, and null empties');

-- Who has read what.
select lives_ok($$ select pg_temp.change('{"title": "A4"}',
    3) $$, 'the present version may be changed');
select throws_ok(
    $$ select pg_temp.change('{"title": "A5"}', 3) $$,
    'PDVER', 'task a is at version 4, not 3', 'who has read an older one is told');
select is((docket.get_task(docket_test.id('a'))).title, 'A4', 'and has changed nothing');

-- What is found by it.
select is(
    (select count(*) from docket.search_tasks(docket_test.project_id(), 'A4')), 1::bigint,
    'the new title is found at once');

-- What is ready.
select results_eq(
    $$ select r.priority::integer, r.not_before
         from docket.ready_tasks as r
        where r.task_id = docket_test.id('a') $$,
    $$ values (10, '2026-01-05 00:00+00'::timestamptz) $$,
    'priority and time count for the queue at once');
select docket.update_task(docket_test.id('a'), jsonb_build_object('workflow_id', f.workflow_id))
  from flows as f;
select is(
    (select r.workflow_id
       from docket.ready_tasks as r
      where r.task_id = docket_test.id('a')), (select f.workflow_id from flows as f),
    'so does the workflow');

-- The hierarchy.
select is(
    docket_test.key((docket.update_task(
        docket_test.id('b'),
        jsonb_build_object('parent_task_id', docket_test.id('c')))).parent_task_id),
    'c',
    'a task moves to another parent');
select throws_ok(
    $$ select docket.update_task(
                  docket_test.id('c'), jsonb_build_object('parent_task_id',
                  docket_test.id('b'))) $$,
    'PDCYC', null, 'but not below itself');
select throws_ok(
    $$ select docket.update_task(
                  docket_test.id('c'), jsonb_build_object('parent_task_id',
                  docket_test.id('c'))) $$,
    'PD422', 'the change of task c is refused: a task is not its own parent', 'nor under itself');
select throws_ok(
    $$ select docket.update_task(
                  docket_test.id('c'),
                  '{"parent_task_id": "00000000-0000-7000-8000-000000000000"}') $$,
    'PD404', 'the parent of task c does not exist in this project', 'its parent exists');
select throws_ok(
    $$ select docket.update_task(
                  docket_test.id('c'),
                  '{"workflow_id": "00000000-0000-7000-8000-000000000000"}') $$,
    'PD404', 'the workflow of task c does not exist in this project', 'so does its workflow');

-- Refusals.
select throws_ok(
    $$ select pg_temp.change('{"status": "completed", "tittle": "x"}') $$,
    'PD422', 'the change of a task has no field status, tittle',
    'the status has its own functions, and an unknown field is refused');
select throws_ok(
    $$ select pg_temp.change('{"created_at": "2020-01-01"}') $$,
    'PD422', 'the change of a task has no field created_at',
    'the birth of a task is not to be changed');
select throws_ok(
    $$ select pg_temp.change('[]') $$,
    'PD422', 'the change of a task is not a JSON object', 'a change is an object');
select throws_ok($$ select pg_temp.change(null) $$, 'PD422', null, 'and not nothing');
select throws_ok(
    $$ select pg_temp.change('{"title": ""}') $$,
    'PD422', 'the change of task a is refused: a title has 1 to 255 characters', 'a title stays');
select throws_ok($$ select pg_temp.change('{"title": null}') $$, 'PD422', null, 'it is never null');
select throws_ok(
    $$ select pg_temp.change('{"complexity_score": 11}') $$,
    'PD422', 'the change of task a is refused: a complexity is 1 to 10',
    'so is a complexity');
select throws_ok(
    $$ select pg_temp.change('{"priority": "urgent"}') $$,
    'PD422', '"urgent" is no priority', 'a priority is refused in words');
select throws_ok(
    $$ select pg_temp.change('{"priority": null}') $$, 'PD422', null, 'it is never null');
select throws_ok(
    $$ select pg_temp.change('{"due_at": "soon"}') $$, 'PD422', null, 'a date is a date');
select throws_ok(
    $$ select pg_temp.change('{"tags": "x"}') $$, 'PD422', null, 'tags are a list');
select throws_ok(
    $$ select docket.update_task('00000000-0000-7000-8000-000000000000', '{}') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'the task exists');
select is(
    (docket.get_task(docket_test.id('a'))).version, 5::bigint, 'what is refused changes nothing');

select is(
    (select count(distinct t.version)
       from (values ('x'), ('y')) as twice (title)
      cross join lateral docket.update_task(
                docket_test.id('c'), jsonb_build_object('title', twice.title),
                request_id => '00000000-0000-4000-8000-000000000001') as t), 1::bigint,
    'the same request twice changes it once');

select * from finish();
rollback;
