-- Lists of tasks come from GitHub, Linear, Markdown and CSV, and what goes out comes back.

begin;
select plan(18);

select docket_test.at('2026-11-22 12:00:00Z');

create function pg_temp.import(slug text, format text, content text, mapping jsonb default '{}')
returns jsonb
language sql as $$
    select docket.import_list($1, $1 || '.' || $2, convert_to($3, 'UTF8'), $2, $4);
$$;

create function pg_temp.tasks(slug text) returns setof jsonb
language sql as $$
    select jsonb_strip_nulls(jsonb_build_object(
               'key', t.task_key, 'title', t.title, 'description', t.description,
               'status', t.status, 'priority', t.priority, 'assignee', t.assigned_to,
               'tags', t.tags, 'due', t.due_at, 'parent', p.task_key,
               'depends_on', array(
                   select o.task_key
                     from docket.task_dependencies as d
                     join docket.tasks as o on o.task_id = d.depends_on_id
                    where d.task_id = t.task_id
                    order by o.task_key)))
      from docket.tasks as t
      join docket.projects as s on s.project_id = t.project_id
      left join docket.tasks as p on p.task_id = t.parent_task_id
     where s.slug = $1
     order by t.task_key;
$$;

select docket_test.project('shop');
select docket.create_task(
           docket_test.project_id(), 'Epic', task_key => 'E', status => 'in_progress');
select docket.create_task(
           docket_test.project_id(), 'Say "hello", & <b> - [x]', e'Two\nlines, "quoted" --> end',
           task_key => 'e-1', priority => '7', assigned_to => 'ann', tags => '{a,b}',
           parent_task_id => docket_test.id('E'), due_at => '2026-12-01T10:00:00Z');
select docket.create_task(
           docket_test.project_id(), 'Wait; for: it', task_key => 'w', status => 'cancelled',
           depends_on => array[docket_test.id('e-1')]);
select docket.create_task(docket_test.project_id(), 'Deep', task_key => 'd', status => 'review',
                          parent_task_id => docket_test.id('e-1'));

create temporary table gone as
    select f.format, docket.export_list(docket_test.project_id(), f.format) as content
      from unnest(array['github', 'linear', 'markdown', 'csv', 'gantt']) as f (format);
create temporary table back as
    select g.format, pg_temp.import('from-' || g.format, g.format, g.content) as report
      from gone as g where g.format <> 'gantt';

select set_eq(
    format('select pg_temp.tasks(%L)', 'from-' || f.format),
    $$ select pg_temp.tasks('shop') $$,
    f.format || ' brings the same tasks and dependencies back')
  from unnest(array['github', 'markdown', 'csv']) as f (format);
select set_eq(
    $$ select t - array['priority', 'status', 'due'] from pg_temp.tasks('from-linear') as t $$,
    $$ select t - array['priority', 'status', 'due'] from pg_temp.tasks('shop') as t $$,
    'linear brings back all but what it knows less exactly');
select results_eq(
    $$ select t ->> 'key', t ->> 'status', t ->> 'priority'
         from pg_temp.tasks('from-linear') as t $$,
    $$ values ('E', 'in_progress', '5'), ('d', 'in_progress', '5'), ('e-1', 'pending', '8'),
              ('w', 'cancelled', '5') $$,
    'which is the nearest that it has');
select is(
    (select g.content from gone as g where g.format = 'gantt'),
    e'gantt\n    dateFormat YYYY-MM-DD\n    title Shop\n    section Tasks\n'
    || e'    Epic :active, t1, 2026-11-22, 1d\n'
    || e'    Say "hello" & <b> - [x] :t2, 2026-11-22, 1d\n'
    || e'    Wait for it :t3, after t2, 1d\n'
    || e'    Deep :active, t4, 2026-11-22, 1d\n',
    'a chart has what Mermaid can draw');
select is(
    (select g.content from gone as g where g.format = 'markdown'),
    e'- [/] Epic <!-- {"key": "E", "priority": 5} -->\n'
    || e'  - [ ] Say "hello", & <b> - [x] <!-- {"due": "2026-12-01T10:00:00Z", "key": "e-1",'
    || e' "labels": ["a", "b"], "assignee": "ann", "priority": 7, "description": "Two\\nlines,'
    || e' \\"quoted\\" --\\u003e end"} -->\n'
    || e'    - [ ] Deep <!-- {"key": "d", "status": "review", "priority": 5} -->\n'
    || e'- [-] Wait; for: it <!-- {"key": "w", "after": ["e-1"], "priority": 5} -->\n',
    'a checklist has its parts below');

-- What others write.
create temporary table gh as
    select pg_temp.import('gh', 'github', '[
    {"number": 1, "title": "One", "body": "text", "state": "OPEN", "labels": ["bug"],
     "sub_issues": [{"number": 2}], "milestone": {"title": "v1", "due_on": "2027-01-01T00:00:00Z"}},
    {"number": 2, "title": "Two", "state": "closed", "state_reason": "not_planned",
     "assignees": [{"login": "ann"}], "blocked_by": [3, 99], "url": "u"},
    {"number": 3, "title": "Three", "state": "closed", "closed_at": "2026-01-01T00:00:00Z"}]')
        as report;
