-- Issues of beads become tasks with what binds them; what can not be stored is named, not lost.

begin;
select plan(15);

select docket_test.at('2026-11-22 12:00:00Z');

create temporary table report as
    select docket.import_beads('beads', 'f', convert_to(
        '{"id": "b-1", "title": "Epic", "issue_type": "epic", "status": "open", "priority": 0,'
        || '"created_at": "2026-01-01T00:00:00.123456789Z", "custom": {"a": [1.0]}}' || e'\n'
        || '{"id": "b-1.1", "title": "Part", "design": "D", "acceptance_criteria": "AC",'
        || '"status": "closed", "closed_at": "2026-01-02T00:00:00+02:00", "priority": 4,'
        || '"assignee": "ann", "estimated_minutes": 90, "labels": ["x", "y"], "notes": "N",'
        || '"comments": [{"id": 1, "author": "ann", "text": "hello"}], "dependencies": ['
        || '{"issue_id": "b-1.1", "depends_on_id": "b-1", "type": "parent-child"},'
        || '{"issue_id": "b-1.1", "depends_on_id": "b-3", "type": "parent-child"},'
        || '{"issue_id": "b-1.1", "depends_on_id": "b-1", "type": "blocks"}]}' || e'\n'
        || '{"id": "b-3", "title": "", "status": "odd", "priority": 60, "dependencies": ['
        || '{"depends_on_id": "b-1", "type": "blocks"}, {"depends_on_id": "b-9", "type": "blocks"},'
        || '{"depends_on_id": "b-3", "type": "blocks"},'
        || '{"depends_on_id": "b-1.1", "type": "tracks"},'
        || '{"depends_on_id": "b-1.1", "type": "related"},'
        || '{"depends_on_id": "b-1.1", "type": "discovered-from"}]}' || e'\n'
        || '{"id": "b-4", "title": "Four", "status": "in_progress", "dependencies": ['
        || '{"depends_on_id": "b-5", "type": "blocks"},'
        || '{"depends_on_id": "b-5", "type": "parent-child"}]}' || e'\n'
        || '{"id": "b-5", "title": "Five", "status": "pinned", "dependencies": ['
        || '{"depends_on_id": "b-4", "type": "parent-child"}]}' || e'\n'
        || '{"id": "b-6", "title": "Six", "dependencies": ['
        || '{"depends_on_id": "b-3", "type": "blocks"}]}' || e'\n'
        || '{"id": "b-7", "status": "tombstone", "title": "Gone"}' || e'\n'
        || '{"_type": "memory", "key": "k", "value": "v"}' || e'\n'
        || '{"id": "b-8", "title": "z\u0000", "updated_at": "2026-01-01T00:00:00Z"}' || e'\n'
        || '{"id": "b-8", "title": "older", "updated_at": "2020-01-01T00:00:00Z"}' || e'\n',
        'UTF8')) as report;

create function pg_temp.task(key text) returns docket.tasks
language sql as 'select t from docket.tasks as t where t.task_key = $1';

select is((pg_temp.task('b-1')).priority::integer, 10, 'priority 0 is the highest');
select is(
    (pg_temp.task('b-1')).metadata::jsonb,
    '{"imported": {"issue_type": "epic", "status": "open", "priority": 0, "custom": {"a": [1.0]},
                   "created_at": "2026-01-01T00:00:00.123456789Z"}}'::jsonb,
    'what no column holds is in metadata');
select results_eq(
    $$ select t.status::text, t.completed_at, t.details, t.acceptance_criteria, t.assigned_to,
              t.estimated_effort::numeric, t.tags, p.task_key
         from pg_temp.task('b-1.1') as t
         join docket.tasks as p on p.task_id = t.parent_task_id $$,
    $$ values ('completed', timestamptz '2026-01-01 22:00:00Z', 'D', '["AC"]'::jsonb, 'ann',
               1.5, array['x', 'y'], 'b-1') $$,
    'an issue becomes a task with all that tasks have');
select is(
    (select c.data
       from docket.get_context((pg_temp.task('b-1.1')).task_id, 'notes') as c),
    '{"notes": "N", "comments": [{"id": 1, "author": "ann", "text": "hello"}]}'::jsonb,
    'notes and comments become a context');
select results_eq(
    $$ select t.title, t.status::text, t.priority::integer from pg_temp.task('b-3') as t $$,
    $$ values ('b-3', 'pending', 5) $$,
    'what is unknown is the usual');
select is((pg_temp.task('b-5')).status::text, 'deferred', 'a pinned issue is not offered');
select is((pg_temp.task('b-8')).title, 'z', 'U+0000 is in no row');
select results_eq(
    $$ select t.task_key, o.task_key, d.dependency_type::text, d.metadata
         from docket.task_dependencies as d
         join docket.tasks as t on t.task_id = d.task_id
         join docket.tasks as o on o.task_id = d.depends_on_id
        order by t.task_key, o.task_key, d.dependency_type::text $$,
    $$ values ('b-3', 'b-1', 'blocks', '{}'::jsonb),
              ('b-3', 'b-1.1', 'discovered_from', '{}'),
              ('b-3', 'b-1.1', 'related', '{"imported": {"type": "tracks"}}'),
              ('b-6', 'b-3', 'blocks', '{}') $$,
    'dependencies are stored by the nearest type');
select results_eq(
    $$ select o ->> 'kind', array(select jsonb_array_elements_text(o -> 'path'))
         from report as r
        cross join lateral jsonb_array_elements(r.report -> 'oddities') as o $$,
    $$ values ('second_parent', array['2', 'dependencies']),
              ('ancestor_dependency', array['2', 'dependencies']),
              ('unknown_priority', array['3', 'priority']),
              ('unknown_status', array['3', 'status']),
              ('missing_title', array['3', 'title']),
              ('dangling_dependency', array['3', 'dependencies']),
              ('self_dependency', array['3', 'dependencies']),
              ('unknown_dependency', array['3', 'dependencies']),
              ('duplicate_dependency', array['3', 'dependencies']),
              ('ancestor_dependency', array['4', 'dependencies']),
              ('cyclic_parent', array['5', 'dependencies']),
              ('unstorable_character', array['9']),
              ('duplicate_id', array['10', 'id']) $$,
    'and what can not be is named with its line');
select is(
    (select r.report -> 'records' from report as r),
    '{"issue": 7, "memory": 1, "tombstone": 1, "repeated": 1}'::jsonb,
    'every line is counted');
select is(
    (select jsonb_build_array(
                r.report -> 'tasks', r.report -> 'subtasks', r.report -> 'dependencies')
       from report as r),
    '[5, 2, 4]'::jsonb, 'and so are tasks and dependencies');
select is(
    (select i.raw::text from docket.import_items as i where i.ordinal = 9),
    '{"id": "b-8", "title": "z\u0000", "updated_at": "2026-01-01T00:00:00Z"}', 'each line is kept as written');
select is(
    (select count(*) from docket.import_items as i where i.task_id is null),
    3::bigint, 'also those that made no task');

-- A key that is taken gets a number.
select docket.import_beads('beads', 'g', convert_to(
    '{"id": "b-1", "title": "Other"}' || e'\n' || '{"id": "c-1", "title": "New"}', 'UTF8'));
select isnt_empty('select from pg_temp.task(''b-1~2'') as t where t.title = ''Other''',
                  'a key that the project has gets a number');
select isnt_empty('select from pg_temp.task(''c-1'') as t where t.title = ''New''', 'another stays as it is');

select * from finish();
rollback;
