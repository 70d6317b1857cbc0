-- A changed file of beads is merged with what changed here; nothing that one side did is lost.

begin;
select plan(30);

select docket_test.at('2026-11-22 12:00:00Z');

create function pg_temp.import(
    content text, resolutions jsonb default '{}', dry_run boolean default false
) returns jsonb
language sql as $$
    select docket.import_beads(
               'beads', 'f', convert_to($1, 'UTF8'), dry_run => $3, resolutions => $2);
$$;

create function pg_temp.id(key text) returns uuid
language sql as $$
    select docket.task_id(p.project_id, $1) from docket.projects as p where p.slug = 'beads';
$$;

create function pg_temp.task(key text) returns docket.tasks
language sql as 'select t from docket.tasks as t where t.task_key = $1 and t.archived_at is null';

create function pg_temp.export() returns text
language sql as $$
    select convert_from(docket.export_beads(p.project_id), 'UTF8')
      from docket.projects as p where p.slug = 'beads';
$$;

create function pg_temp.edges() returns text[]
language sql as $$
    select array(
        select t.task_key || ' ' || o.task_key
          from docket.task_dependencies as d
          join docket.tasks as t on t.task_id = d.task_id
          join docket.tasks as o on o.task_id = d.depends_on_id
         order by 1);
$$;

create temporary table file (n integer, content text);
insert into file
values (1,
        '{"id":"e","title":"Epic","status":"open","priority":2}' || e'\n'
        || '{"id":"a","title":"A","status":"open","priority":2,"labels":["x"],"dependencies":['
        || '{"issue_id":"a","depends_on_id":"e","type":"parent-child"}]}' || e'\n'
        || '{"id":"b","title":"B","status":"open","priority":2,"dependencies":['
        || '{"issue_id":"b","depends_on_id":"a","type":"blocks"},'
        || '{"issue_id":"b","depends_on_id":"n","type":"blocks"}]}' || e'\n'
        || '{"id":"c","title":"C","status":"closed","priority":2}' || e'\n');
insert into file
select 2, replace(replace(replace(replace(replace(f.content,
              '"title":"A"', '"title":"A2","extra":[1.0]'),
              '"labels":["x"]', '"labels":["x","theirs"]'),
              '{"issue_id":"b","depends_on_id":"a","type":"blocks"}',
              '{"issue_id":"b","depends_on_id":"c","type":"blocks"}'),
              '"title":"C","status":"closed"', '"title":"C","status":"in_progress","notes":"said"'),
              '{"id":"e","title":"Epic","status":"open","priority":2}' || e'\n', '')
          || '{"id":"n","title":"New","dependencies":[{"depends_on_id":"c","type":"blocks"}]}' || e'\n'
  from file as f;

select is((pg_temp.import(f.content) -> 'created' ->> 'tasks')::integer, 4, 'a file is there')
  from file as f where f.n = 1;
select docket.update_task(pg_temp.id('a'), '{"priority": 10, "tags": ["x", "ours"]}');

create temporary table dry as
    select pg_temp.import(f.content, dry_run => true) as report from file as f where f.n = 2;
select is((pg_temp.task('a')).title, 'A', 'a dry run changes nothing');
create temporary table done as
    select pg_temp.import(f.content) as report from file as f where f.n = 2;
select is(d.report - array['dry_run'], o.report - array['dry_run'], 'and tells what is done')
  from dry as d, done as o;
select is(
    (select d.report -> 'merged' from done as d),
    '{"created": 1, "changed": 3, "archived": 1, "kept": 1}'::jsonb,
    'what a merge did is counted');
select results_eq(
    $$ select t.title, t.priority::integer, t.tags from pg_temp.task('a') as t $$,
    $$ values ('A2', 10, array['x', 'ours', 'theirs']) $$,
    'what changed there comes in, what changed here stays, sets have both');
select is((pg_temp.task('a')).metadata -> 'imported' -> 'extra', '[1.0]'::jsonb,
          'unknown keys come too');
select is((pg_temp.task('c')).status::text, 'in_progress', 'a status moves');
select is(
    (select c.data from docket.get_context(pg_temp.id('c'), 'notes') as c),
    '{"notes": "said"}'::jsonb, 'what is said comes in');
select is(
    pg_temp.edges(), '{b c,b n,n c}',
    'dependencies come and go, also one that named an issue before it was there');
select is((pg_temp.task('a')).parent_task_id, null::uuid, 'a subtask outlives its parent');
select is_empty('select from pg_temp.task(''e'') as t where t.task_id is not null',
                'what is gone from the file is put away');
