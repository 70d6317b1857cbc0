-- A file becomes rows beside those that the project has, each under a key that was free.

begin;
select plan(7);

select docket_test.project();
select docket.create_task(
    project_id => docket_test.project_id(), title => 'Mine', task_key => '1', legacy_id => 1);
select docket.create_workflow(project_id => docket_test.project_id(), name => 'master');

create function pg_temp.store(source_name text, content bytea) returns jsonb
language sql as $$
    select docket_private.store_tasks_file(
        docket_test.project_id(), false, $1, $2, docket_private.read_tasks_file($1, $2));
$$;

create temporary table report as
    select pg_temp.store(
               'f', '{"tasks": [{"id": 1, "title": "a", "subtasks": [{"id": 1, "title": "b"}]},
                                {"id": 2, "title": "c", "dependencies": [1]}, 7]}') as r;

select results_eq(
    $$ select t.task_key, t.legacy_id, p.task_key, w.name
         from docket.tasks as t
         left join docket.tasks as p on p.task_id = t.parent_task_id
         left join docket.workflows as w on w.workflow_id = t.workflow_id
        order by t.task_id $$,
    $$ values ('1', 1::bigint, null, null), ('1~2', null, null, 'master'),
              ('1.1', null, '1~2', 'master'), ('2', 2, null, 'master') $$,
    'keys that are taken are told apart, and parents and workflows found');
select results_eq(
    $$ select t.task_key, d.task_key
         from docket.task_dependencies as e
         join docket.tasks as t on t.task_id = e.task_id
         join docket.tasks as d on d.task_id = e.depends_on_id $$,
    $$ values ('2', '1~2') $$,
    'dependencies are stored');
select results_eq(
    $$ select i.ordinal, i.item_path, t.task_key
         from docket.import_items as i
         left join docket.tasks as t on t.task_id = i.task_id
        order by i.ordinal $$,
    $$ values (1::bigint, '{tasks,0}'::text[], '1~2'), (2, '{tasks,0,subtasks,0}', '1.1'),
              (3, '{tasks,1}', '2'), (4, '{tasks,2}', null) $$,
    'every entry knows what became of it');
select is(
    (select r.r -> 'counts' from report as r),
    '{"workflow_exists": 1, "key_taken": 1, "not_a_task": 1}',
    'what was taken is reported');
select is(
    (select r.r -> 'created' from report as r),
    '{"projects": 0, "workflows": 0, "tasks": 3, "dependencies": 1}',
    'and what was created');
select is((select i.report from docket.imports as i), (select r.r from report as r),
          'the report is kept');

select is(
    (select array_agg(k.highest order by k.key_base)
       from docket_private.taken_keys(
                docket_test.project_id(),
                (docket_private.read_tasks_file('f', '{"tasks": [{"id": 1}, {"id": 2}, {"id": 3}]}')
                ).tasks) as k),
    array[2, 1]::bigint[], 'the highest number of each key that is taken is known');

select * from finish();
rollback;
