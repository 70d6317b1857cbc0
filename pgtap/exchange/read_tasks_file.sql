-- A file is understood whole, or refused, and nothing is written.

begin;
select plan(5);

select results_eq(
    $$ select f.shape, cardinality(f.tags), cardinality(f.tasks), cardinality(f.edges),
              cardinality(f.oddities), f.metadata
         from docket_private.read_tasks_file(
                  'f', '{"a": {"tasks": [{"id": 1}, {"id": 2, "title": "b", "dependencies": [1, 3]}]},
                         "tag": "a"}') as f $$,
    $$ values ('tagged', 1, 2, 1, 2, '{"tag": "a"}'::jsonb) $$,
    'shape, tags, tasks, edges, oddities and the keys beside the tags');
select results_eq(
    $$ select o.item_path, o.kind
         from unnest((docket_private.read_tasks_file(
                  'f', '\xefbbbf' || convert_to('{"a": {"tasks": [{"id": 1, "title": "a", "dependencies": [2]},
                               {"id": 2, "title": "b", "dependencies": [1]}], "x": 1, "x": 1},
                         "tasks": [], "y": 1, "y": 1}', 'UTF8'))).oddities) as o $$,
    $$ values ('{}'::text[], 'byte_order_mark'), ('{y}', 'duplicate_key'),
              ('{tasks}', 'tasks_beside_tags'), ('{a,x}', 'duplicate_key'),
              ('{a,tasks,1,dependencies,0}', 'cyclic_dependency') $$,
    'what is odd about the document, its tags and its cycles is named');
select is(
    (select f.tasks from docket_private.read_tasks_file('f', '{"tasks": []}') as f), null,
    'a file may have no tasks');
select throws_ok(
    $$ select docket_private.read_tasks_file('f', '{"tasks": ') $$,
    'PD422', 'f, line 1, column 11: the document ends too early', 'JSON is asked for');
select throws_ok(
    $$ select docket_private.read_tasks_file('f', '[]') $$,
    'PD422', 'f, line 1, column 1: this is no task file, but an array of 0 values',
    'and a task file');

select * from finish();
rollback;
