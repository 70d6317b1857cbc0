-- A metric over time: each kind by its own rule, the same from rollups as from samples.

begin;
select plan(27);

select docket_test.at('2026-01-10 12:00+00');
select docket_test.project('one');

create function pg_temp.sample(name text, kind text, at text, value numeric, host text default 'a')
returns void
language sql
as $$
    select docket.record_metric(
               docket_test.project_id(), sample.name, sample.value, kind => sample.kind,
               labels => jsonb_build_object('host', sample.host),
               recorded_at => ('2026-01-10 ' || sample.at || '+00')::timestamptz);
$$;
create function pg_temp.series(
    name text, aggregate text default null, bucket interval default '1 hour',
    labels jsonb default '{}', group_by text[] default '{}')
returns table (at text, host text, value numeric)
language sql
as $$
    select to_char(s.bucket_at at time zone 'UTC', 'HH24:MI'), s.group_labels ->> 'host',
           trim_scale(round(s.value, 6))
      from docket.metric_series(
               docket_test.project_id(), series.name, series.labels, series.bucket,
               series.aggregate, '2026-01-10 09:00+00', '2026-01-10 12:00+00',
               series.group_by) as s
     order by 1, 2;
$$;

-- A counter that begins anew.
select pg_temp.sample('served', 'counter', c.at, c.value)
  from (values ('08:50', 100), ('09:10', 130), ('09:50', 190), ('10:05', 20), ('10:50', 80),
               ('11:30', 90)) as c (at, value);
-- The first call of a session.
select is(
    (select count(*) from pg_temp.series('served', 'last', '10 seconds')), 5::bigint,
    'buckets of less than a minute are made of samples');
select results_eq(
    $$ select s.at, s.value from pg_temp.series('served', 'increase') as s $$,
    $$ values ('09:00', 90::numeric), ('10:00', 80), ('11:00', 10) $$,
    'a counter grows from what it was before, over what it begins anew from');
select results_eq(
    $$ select s.at, s.value from pg_temp.series('served') as s $$,
    $$ values ('09:00', 0.025), ('10:00', 0.022222), ('11:00', 0.002778) $$,
    'unasked it is told by its rate, in a second');

-- A gauge of two.
select pg_temp.sample('depth', 'gauge', g.at, g.value, g.host)
  from (values ('09:10', 4, 'a'), ('09:20', 8, 'a'), ('09:30', 30, 'b'), ('11:10', 1, 'b'))
       as g (at, value, host);
select results_eq(
    format($$ select s.at, s.value from pg_temp.series('depth', %L) as s $$, a.aggregate),
    format($$ values ('09:00', %s::numeric), ('11:00', 1) $$, a.value),
    'of a gauge ' || a.aggregate)
  from (values ('avg', 14), ('min', 4), ('max', 30), ('last', 30), ('sum', 42), ('p50', 7.924974))
       as a (aggregate, value);
select results_eq(
    $$ select * from pg_temp.series('depth', group_by => '{host}') $$,
    $$ values ('09:00', 'a', 6::numeric), ('09:00', 'b', 30), ('11:00', 'b', 1) $$,
    'series are told apart by their labels');
select results_eq(
    $$ select s.at, s.value from pg_temp.series('depth', labels => '{"host": "a"}') as s $$,
    $$ values ('09:00', 6::numeric) $$, 'or chosen by them');

-- Observations.
select pg_temp.sample('took', 'timer', to_char(time '09:00' + make_interval(secs => n * 30),
                      'HH24:MI:SS'), n)
  from generate_series(1, 100) as n;
select pg_temp.sample('size', 'summary', '09:00', n) from generate_series(1, 3) as n;
select ok(s.value between 94 * 0.98 and 96 * 1.02, 'a timer is told by its 95th percentile')
  from pg_temp.series('took') as s;
select results_eq(
    $$ select s.value from pg_temp.series('size') as s $$, 'values (2::numeric)',
    'a summary by what comes of count and sum');

