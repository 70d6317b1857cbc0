-- openmetrics() is a text that collectors read: each family once, each sample with its labels.

begin;
select plan(6);

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task');
select docket.record_metrics(
    docket_test.project_id(),
    '[{"name": "depth", "value": 2.50, "labels": {"host": "a\"b\\c\nd"}, "description": "How deep"},
      {"name": "old", "value": 1, "recorded_at": "2026-01-10T07:00:00Z"}]');

create temporary table lines as
select t.line, t.ordinality
  from string_to_table(docket.openmetrics(), e'\n') with ordinality as t (line, ordinality);

select is(right(docket.openmetrics(), 6), e'# EOF\n', 'it ends in # EOF');
select is_empty(
    $$ select l.line from lines as l where l.line like '# TYPE %'
        group by l.line having count(*) > 1 $$,
    'each family is there once');
select is(
    (select l.line from lines as l where l.line like '# HELP depth%'),
    '# HELP depth_gauge How deep (1)', 'with what it says and in what unit');
select is(
    (select l.line from lines as l where l.line like 'depth_gauge{%'),
    format(e'depth_gauge{host="a\\"b\\\\c\\nd",project="one",project_id="%s"} 2.5',
           docket_test.project_id()),
    'labels are written so that they are read as they were');
select is_empty(
    $$ select l.line from lines as l where l.line like 'old%' $$,
    'what is an hour old is not what is now');
select isnt_empty(
    $$ select l.line from lines as l
        where l.line like 'docket_tasks{project="one",%status="pending"} 1' $$,
    'tasks are counted');

select * from finish();
rollback;
