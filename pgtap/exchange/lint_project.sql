-- What is odd about a project's tasks is named with a remedy, and what is safe is done, once.

begin;
select plan(14);

create temporary table made as
    select (docket.import_tasks_json('odd', 'f', convert_to($$ {"tasks": [
        {"id": 1, "title": " spaced ", "status": "wip", "priority": "urgent"},
        {"id": 2, "title": "b", "status": "60", "dependencies": [77], "priority": "very"},
        {"id": 3, "title": "c", "status": "done", "subtasks": [
            {"id": 1, "title": "open"}, {"id": 2, "title": "b", "dependencies": [2, 1]}]},
        {"id": 3, "title": "again", "status": "pending", "dependencies": [4]},
        {"id": 4, "title": "d", "status": "cancelled"}
    ]} $$, 'UTF8')) ->> 'project_id')::uuid as project_id;


create temporary view lint as
    select l.* from made as m cross join lateral docket.lint_project(m.project_id) as l;

select results_eq(
    $$ select l.severity, l.kind, l.task_key, l.is_fixable from lint as l order by l.place $$,
    $$ values ('error', 'dangling_dependency', '2', false),
              ('error', 'duplicate_id', '3~2', false),
              ('error', 'unknown_status', '1', true),
              ('error', 'unknown_status', '2', false),
              ('error', 'waits_for_cancelled', '3~2', false),
              ('warning', 'done_with_open_subtasks', '3', false),
              ('warning', 'self_dependency', '3.2', false),
              ('warning', 'unknown_priority', '1', true),
              ('warning', 'unknown_priority', '2', false),
              ('note', 'title_in_space', '1', true) $$,
    'oddities of the file and of the tasks are named, the worst first');
select is_empty(
    $$ select from lint as l where l.remedy is null or l.finding is null $$,
    'each with what to do');
select results_eq(
    $$ select l.source_name, l.path, l.value from lint as l where l.kind = 'dangling_dependency' $$,
    $$ values ('f', array['tasks', '1', 'dependencies', '0'], '77'::jsonb) $$,
    'and where it stands');
select is(
    (select count(*) from made as m
      cross join lateral docket.lint_project(m.project_id, after => 8, page_size => 1)),
    1::bigint, 'page by page');

create temporary table journal as
    select count(*) as rows from docket.audit_log;
select is(
    (select jsonb_array_length(docket.fix_project(m.project_id, dry_run => true) -> 'fixed')
       from made as m),
    3, 'a dry run tells what would be done');
select is((select count(*) from docket.audit_log), (select j.rows from journal as j),
          'and does nothing');
select is(
    (select docket.fix_project(m.project_id, kinds => '{title_in_space}') #> '{fixed,0,change}'
       from made as m),
    '{"title": "spaced"}'::jsonb, 'one kind is done alone');
select is(
    (select jsonb_array_length(docket.fix_project(m.project_id) -> 'fixed') from made as m),
    2, 'then the rest');
select results_eq(
    $$ select t.title, t.status::text, t.priority::integer, t.assigned_to
         from made as m
         join docket.tasks as t on t.task_id = docket.task_id(m.project_id, '1') $$,
    $$ values ('spaced', 'in_progress', 10, null::text) $$,
    'a common word means what it means to most people');
select ok((select count(*) from docket.audit_log) > (select j.rows from journal as j),
          'each change is in the journal');
select is(
    (select docket.fix_project(m.project_id) -> 'fixed' from made as m),
    '[]'::jsonb, 'done again, there is nothing to do');
select is_empty('select from lint as l where l.is_fixable', 'nothing that could be done is left');

-- The kinds that imports report are known, each with a remedy.
select docket.import_beads('odd', 'g', convert_to(
    '{"id": "a", "title": "A", "priority": 9, "labels": ["x"], "dependencies": ['
    || '{"depends_on_id": "b", "type": "tracks"}, {"depends_on_id": "c"}]}' || e'\n'
    || '{"id": "b", "title": "B"}' || e'\n' || '{"x": 1}', 'UTF8'));
select is_empty(
    $$ select from lint as l where l.remedy = 'Look at the file.' $$,
    'no kind is without a remedy');
select throws_ok(
    $$ select docket.lint_project('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'a project has to be there');

select * from finish();
rollback;
