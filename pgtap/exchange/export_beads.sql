-- A file of beads is given back byte for byte, but for the lines of what was changed here.

begin;
select plan(24);

select docket_test.at('2026-11-22 12:00:00Z');

create function pg_temp.import(content text) returns uuid
language sql as $$
    select (docket.import_beads(
                'p-' || md5($1), 'f', convert_to($1, 'UTF8')) ->> 'project_id')::uuid;
$$;

create function pg_temp.export(project_id uuid) returns text
language sql as $$
    select convert_from(docket.export_beads($1), 'UTF8');
$$;

-- Nothing changed: every oddity comes back.
create temporary table odd (n serial, content text);
insert into odd (content)
values ('{"id":"a","title":"A","x":1.0e5,"x":2}' || e'\n'
        || '  {"id" : "b",  "title": "B"} ' || e'\r\n\n\n'
        || '{"_type":"memory","key":"k","value":"v"}' || e'\n'),
       ('{"id":"a","title":"no final newline"}'),
       (''),
       (e'\n'),
       ('{"id":"a","title":"z\u0000\ud800","notes":"\u0000\u0001","labels":["x","x",7,""]}' || e'\n'),
       ('{"id":"a","title":"","priority":160,"status":"odd","dependencies":[7,{"type":"tracks"},'
        || '{"depends_on_id":"a","type":"blocks"},{"depends_on_id":"b","type":"blocks"}]}' || e'\n'
        || '{"id":"a","title":"again","updated_at":"2026-01-01T00:00:00Z"}' || e'\n'
        || '{"id":"a","status":"tombstone"}' || e'\n'
        || '{"id":"c","title":"C","dependencies":[{"depends_on_id":"d","type":"parent-child"}]}'
        || e'\n'
        || '{"id":"d","title":"D","estimated_minutes":7,"due_at":"2026-01-01T00:00:00.123456789+01:00",'
        || '"dependencies":[{"depends_on_id":"c","type":"parent-child"}]}' || e'\n'),
       (repeat(
           '{"id":"' || repeat('x', 300) || '","title":"' || repeat('y', 600) || '"}' || e'\n',
           2)),
       (chr(65279) || '{"id":"a","title":"A"}' || e'\n');

create temporary table given as
    select o.n, o.content, pg_temp.import(o.content) as project_id from odd as o;
select is(pg_temp.export(g.project_id), g.content, format('file %s comes back', g.n))
  from given as g
 order by g.n;

-- One change is one line, with its keys in their order.
create temporary table made as
    select pg_temp.import(
        '{"id":"a","zeta":{"b":1,"a":[1.0]},"title":"A","status":"open","priority":1,'
        || '"description":"<b>","updated_at":"2026-01-01T00:00:00Z"}' || e'\n'
        || '{"id":"b","title":"B \u003cb\u003e","status":"closed","closed_at":"2026-01-01T00:00:00Z",'
        || '"close_reason":"done","dependencies":[{"issue_id":"b", "depends_on_id":"a", "type":"blocks",'
        || ' "thread_id":"t"},{"issue_id":"b","depends_on_id":"gone","type":"blocks"}]}' || e'\n')
        as project_id;

create function pg_temp.line(n integer) returns text
language sql as $$
    select split_part(pg_temp.export(m.project_id), e'\n', $1) from made as m;
$$;

create function pg_temp.id(key text) returns uuid
language sql as 'select docket.task_id(m.project_id, $1) from made as m';

select docket.update_task(pg_temp.id('a'), '{"title": "A & <x>", "description": null}');
select is(
    pg_temp.line(1),
    '{"id":"a","zeta":{"b":1,"a":[1.0]},"title":"A \u0026 \u003cx\u003e","status":"open","priority":1,'
    || '"updated_at":"2026-11-22T12:00:00Z"}',
    'a changed line keeps its keys where they are, and escapes as the file does');
select ok(pg_temp.line(2) like '%"B \\u003cb\\u003e"%"thread_id":"t"%', 'the other stays as it is');
select is(pg_temp.line(3), '', 'and none is added');

select docket.update_task_status(pg_temp.id('b'), 'pending');
select ok(
    pg_temp.line(2) like '%"status":"open"%' and pg_temp.line(2) not like '%close%',
    'what is open again has no time at which it was closed');
select docket.add_dependency(pg_temp.id('a'), pg_temp.id('b'), 'discovered_from');
select docket.remove_dependency(pg_temp.id('b'), pg_temp.id('a'));
select ok(
    pg_temp.line(2) like '%"dependencies":[{"issue\_id":"b","depends\_on\_id":"gone","type":"blocks"}]}',
    'a dependency that was removed here goes; one that never could be stored stays');
