-- A tasks.json is imported once, whole, into a project of its own if need be; a dry run only tells.

begin;
select plan(16);

create function pg_temp.import(
    content text, dry_run boolean default false, source_name text default 'f'
) returns jsonb
language sql as $$
    select docket.import_tasks_json('imported', $3, convert_to($1, 'UTF8'), 'Imported', $2);
$$;

create function pg_temp.journal() returns bigint
language sql as 'select count(*) from docket.audit_log';

create temporary table file as
    select '{"tasks": [{"id": 1, "title": "a"}, {"id": 2, "title": "b", "dependencies": [1]}]}' as content;

create temporary table said (step text, report jsonb, journal bigint default pg_temp.journal());

insert into said
values ('before', null);
insert into said
select 'dry', pg_temp.import(f.content, true) from file as f;

select is(pg_temp.journal(), (select s.journal from said as s where s.step = 'before'),
          'a dry run is in no journal');
select is_empty('select from docket.projects', 'and makes no project');

insert into said
select 'first', pg_temp.import(f.content) from file as f;

create function pg_temp.told(step text) returns jsonb
language sql as $$
    select s.report - array['dry_run', 'project_id', 'import_id'] from said as s where s.step = $1;
$$;

select is(
    pg_temp.told('dry'), pg_temp.told('first'),
    'it reports what the import reports');
select results_eq(
    'select p.slug, p.name from docket.projects as p',
    $$ values ('imported', 'Imported') $$,
    'the project is made where there is none');
select is(
    (select f.report -> 'created' from said as f where f.step = 'first'),
    '{"projects": 1, "workflows": 1, "tasks": 2, "dependencies": 1}',
    'what was created is counted');
select results_eq(
    $$ select t.task_key
         from docket.ready_tasks as r
         join docket.tasks as t on t.task_id = r.task_id $$,
    array['1'],
    'what waits for nothing is ready');

create temporary table journal as
    select pg_temp.journal() as length;
insert into said
select 'second', pg_temp.import(f.content) from file as f;

select is(
    pg_temp.journal(), (select j.length from journal as j), 'the second time nothing is written');
select is(
    (select s.report -> 'unchanged' from said as s where s.step = 'second'), 'true'::jsonb,
    'which is said');

select throws_ok(
    $$ select docket.import_tasks_json('imported', 'f', '{"tasks": []}', resolutions => '[]') $$,
    'PD422', 'that says of no conflict whose side counts: []', 'who decides says for what');
select throws_ok(
    $$ select pg_temp.import(f.content, false, 'g') from file as f $$,
    'PD409', 'the same file was imported before, as f', 'so is a copy');
select throws_ok(
    $$ select pg_temp.import('{"tasks": [1,]}', false, 'g') $$,
    'PD422', 'g, line 1, column 14: Expected JSON value, but found "]"',
    'a file that can not be read is refused with its place');
select throws_ok(
    $$ select docket.import_tasks_json('imported', ' ', '{"tasks": []}') $$,
    'PD422', 'an import needs a project, a source and a content', 'a source has a name');

create temporary table request as
    select docket.import_tasks_json(
               'imported', 'h', '{"tasks": []}',
               request_id => '01890000-0000-7000-8000-000000000001') as report;
select is(
    docket.import_tasks_json(
        'imported', 'h', '{"tasks": []}', request_id => '01890000-0000-7000-8000-000000000001'),
    (select r.report from request as r),
    'a request is answered once');

select ok(
    has_function_privilege(
        'docket_app', 'docket.import_tasks_json(text, text, bytea, text, boolean, jsonb, uuid)',
        'execute'),
    'applications import');
set local role docket_agent;
select throws_ok(
    $$ select docket.import_tasks_json('imported', 'f', '{"tasks": []}') $$,
    '42501', null, 'agents do not');
set local role docket_app;
select is(
    docket.import_tasks_json('imported', 'f', '{"tasks": []}') -> 'created' -> 'projects',
    '1'::jsonb,
    'who does not see a project makes one of his own');

select * from finish();
rollback;
