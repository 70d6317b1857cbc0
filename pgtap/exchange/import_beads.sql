-- A beads file is imported once, whole, into a project of its own if need be; a dry run only tells.

begin;
select plan(9);

create function pg_temp.import(
    content text, dry_run boolean default false, source_name text default 'f'
) returns jsonb
language sql as $$
    select docket.import_beads('beads', $3, convert_to($1, 'UTF8'), 'Beads', $2);
$$;

create temporary table file as
    select '{"id": "a-1", "title": "A"}' || e'\n'
           || '{"id": "a-2", "title": "B", "dependencies": [{"depends_on_id": "a-1", "type": "blocks"}]}'
           || e'\n' as content;
create temporary table dry as
    select pg_temp.import(f.content, true) as report from file as f;

select is_empty('select from docket.projects', 'a dry run makes nothing');
create temporary table first as
    select pg_temp.import(f.content) as report from file as f;
select is(
    (select d.report - array['dry_run', 'project_id', 'import_id'] from dry as d),
    (select f.report - array['dry_run', 'project_id', 'import_id'] from first as f),
    'and reports what the import reports');
select is(
    (select f.report -> 'created' from first as f),
    '{"projects": 1, "workflows": 0, "tasks": 2, "dependencies": 1}'::jsonb,
    'what was created is counted');
select results_eq(
    $$ select t.task_key
         from docket.ready_tasks as r
         join docket.tasks as t on t.task_id = r.task_id $$,
    array['a-1'],
    'what waits for nothing is ready');
select is(
    (select pg_temp.import(f.content) -> 'unchanged' from file as f),
    'true'::jsonb, 'the same file again changes nothing');
select is((select count(*) from docket.tasks), 2::bigint, 'nor makes it tasks');
select throws_ok(
    $$ select pg_temp.import(f.content, source_name => 'copy') from file as f $$,
    'PD409', null, 'the same content from elsewhere is refused');
select throws_ok(
    $$ select pg_temp.import(e'{"id": "a-1"\n', source_name => 'bad') $$,
    'PD422', null, 'a line that can not be read is refused');
select throws_ok(
    $$ select docket.import_beads('beads', '', '') $$,
    'PD422', null, 'a source has a name');

select * from finish();
rollback;