select is(
    (pg_temp.line(1)::json -> 'dependencies' -> 0)::text,
    '{"issue_id":"a","depends_on_id":"b","type":"discovered-from",'
    || '"created_at":"2026-11-22T12:00:00Z","created_by":"' || docket.principal() || '"}',
    'one that was added comes as beads would write it');
select docket.update_task(pg_temp.id('a'), '{"tags": ["x", "y"], "priority": 1, "assigned_to": "ann"}');
select ok(
    pg_temp.line(1) like '%"priority":4,"assignee":"ann","updated\_at":%,"labels":["x","y"],"dep%',
    'new keys come after those that beads writes before them');
select docket.update_task_status(pg_temp.id('a'), 'cancelled');
select is(
    pg_temp.line(1)::json ->> 'closed_at', null,
    'what was given up is closed without a time');
select docket.update_task_status(pg_temp.id('a'), 'pending');
select docket.update_task(pg_temp.id('b'), jsonb_build_object('parent_task_id', pg_temp.id('a')));
select ok(pg_temp.line(2) like '%"depends\_on\_id":"a","type":"parent-child"%',
          'a parent is a dependency');

select docket.create_task(m.project_id, 'Made here', task_key => 'new') from made as m;
select ok(
    pg_temp.line(3) like '{"id":"new","title":"Made here","status":"open","priority":2,"issue\_type":"task",%',
    'what was made here comes last, as the others are written');
select docket.delete_task(pg_temp.id('new'));
select is(pg_temp.line(3), '', 'and goes when it is put away');
select docket.delete_task(pg_temp.id('b'));
select is(
    pg_temp.export(m.project_id), pg_temp.line(1) || e'\n',
    'as does the line of an issue')
  from made as m;

-- Other writers.
create temporary table spaced as
    select pg_temp.import('{"id": "a", "title": "A", "labels": ["\u00e9", "x"]}' || e'\r\n') as project_id;
select docket.update_task(docket.task_id(s.project_id, 'a'), '{"tags": ["é", "😀<"]}')
  from spaced as s;
select is(
    pg_temp.export(s.project_id),
    '{"id": "a", "title": "A", "updated_at": "2026-11-22T12:00:00Z", "labels": ["\u00e9", "\ud83d\ude00<"]}'
    || e'\r\n',
    'spaces, line ends and ASCII stay as the writer has them')
  from spaced as s;

-- A project that never saw beads.
select docket_test.project();
select docket.create_task(docket_test.project_id(), 'One', task_key => 'one');
select docket.create_task(
           docket_test.project_id(), 'Two <2>', task_key => 'two', priority => 'critical',
           depends_on => array[docket_test.id('one')]);
select is(
    pg_temp.export(docket_test.project_id()),
    '{"_type":"issue","id":"two","title":"Two \u003c2\u003e","status":"open","priority":0,'
    || '"issue_type":"task","created_at":"2026-11-22T12:00:00Z","created_by":"' || docket.principal()
    || '","updated_at":"2026-11-22T12:00:00Z","dependencies":[{"issue_id":"two","depends_on_id":"one",'
    || '"type":"blocks","created_at":"2026-11-22T12:00:00Z","created_by":"' || docket.principal()
    || e'"}]}\n'
    || '{"_type":"issue","id":"one","title":"One","status":"open","priority":2,'
    || '"issue_type":"task","created_at":"2026-11-22T12:00:00Z","created_by":"' || docket.principal()
    || '","updated_at":"2026-11-22T12:00:00Z"}' || e'\n',
    'is written as beads would write it');
create temporary table twin as
    select pg_temp.import(pg_temp.export(docket_test.project_id())) as project_id;
select results_eq(
    $$ select t.task_key, t.title, t.status::text, t.priority::integer,
              array(select o.task_key
                      from docket.task_dependencies as d
                      join docket.tasks as o on o.task_id = d.depends_on_id
                     where d.task_id = t.task_id)
         from docket.tasks as t
         join twin as w on w.project_id = t.project_id
        order by t.task_key $$,
    $$ values ('one', 'One', 'pending', 5, '{}'::text[]),
              ('two', 'Two <2>', 'pending', 10, '{one}') $$,
    'and comes back as the same tasks');
select throws_ok(
    $$ select docket.export_beads(docket_test.project_id(), 'none') $$,
    'PD404', 'no file of beads was imported as none', 'a file that was not imported is not there');

select * from finish();
rollback;
