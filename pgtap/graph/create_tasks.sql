-- create_tasks(): a whole batch with its hierarchy and dependencies, or nothing, and it says why.

begin;
select plan(53);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;

-- One task, with all that can be said of it.
create temporary table made as
select t.*
  from docket.create_task(
           project_id => docket_test.project_id(), title => 'Parse', description => 'What',
           details => 'How', test_strategy => 'By hand', requirements => '{"a": 1}',
           acceptance_criteria => '["it parses"]', affected_files => array['src/a.py'],
           tags => array['x', 'y'], complexity_score => 7, estimated_effort => 2.5,
           status => 'in-progress', priority => 'high', assigned_to => 'ann', task_key => 'parse',
           legacy_id => 12, workflow_id => (select f.workflow_id from flows as f),
           not_before => '2026-02-01 00:00+00', due_at => '2026-03-01 00:00+00',
           metadata => '{"m": true}', needed_capabilities => '{gpu}') as t;
select is(
    to_jsonb(m) - array['task_id', 'project_id', 'workflow_id'],
    jsonb_build_object(
        'task_key', 'parse', 'legacy_id', 12, 'parent_task_id', null, 'title', 'Parse',
        'description', 'What', 'details', 'How', 'test_strategy', 'By hand',
        'requirements', '{"a": 1}'::jsonb, 'acceptance_criteria', '["it parses"]'::jsonb,
        'affected_files', array['src/a.py'], 'tags', array['x', 'y'],
        'needed_capabilities', array['gpu'], 'complexity_score', 7,
        'actual_complexity', null, 'estimated_effort', 2.5, 'actual_effort', null,
        'status', 'in_progress', 'priority', 8, 'assigned_to', 'ann', 'attempt_id', null,
        'not_before', '2026-02-01 00:00+00'::timestamptz, 'due_at',
        '2026-03-01 00:00+00'::timestamptz,
        'results', null, 'completed_at', null, 'archived_at', null, 'unmet_gates', 0,
        'merged_at', null, 'metadata',
        '{"m": true}'::jsonb,
        'version', 1, 'created_at', docket.clock(), 'updated_at', docket.clock(),
        'created_by', docket.principal(), 'updated_by', docket.principal()),
    'one call stores a task with all that is known of it')
  from made as m;
select is(
    (select to_jsonb(m) - 'task_id' from made as m),
    (select to_jsonb(docket.get_task(m.task_id)) - 'task_id' from made as m),
    'and its id finds it again, field for field');

select results_eq(
    $$ select t.task_key, t.status::text, t.priority::integer
         from docket.create_task(docket_test.project_id(), 'Only a title') as t $$,
    $$ values ('one-1', 'pending', 5) $$,
    'a title is enough');

-- A batch.
create temporary table batch as
select b.*, row_number() over () as place
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "ship", "title": "Ship", "depends_on": ["build", "3.1"]},
           {"task_key": "3", "title": "Test"},
           {"task_key": "3.1", "title": "Test units", "parent": "3", "depends_on": ["build"]},
           {"title": "Without a key"},
           {"task_key": "build", "title": "Build", "depends_on": ["parse"], "status": "done"},
           {"title": "Without one either", "parent": "one-2", "priority": 1}]') as b;
select results_eq(
    'select b.task_key from batch as b order by b.place',
    array['ship', '3', '3.1', 'one-2', 'build', 'one-3'],
    'a batch comes back in the order given, with keys for those without');
select is(
    (select array_agg(b.task_key order by b.task_id) from batch as b),
    (select array_agg(b.task_key order by b.place) from batch as b),
    'their ids are in that order, too');
select results_eq(
    $$ select b.task_key, docket_test.key(b.parent_task_id)
         from batch as b
        where b.parent_task_id is not null
        order by b.place $$,
    $$ values ('3.1', '3'), ('one-3', 'one-2') $$,
    'parents are named by the keys of the same call, generated ones included');
select results_eq(
    $$ select docket_test.key(d.task_id), docket_test.key(d.depends_on_id), d.dependency_type::text
         from docket.task_dependencies as d
        where d.project_id = docket_test.project_id()
        order by 1, 2 $$,
    $$ values ('3.1', 'build', 'blocks'), ('build', 'parse', 'blocks'), ('ship', '3.1', 'blocks'),
              ('ship', 'build', 'blocks') $$,
    'so are dependencies, forward and backward, and by the keys of the project');
select is(
    (select b.completed_at
       from batch as b
      where b.task_key = 'build'), docket.clock(),
    'what comes completed has its time');
select set_eq(
    $$ select docket_test.key(r.task_id)
         from docket.ready_tasks as r
        where r.project_id = docket_test.project_id() $$,
    array['one-1', '3', '3.1', 'one-2', 'one-3'],
    'ready is what is pending and waits for nothing that is not completed');