-- The same from rollups, once the samples are rolled up.
create temporary table asked as
select m.name, a.aggregate, b.bucket
  from (values ('served', '{increase,rate,count,last}'::text[]),
               ('depth', '{avg,sum,min,max,last,count,p90}'), ('took', '{p50,p95,p99.9,sum}'),
               ('size', '{avg,p50}')) as m (name, aggregates)
 cross join unnest(m.aggregates) as a (aggregate)
 cross join unnest('{1 minute,5 minutes,1 hour,90 minutes,1 day}'::interval[]) as b (bucket);
create function pg_temp.answers() returns table (
    name text, aggregate text, bucket interval, bucket_at timestamptz, value numeric, n bigint,
    read_from text)
language sql
as $$
    select a.name, a.aggregate, a.bucket, s.bucket_at, s.value, s.sample_count, s.read_from
      from asked as a
     cross join lateral docket.metric_series(
               docket_test.project_id(), a.name, '{}', a.bucket, a.aggregate,
               '2026-01-10 09:00+00', '2026-01-10 12:00+00') as s
$$;
create temporary table from_samples as
select * from pg_temp.answers();
select docket.maintain('{metrics}');
update docket.metrics set transaction_id = '3';
create temporary table from_rollups as
select * from pg_temp.answers();
select is_empty(
    $$ select f.name, f.aggregate, f.bucket, f.bucket_at, f.value, f.n from from_rollups as f
       except
       select f.name, f.aggregate, f.bucket, f.bucket_at, f.value, f.n from from_samples as f $$,
    'rollups say what the samples say');
select is(
    (select count(*) from from_rollups), (select count(*) from from_samples), 'and all of it');
select results_eq(
    $$ select distinct f.bucket::text, f.read_from
         from from_rollups as f
        where f.name in ('served', 'took')
        order by 1 $$,
    $$ values ('00:01:00', 'minute'), ('00:05:00', 'minute'), ('01:00:00', 'hour'),
              ('01:30:00', 'minute'), ('1 day', 'day') $$,
    'the coarsest that does is read');
select is(
    (select string_agg(distinct f.read_from, ',')
       from from_rollups as f
      where f.name in ('depth', 'size') and f.aggregate like 'p%'),
    'raw', 'quantiles of what has no sketch come from the samples');

-- A sample that came since is seen at once.
select pg_temp.sample('depth', 'gauge', '09:40', 100);
select results_eq(
    $$ select s.value, s.sample_count, s.read_from
         from docket.metric_series(
                  docket_test.project_id(), 'depth', bucket => '1 hour', aggregate => 'max',
                  since => '2026-01-10 09:00+00', until => '2026-01-10 12:00+00') as s $$,
    $$ values (100::numeric, 4::bigint, 'hour, raw'), (1, 1, 'hour') $$,
    'where samples have come since the rollup, they are read themselves');

-- What there is.
select results_eq(
    $$ select m.name, m.kind::text, m.series_count, m.label_names
         from docket.list_metrics(docket_test.project_id(), page_size => 2) as m $$,
    $$ values ('depth', 'gauge', 2::bigint, '{host}'::text[]),
              ('served', 'counter', 1, '{host}') $$,
    'metrics are listed by name');
select results_eq(
    $$ select m.name
         from docket.list_metrics(docket_test.project_id(), labels => '{"host": "b"}') as m $$,
    $$ values ('depth') $$, 'and found by labels');

-- Refused.
select throws_ok(
    format('select docket.metric_series(%L, %s)', docket_test.project_id(), r.given), r.code, null,
    r.given)
  from (values
           ($$'none'$$, 'PD404'), ($$'served', aggregate => 'avg'$$, 'PD422'),
           ($$'depth', aggregate => 'rate'$$, 'PD422'),
           ($$'depth', bucket => '1 month'$$, 'PD422'), ($$'depth', bucket => '0'$$, 'PD422'),
           ($$'depth', bucket => '1 second', since => '2026-01-01'$$, 'PD422'),
           ($$'depth', until => 'infinity'$$, 'PD422')
       ) as r (given, code);

select * from finish();
rollback;