select ok(
    pg_temp.export() like '%{"id":"a","title":"A2","extra":[1.0],"status":"open","priority":0,"updated\_at":'
                          '"2026-11-22T12:00:00Z","labels":["x","ours","theirs"],"dependencies":[{"issue\_id"'
                          ':"a","depends\_on\_id":"e","type":"parent-child"}]}%',
    'the export has both');
select is(
    split_part(pg_temp.export(), e'\n', 3), split_part(f.content, e'\n', 3),
    'and what only the file changed as it is there')
  from file as f where f.n = 2;
select is(
    (select pg_temp.import(f.content) -> 'unchanged' from file as f where f.n = 2),
    'true'::jsonb, 'the same file again is no change');

-- The export comes back: what was ours is theirs too.
insert into file select 3, pg_temp.export();
select is(
    (select pg_temp.import(f.content) -> 'merged' from file as f where f.n = 3),
    '{"created": 0, "changed": 0, "archived": 0, "kept": 0}'::jsonb,
    'an export that comes back changes nothing');
select is(pg_temp.export(), f.content, 'nor is it changed by that') from file as f where f.n = 3;

-- Both changed the same.
select docket.update_task(pg_temp.id('b'), '{"title": "here", "description": "here"}');
insert into file
select 4, replace(f.content, '"title":"B"', '"title":"there"') from file as f where f.n = 3;
select throws_ok(
    $$ select pg_temp.import(f.content) from file as f where f.n = 4 $$,
    'PD409', 'f and the tasks made of it were both changed in 1 places', 'is a conflict');
select is((pg_temp.task('b')).title, 'here', 'which changes nothing');
select is(
    (select pg_temp.import(f.content, dry_run => true) -> 'conflicts' from file as f where f.n = 4),
    '[{"identity": "b", "field": "title", "base": "B", "theirs": "there", "ours": "here"}]'::jsonb,
    'a dry run lists it');
select throws_ok(
    $$ select pg_temp.import(f.content, '{"*": "both"}') from file as f where f.n = 4 $$,
    'PD422', null, 'somebody''s side is ours or theirs');
select isnt_empty(
    $$ select pg_temp.import(f.content, '{"b": {"title": "theirs"}}')
         from file as f where f.n = 4 $$,
    'it is decided');
select results_eq(
    $$ select t.title, t.description from pg_temp.task('b') as t $$,
    $$ values ('there', 'here') $$, 'as somebody said, and the rest stays');

-- Gone there, changed here; gone here, changed there.
insert into file
select 5, regexp_replace(f.content, '\{"id":"b".*?\n', '') from file as f where f.n = 4;
select throws_ok(
    $$ select pg_temp.import(f.content) from file as f where f.n = 5 $$,
    'PD409', null, 'a task that was changed here is not put away silently');
select isnt_empty(
    $$ select pg_temp.import(f.content, '{"*": "ours"}') from file as f where f.n = 5 $$,
    'ours keeps it');
select ok(pg_temp.export() like '%{"id":"b","title":"there"%', 'and it is written again');
select docket.delete_task(pg_temp.id('n'));
insert into file
select 6, f.content || e'{"_type":"memory","key":"k","value":"v"}\n' from file as f where f.n = 5;
select isnt_empty(
    $$ select pg_temp.import(f.content) from file as f where f.n = 6 $$,
    'what was put away here');
select is_empty('select from pg_temp.task(''n'') as t where t.task_id is not null', 'stays so');

-- A turned dependency is no cycle; one that closes a cycle with what is here is kept in the file.
insert into file
select 7, replace(f.content,
              '"title":"C"',
              '"title":"C","dependencies":[{"issue_id":"c","depends_on_id":"a","type":"blocks"}]')
  from file as f where f.n = 6;
select docket.add_dependency(pg_temp.id('a'), pg_temp.id('c'));
select is(
    (select pg_temp.import(f.content) -> 'counts' ->> 'cyclic_dependency'
       from file as f where f.n = 7),
    '1', 'what would close a cycle with what is here is named');
select ok(
    pg_temp.export() like '%{"issue\_id":"c","depends\_on\_id":"a","type":"blocks"}%',
    'and stays in the file');
select docket.import_tasks_json('beads', 'g', convert_to('{"tasks": []}', 'UTF8'));
select throws_ok(
    $$ select docket.import_beads('beads', 'g', '') $$,
    'PD409', 'g was imported before, and was no file of beads', 'a source is of one kind');

select * from finish();
rollback;