select results_eq(
    $$ select docket_test.key(t.parent_task_id)
         from docket.create_tasks(docket_test.project_id(), jsonb_build_array(
                  jsonb_build_object('title', 'x', 'parent', docket_test.id('3')),
                  jsonb_build_object('title', 'y', 'parent_task_id', docket_test.id('3')))) as t $$,
    array['3', '3'],
    'ids name tasks as well');
select is(
    (select count(*) from docket.create_tasks(docket_test.project_id(), '[]')), 0::bigint,
    'an empty batch makes nothing');
select lives_ok(
    $$ select docket.create_tasks(docket_test.project_id(),
                  '[{"title": "x", "depends_on": null, "tags": null, "priority": null,
                     "status": null,
                     "metadata": null, "task_key": null, "parent": null}]') $$,
    'null is as if the field were not there');
select count(*)
  from docket.create_tasks(docket_test.project_id(),
                           '[{"task_key": "twice", "title": "x", "depends_on": ["3", "3"]}]');
select is(
    (select count(*)
       from docket.task_dependencies as d
      where d.task_id = docket_test.id('twice')), 1::bigint,
    'a dependency that is named twice is one');

-- Refusals: nothing of the batch is there.
create temporary table before as
select count(*) as tasks from docket.tasks as t where t.project_id = docket_test.project_id();

create function pg_temp.make(tasks text) returns setof docket.tasks
language sql
as $$ select * from docket.create_tasks(docket_test.project_id(), make.tasks::jsonb) $$;

select throws_ok(
    $$ select pg_temp.make('{"title": "x"}') $$,
    'PD422', 'tasks is not a JSON array', 'a batch is an array');
select throws_ok($$ select pg_temp.make(null) $$, 'PD422', null, 'and not null');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x"}, "y"]') $$,
    'PD422', 'task number 2 is not a JSON object', 'of objects');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x"}, {"task_key": "y"}]') $$,
    'PD422', 'task number 2 has a title of 0 characters', 'each with a title');
select throws_ok(
    $$ select pg_temp.make(jsonb_build_array(jsonb_build_object('title', repeat('x',
    256)))::text) $$,
    'PD422', 'task number 1 has a title of 256 characters', 'that is not too long');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x"}, {"title": "y", "Titel": "z"}]') $$,
    'PD422', 'task number 2 has a field "Titel" that tasks do not have',
    'a field that is not known is refused, not dropped');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "task_key": "parse"}]') $$,
    'PD409', 'a task with this key exists already: ''parse''', 'a key that is taken is refused');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "task_key": "k"}, {"title": "y", "task_key": "k"}]') $$,
    'PD409', 'a task with this key exists already: twice in one call',
    'so is a key twice in one call');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "legacy_id": 12}]') $$,
    'PD409', 'a task with this legacy_id exists already: 12', 'so is an old number that is taken');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "depends_on": ["nothing"]}]') $$,
    'PD404', 'task "nothing" does not exist', 'what it depends on exists');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "parent": "nothing"}]') $$,
    'PD404', 'task "nothing" does not exist', 'so does its parent');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x",
                              "workflow_id": "00000000-0000-7000-8000-000000000000"}]') $$,
    'PD404', 'the workflow of a task does not exist in this project', 'so does its workflow');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "depends_on": "parse"}]') $$,
    'PD422', 'task number 1 has a depends_on that is not an array',
    'dependencies are a list, even of one');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x"}, {"title": "y", "depends_on": {"parse": 1}}]') $$,
    'PD422', 'task number 2 has a depends_on that is not an array', 'and not an object');
select throws_ok(
    $$ select pg_temp.make('[{"task_key": "p", "title": "x", "depends_on": ["q"]},
                            {"task_key": "q", "title": "y", "depends_on": ["p"]}]') $$,
    'PDCYC', null, 'two that wait for each other are refused');
select throws_ok(
    $$ select pg_temp.make('[{"task_key": "p", "title": "x", "depends_on": ["p"]}]') $$,
    'PD422', 'tasks are refused: a task does not depend on itself',
    'so is one that waits for itself');