select set_eq(
    $$ select pg_temp.tasks('gh') $$,
    $$ values ('{"key": "1", "title": "One", "description": "text", "status": "pending",
                 "priority": 5, "tags": ["bug"], "due": "2027-01-01T00:00:00+00:00",
                 "depends_on": []}'::jsonb),
              ('{"key": "2", "title": "Two", "status": "cancelled", "priority": 5, "tags": [],
                 "assignee": "ann", "parent": "1", "depends_on": ["3"]}'),
              ('{"key": "3", "title": "Three", "status": "completed", "priority": 5, "tags": [],
                 "depends_on": []}') $$,
    'GitHub''s issues become tasks');
select is((select g.report -> 'counts' from gh as g), '{"dangling_dependency": 1}'::jsonb,
          'with a report');
select is((select g.report ->> 'shape' from gh as g), 'github', 'that says what it was');

select pg_temp.import('li', 'linear', '{"data": {"issues": {"nodes": [
    {"identifier": "ENG-1", "title": "One", "priority": 1, "state": {"type": "backlog"},
     "relations": {"nodes": [{"type": "blocks", "relatedIssue": {"identifier": "ENG-2"}}]}},
    {"identifier": "ENG-2", "title": "Two", "priority": 0, "state": {"type": "started"},
     "parent": {"identifier": "ENG-1"}, "labels": {"nodes": [{"name": "x"}]}},
    {"identifier": "ENG-3", "title": "Three", "priority": 4, "state": {"type": "duplicate"},
     "relations": {"nodes": [{"type": "blocks", "relatedIssue": {"identifier": "ENG-1"}}]}}]}}}');
select set_eq(
    $$ select t - array['depends_on', 'tags', 'title'] from pg_temp.tasks('li') as t $$,
    $$ values ('{"key": "ENG-1", "status": "pending", "priority": 10}'::jsonb),
              ('{"key": "ENG-2", "status": "in_progress", "priority": 5, "parent": "ENG-1"}'),
              ('{"key": "ENG-3", "status": "cancelled", "priority": 3}') $$,
    'Linear''s issues become tasks');
select is(
    (select t -> 'depends_on' from pg_temp.tasks('li') as t where t ->> 'key' = 'ENG-1'),
    '["ENG-3"]'::jsonb, 'with what blocks them');

select pg_temp.import(
           'md', 'markdown',
           e'# Plan\n\n- [ ] One\n  * [X] Half\n  * [ ] Rest\n1. [/] Two\r\n'
           || e'\t- [-] Gone\n- no item\n');
select set_eq(
    $$ select t - array['depends_on', 'tags', 'priority'] from pg_temp.tasks('md') as t $$,
    $$ values ('{"key": "1", "title": "One", "status": "pending"}'::jsonb),
              ('{"key": "1.1", "title": "Half", "status": "completed", "parent": "1"}'),
              ('{"key": "1.2", "title": "Rest", "status": "pending", "parent": "1"}'),
              ('{"key": "2", "title": "Two", "status": "in_progress"}'),
              ('{"key": "2.1", "title": "Gone", "status": "cancelled", "parent": "2"}') $$,
    'a checklist becomes tasks');

create temporary table sheet as
    select e'Ref,Summary,State,Priority,"Blocked by"\r\nA,"a ""b"", c\nd",Done,high,\r\n\r\n'
           || e'B,two,odd,,"A, C"\r\n' as content;
select pg_temp.import('cs', 'csv', s.content, '{"key": "Ref"}') from sheet as s;
select set_eq(
    $$ select t - array['tags'] from pg_temp.tasks('cs') as t $$,
    $$ values (E'{"key": "A", "title": "a \\"b\\", c\\nd", "status": "completed", "priority": 8,
                  "depends_on": []}'::jsonb),
              ('{"key": "B", "title": "two", "status": "pending", "priority": 5,
                 "depends_on": ["A"]}') $$,
    'CSV becomes tasks, by its headings or a mapping');
select is(
    (select pg_temp.import('cs', 'csv', s.content) -> 'unchanged' from sheet as s),
    'true'::jsonb, 'the same again changes nothing');

select throws_ok(
    $$ select pg_temp.import('x', 'github', '{"a": 1}') $$,
    'PD422', 'x.github, line 1, column 1: this is no list of tasks in the format github',
    'what is no list is refused');
select throws_ok(
    $$ select docket.export_list(docket_test.project_id(), 'xml') $$,
    'PD422', '''xml'' is no format of lists', 'and so is a format that nobody knows');
select throws_ok(
    $$ select docket.import_list(
           'x', 'x.csv', 'Summary', 'csv', mapping => '{"heading": "Summary"}') $$,
    'PD422', 'mapping does not say which column is which field: {"heading": "Summary"}',
    'and a mapping to a field that there is not');

select * from finish();
rollback;
