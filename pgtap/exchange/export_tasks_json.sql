-- A tasks.json is given back byte for byte, with other bytes only where a task is another.

begin;
select plan(17);

create temporary table file (name text, content text);
insert into file
values ('tall', E'{\r\n  "tasks": [\r\n    {\r\n      "id": 1,\r\n      "title": "\\u00e9a",\r\n'
                '      "dependencies": [],\r\n      "x": 1.50\r\n    },\r\n'
                '    {"id": 2, "title": "b", "status": "todo"}\r\n  ],\r\n'
                '  "tasks2": []\r\n}\r\n'),
       ('wide', E'\ufeff{"tasks":[{"id":1,"title":"a","dependencies":["2"]},'
                '{"id":"2","title":"b","x":1,"x":2}]}');

create function pg_temp.text(name text) returns text
language sql as $$
    select convert_from(docket.export_tasks_json(docket.project_id(name)), 'UTF8');
$$;

create function pg_temp.task(name text, key text) returns uuid
language sql as $$ select docket.task_id(docket.project_id($1), $2); $$;

create temporary table report as
    select docket.import_tasks_json(f.name, 'f', convert_to(f.content, 'UTF8')) as said
      from file as f;

select is(pg_temp.text(f.name), f.content, 'byte for byte: ' || f.name) from file as f;

do $do$
begin
    perform docket.update_task(pg_temp.task(f.name, '1'), '{"title": "new\nö"}') from file as f;
end $do$;
select is(
    pg_temp.text('tall'), replace(f.content, '"\u00e9a"', '"new\n\u00f6"'),
    'a value in the place of another, in ASCII as the file is')
  from file as f where f.name = 'tall';
select is(
    pg_temp.text('wide'), replace(f.content, '"title":"a"', E'"title":"new\\nö"'),
    'or not')
  from file as f where f.name = 'wide';
do $do$
begin
    perform docket.update_task(pg_temp.task('tall', '1'), '{"title": "éa"}');
end $do$;
select is(pg_temp.text('tall'), f.content, 'what is as it was is spelled as it was')
  from file as f where f.name = 'tall';

do $do$
begin
    perform docket.start_task(pg_temp.task('tall', '1'), 'someone');
end $do$;
select is(
    pg_temp.text('tall'),
    replace(f.content, E'"x": 1.50\r\n', E'"x": 1.50,\r\n      "status": "in-progress"\r\n'),
    'a value that had no place gets one at the end of its task')
  from file as f where f.name = 'tall';
do $do$
begin
    perform docket.release_task(t.attempt_id) from docket.tasks as t where t.attempt_id is not null;
end $do$;

do $do$
begin
    perform docket.add_dependency(pg_temp.task('tall', '1'), pg_temp.task('tall', '2'));
end $do$;
select is(
    pg_temp.text('tall'),
    replace(f.content, '"dependencies": []',
            E'"dependencies": [\r\n        2\r\n      ]'),
    'a dependency is added in the layout of the file')
  from file as f where f.name = 'tall';
do $do$
begin
    perform docket.remove_dependency(pg_temp.task('wide', '1'), pg_temp.task('wide', '2'));
end $do$;
do $do$
begin
    perform docket.update_task(pg_temp.task('wide', '1'), '{"title": "a"}');
end $do$;
select is(
    pg_temp.text('wide'), replace(f.content, '["2"]', '[]'), 'or taken away')
  from file as f where f.name = 'wide';

do $do$
begin
    perform docket.delete_task(pg_temp.task('wide', '1'));
end $do$;
select is(
    pg_temp.text('wide'), E'\ufeff{"tasks":[{"id":"2","title":"b","x":1,"x":2}]}',
    'a task that was put away is gone');
do $do$
begin
    perform docket.create_tasks(docket.project_id('wide'), '[{"title": "c", "task_key": "c"}]');
end $do$;
select is(
    pg_temp.text('wide'),
    E'\ufeff{"tasks":[{"id":"2","title":"b","x":1,"x":2},{"id":3,"title":"c","description":"",'
    '"details":"","testStrategy":"","status":"pending","dependencies":[],"priority":"medium",'
    '"subtasks":[]}]}',
    'a new one stands at the end');
do $do$
begin
    perform docket.delete_task(pg_temp.task('wide', '2'));
end $do$;
do $do$
begin
    perform docket.delete_task(pg_temp.task('wide', 'c'));
end $do$;
select is(pg_temp.text('wide'), E'\ufeff{"tasks":[]}', 'of none an empty list is left');

do $do$
begin
    perform docket.create_project(slug => 'born');
end $do$;
do $do$
begin
    perform docket.create_tasks(docket.project_id('born'),
    '[{"title": "one", "task_key": "one"}, {"title": "two", "depends_on": ["one", "part"]},
      {"title": "part", "parent": "one", "task_key": "part", "priority": "high",
       "metadata": {"imported": {"note": [1]}}}]');
end $do$;
select is(
    pg_temp.text('born')::jsonb #> '{master,tasks}',
    '[{"id": 1, "title": "two", "description": "", "details": "", "testStrategy": "",
       "status": "pending", "dependencies": [2, "2.1"], "priority": "medium", "subtasks": []},
      {"id": 2, "title": "one", "description": "", "details": "", "testStrategy": "",
       "status": "pending", "dependencies": [], "priority": "medium", "subtasks": [
          {"id": 1, "title": "part", "description": "", "details": "", "testStrategy": "",
           "status": "pending", "dependencies": [], "priority": "high", "note": [1]}]}]',
    'a project that was made here has a file of its own');
select matches(
    pg_temp.text('born'),
    E'^{\n  "master": {\n    "tasks": \\[\n      {\n        "id": 1,\n        "title": "two",\n',
    'as task-master writes it');
select is(
    (docket.import_tasks_json('again', 'f', convert_to(pg_temp.text('born'), 'UTF8')))
        -> 'dependencies',
    '2', 'which can be imported');

select throws_ok(
    $$ select docket.export_tasks_json(docket.project_id('born'), 'g') $$,
    'PD404', 'nothing was imported from g', 'a source has to be known');
select ok(
    has_function_privilege('docket_reader', 'docket.export_tasks_json(uuid, text)', 'execute'),
    'readers export');
set local role docket_reader;
select throws_ok(
    $$ select docket.export_tasks_json('01890000-0000-7000-8000-000000000001') $$,
    'PD404', null, 'what they may see');

select * from finish();
rollback;