select throws_ok(
    $$ select pg_temp.make('[{"task_key": "p", "title": "x", "parent": "q"},
                            {"task_key": "q", "title": "y", "parent": "p"}]') $$,
    'PDCYC', null, 'so are two that are each other''s parents');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "parent": "3", "depends_on": ["3"]}]') $$,
    'PDCYC', null, 'so is a subtask that waits for its parent');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "status": "finished"}]') $$,
    'PD422', '''finished'' is no task status', 'a status that is none is refused');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "priority": 11}]') $$,
    'PD422', '11 is no priority', 'so is a priority');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "complexity_score": 0}]') $$,
    'PD422', 'tasks are refused: a complexity is 1 to 10', 'so is a complexity');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "complexity_score": 99999}]') $$,
    'PD422', null, 'of any size');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "requirements": [1]}]') $$,
    'PD422', 'tasks are refused: requirements and metadata are JSON objects',
    'so are requirements of another kind');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "tags": "y"}]') $$,
    'PD422', null, 'so are tags that are no list');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "due_at": "soon"}]') $$,
    'PD422', null, 'so is a date that is none');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "workflow_id": "soon"}]') $$,
    'PD422', null, 'so is an id that is none');
select throws_ok(
    $$ select pg_temp.make('[{"title": "x", "task_key": ""}]') $$,
    'PD422', 'tasks are refused: a task key has 1 to 255 characters', 'so is an empty key');

update docket.settings as s
   set value = '2'
 where s.setting_key = 'max_batch_size';
select throws_ok(
    $$ select pg_temp.make('[{"title": "x"}, {"title": "y"}, {"title": "z"}]') $$,
    'PD413', '3 tasks in one call', 'so are more tasks than the setting allows');
select throws_ok(
    $$ select docket.create_tasks('00000000-0000-7000-8000-000000000000', '[]') $$,
    'PD404', 'project 00000000-0000-7000-8000-000000000000 does not exist', 'the project exists');

select is(
    (select count(*)
       from docket.tasks as t
      where t.project_id = docket_test.project_id()), (select b.tasks from before as b),
    'of a batch that is refused nothing stays');

select is(
    (select t.title
       from docket.create_task(docket_test.project_id(), 'By id', request_id => r.id) as t),
    (select t.title
       from docket.create_task(docket_test.project_id(), 'By another', request_id => r.id) as t),
    'the same request twice makes one task')
  from (values ('00000000-0000-4000-8000-000000000001'::uuid)) as r (id);
select throws_ok(
    $$ select docket.create_task(docket_test.project_id(), repeat('x', 256)) $$,
    'PD422', 'task number 1 has a title of 256 characters',
    'one task is refused as a batch of one');
select throws_ok(
    $$ select docket.create_task(docket_test.project_id(), null) $$,
    'PD422', null, 'nor is there one without a title');

-- Keys that look generated.
select docket.create_task(docket_test.project_id(), 'x', task_key => 'one-' || n)
  from unnest(array['8', '11', '12', '012', '12a', '99999999999999999999', '']) as n;
select results_eq(
    $$ select t.task_key
         from generate_series(1, 2) as n
        cross join lateral docket.create_task(docket_test.project_id(), 'x' || n) as t $$,
    array['one-13', 'one-14'],
    'a generated key goes on after the highest that was typed');

-- A large batch is one statement.
update docket.settings as s
   set value = '10000'
 where s.setting_key = 'max_batch_size';
select is(
    (select count(*)
       from docket.create_tasks(docket_test.project_id(), (
                select jsonb_agg(jsonb_build_object(
                           'title', 'Task ' || n, 'task_key', 'n' || n,
                           'depends_on', case when n > 1 then jsonb_build_array('n' || n - 1) end))
                  from generate_series(1, 300) as n))), 300::bigint,
    'a chain of 300 is made in one call');

-- Dependencies that ask for more.
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "x1", "title": "1"}, {"task_key": "x2", "title": "2"},
           {"task_key": "x3", "title": "3",
            "depends_on": ["x1", {"task": "x2", "satisfied_by": "merged"}, "x2",
                           {"task": "x1", "satisfied_by": "validated"}]}]');
select is(
    (select string_agg(d.satisfied_by, ', ' order by d.satisfied_by)
       from docket.dependencies(docket_test.id('x3')) as d),
    'completed, merged', 'a dependency may say what satisfies it; the first mention counts');
select throws_ok(
    format($$ select docket.create_tasks(docket_test.project_id(), %L) $$,
           jsonb_build_array(jsonb_build_object('title', 'x', 'depends_on', w.depends_on))),
    w.sqlstate, w.message, 'refused: ' || w.message)
  from (values ('[{"satisfied_by": "merged"}]'::jsonb, 'PD422',
                'task number 1 depends on {"satisfied_by": "merged"}, which names no task'),
               ('[{"task": "x1", "type": "related"}]', 'PD422',
                'task number 1 depends on {"task": "x1", "type": "related"}, which names no task'),
               ('[["x1"]]', 'PD422', 'task number 1 depends on ["x1"], which names no task'),
               ('[{"task": "x1", "satisfied_by": "approved"}]', 'PD422',
                '''approved'' satisfies no dependency')) as w (depends_on, sqlstate, message);

select * from finish();
rollback;
