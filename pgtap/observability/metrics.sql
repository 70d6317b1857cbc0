-- Metrics are told once, series once for each set of labels; samples are narrow and by the month.

begin;
select plan(23);

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');

select is('By/s'::docket.metric_unit::text, 'By/s', 'bytes in a second');
select lives_ok(format('select %L::docket.metric_unit', u.unit), u.unit || ' is a unit')
  from unnest(array['1', '%', 'ms', 'KiBy', '{task}/h', 'm/s2', '10*3', '/min', 'Cel']) as u (unit);
select throws_ok(
    format('select %L::docket.metric_unit', u.unit), '23514', null, u.unit || ' is none')
  from unnest(array['', 'seconds', 'MB per s', 'ms/', '{task']) as u (unit);

select ok(docket_private.is_labels('{"host": "a"}'), 'labels are texts');
select ok(not docket_private.is_labels(l.labels), 'no labels: ' || left(l.labels::text, 30))
  from (values ('{"host": 1}'::jsonb), ('[]'), ('{"a-b": "x"}'), ('{"le": "1"}')) as l (labels);

select is(
    (select array_agg(c.relname::text order by c.relname)
       from pg_class as c
       join pg_inherits as i on i.inhrelid = c.oid
      where i.inhparent = 'docket.metrics'::regclass
        and c.relname like '%default'),
    array['metrics_default'], 'samples are partitioned by time');
select is(
    (select a.amname::text
       from pg_class as c
       join pg_am as a on a.oid = c.relam
      where c.oid = 'docket.metrics_time_idx'::regclass),
    'brin', 'with an index over time that takes next to nothing');

-- What refers to a series is kept by statements.
select docket.record_metrics(
    docket_test.project_id(), '[{"name": "a", "value": 1}, {"name": "b", "value": 2}]');
delete from docket.metric_definitions where name = 'a';
select results_eq(
    'select m.name, m.value from docket.system_metrics as m',
    $$ values ('b', 2::numeric) $$, 'with a metric go its series and their samples');

select * from finish();
rollback;
