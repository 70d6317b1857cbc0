-- Another version of a file is merged with what is here: no change of either is lost.

begin;
select plan(17);

create function pg_temp.import(
    content text, resolutions jsonb default '{}', dry_run boolean default false
) returns jsonb
language sql as $$
    select docket.import_tasks_json(
               'shop', 'f', convert_to($1, 'UTF8'), resolutions => $2, dry_run => $3);
$$;

create function pg_temp.task(key text) returns docket.tasks
language sql as $$ select t from docket.tasks as t where t.task_key = $1; $$;

create function pg_temp.exported() returns text
language sql as $$
    select convert_from(docket.export_tasks_json(docket.project_id('shop')), 'UTF8');
$$;

create temporary table said as
    select pg_temp.import('{"tasks": [{"id": 1, "title": "a", "x": 1},
        {"id": 2, "title": "b", "dependencies": [1], "subtasks": [{"id": 1, "title": "s"}]},
        {"id": 3, "title": "c"}]}') as report;
do $$
begin
    perform docket.update_task((pg_temp.task('2')).task_id, '{"title": "b here"}');
    perform docket.add_dependency((pg_temp.task('2')).task_id, (pg_temp.task('3')).task_id);
end $$;

create temporary table second (content text);
insert into second
values ('{"tasks": [{"id": 1, "title": "a", "x": [2], "status": "done"},
        {"id": 2, "title": "b", "details": "d", "dependencies": [],
         "subtasks": [{"id": 1, "title": "s"}]},
        {"id": 3, "title": "c"}, {"id": 4, "title": "new", "dependencies": [2, "2.1"]}]}');

insert into said
select pg_temp.import(s.content) from second as s;

select is(
    (select jsonb_build_array(s.report -> 'created' -> 'tasks', s.report -> 'updated',
                              s.report -> 'removed', s.report -> 'conflicts')
       from said as s
      where s.report -> 'updated' is not null),
    '[1, 2, {"tasks": 0, "dependencies": 1}, []]', 'what was done is told');
select results_eq(
    $$ select t.task_key, t.title, t.details, t.status::text, t.metadata -> 'imported' -> 'x'
         from docket.tasks as t order by t.task_key $$,
    $$ values ('1', 'a', null, 'completed', '[2]'::jsonb), ('2', 'b here', 'd', 'pending', null),
              ('2.1', 's', null, 'pending', null), ('3', 'c', null, 'pending', null),
              ('4', 'new', null, 'pending', null) $$,
    'what changed there comes in, what changed here stays');
select results_eq(
    $$ select t.task_key || ' ' || o.task_key
         from docket.task_dependencies as d
         join docket.tasks as t on t.task_id = d.task_id
         join docket.tasks as o on o.task_id = d.depends_on_id
        order by 1 $$,
    array['2 3', '4 2', '4 2.1'],
    'of dependencies, each side''s');
select is(
    pg_temp.exported()::jsonb #> '{tasks,1}',
    '{"id": 2, "title": "b here", "details": "d", "dependencies": [3],
      "subtasks": [{"id": 1, "title": "s"}]}',
    'the file can say so');
select is((pg_temp.import(s.content) -> 'unchanged')::text, 'true', 'the same again is nothing')
  from second as s;

create function pg_temp.changed(old text, new text) returns text
language sql as $$ select replace(s.content, $1, $2) from second as s; $$;

create temporary table before as
    select count(*) as journal from docket.audit_log;
select throws_ok(
    $$ select pg_temp.import(pg_temp.changed('"b"', '"b there"')) $$,
    'PD409', 'f and this project have both changed master/2: title', 'a conflict is refused');
select is(
    pg_temp.import(pg_temp.changed('"b"', '"b there"'), dry_run => true) -> 'conflicts',
    '[{"identity": "master/2", "field": "title", "base": "b", "theirs": "b there", "ours": "b here"}]',
    'and told');
select is(
    (select count(*) from docket.audit_log), (select b.journal from before as b),
    'nothing was written');
create temporary table decided as
    select pg_temp.import(pg_temp.changed('"b"', '"b there"'), '{"master/2": {"title": "ours"}}');
select is((pg_temp.task('2')).title, 'b here', 'our side counts where somebody says so');
insert into decided
select pg_temp.import(pg_temp.changed('"b"', '"b else"'), '{"*": "theirs"}');
select is((pg_temp.task('2')).title, 'b else', 'or theirs');

-- Tasks go.
select throws_ok(
    $$ select pg_temp.import('{"tasks": [{"id": 1, "title": "a", "x": [2], "status": "done"},
           {"id": 3, "title": "c"}]}') $$,
    'PD409', 'f and this project have both changed master/2',
    'what was changed here does not go unasked');
insert into decided
select pg_temp.import('{"tasks": [{"id": 2, "title": "b else", "details": "d", "dependencies": [],
           "subtasks": [{"id": 1, "title": "s"}]}, {"id": 3, "title": "c"}]}');
select results_eq(
    'select t.task_key from docket.tasks as t where t.archived_at is not null order by 1',
    array['1', '4'], 'tasks that the file has no more are put away');

do $$
begin
    perform docket.delete_task((pg_temp.task('3')).task_id);
    perform docket.create_tasks(docket.project_id('shop'), '[{"title": "part", "parent": "2"}]');
end $$;
insert into decided
select pg_temp.import('{"tasks": [{"id": 2, "title": "b else", "details": "e",
           "subtasks": [{"id": 1, "title": "s"}]}, {"id": 3, "title": "c"}]}');
select is(
    pg_temp.exported()::jsonb,
    '{"tasks": [{"id": 2, "title": "b else", "details": "e", "subtasks": [{"id": 1, "title": "s"},
        {"id": 2, "title": "part", "description": "", "details": "", "testStrategy": "",
         "status": "pending", "dependencies": []}]}]}',
    'what was put away here stays away, what was made here stays');
select throws_ok(
    $$ select pg_temp.import('{"tasks": []}') $$,
    'PD409', 'f and this project have both changed master/2',
    'what has new parts here does not go unasked either');
insert into decided
select pg_temp.import('{"tasks": [{"id": 3, "title": "c", "details": "back"}]}', '{"*": "theirs"}');
select is(
    pg_temp.exported(), '{"tasks": [{"id": 3, "title": "c", "details": "back"}]}',
    'whoever is asked may bring back, and put away with all parts');

select docket_private.merged_metadata(
           '{"a": 1, "imported": {"x": 1, "y": 2}}',
           '{"imported.x": {}, "imported.y": {"is": 3}, "title": {"is": "t"}}')
           = '{"a": 1, "imported": {"y": 3}}' as merged
\gset
select ok(:'merged', 'keys of the file come and go');

do $$ begin perform docket.start_task((pg_temp.task('3')).task_id, 'someone'); end $$;
insert into decided
select pg_temp.import('{"tasks": [{"id": 3, "title": "c", "details": "back", "status": "done"}]}',
                      '{"*": "theirs"}');
select results_eq(
    $$ select t.status::text, a.outcome::text
         from docket.tasks as t
         join docket.task_attempts as a on a.task_id = t.task_id $$,
    $$ values ('completed', 'released') $$,
    'who works on a task that is done elsewhere loses it');

select * from finish();
rollback;
