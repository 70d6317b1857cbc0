-- Rollups say what their samples come to, however late these are; a sketch's quantiles are near.

begin;
select plan(18);

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');

-- The promise of the sketch, for distributions of every shape.
select setseed(0.42);
create temporary table drawn as
  with dice as (
      select random() as u, random() as v
        from generate_series(1, 4000)
  )
select d.name, round(d.value::numeric, 20) as value
  from dice as r
 cross join lateral (
           values ('uniform', r.u * 1000),
                  ('exponential', -ln(1 - r.u) * 20),
                  ('normal, of both signs', sqrt(-2 * ln(1 - r.u)) * cos(2 * pi() * r.v) * 50),
                  ('lognormal', exp(sqrt(-2 * ln(1 - r.u)) * cos(2 * pi() * r.v) * 3)),
                  ('with a long tail', power(1 - r.u, -2)),
                  ('much of it zero', case when r.v < 0.6 then 0 else r.u * 3 end),
                  ('all negative', -1e-9 - r.u * 1e-6),
                  ('always the same', 42)
       ) as d (name, value);
create temporary table sketched as
  with counted as (
      select d.name, docket_private.sketch_key(d.value) as key, count(*) as n
        from drawn as d
       group by d.name, docket_private.sketch_key(d.value)
  )
select k.name, array_agg(k.key order by k.key) as keys, array_agg(k.n order by k.key) as counts
  from counted as k
 group by k.name;
select is_empty(
    format(
        $$ select q.q, e.value as exact, s.value as told
             from unnest('{0,0.01,0.1,0.5,0.9,0.95,0.99,0.999,1}'::numeric[]) as q (q)
            cross join lateral (
                      select d.value
                        from drawn as d
                       where d.name = %1$L
                       order by d.value
                      offset floor(q.q * 3999)
                       limit 1) as e
            cross join lateral (
                      select docket_private.sketch_quantile(k.keys, k.counts, q.q) as value
                        from sketched as k
                       where k.name = %1$L) as s
            where abs(s.value - e.value) > 0.02 * abs(e.value)
               or s.value is null $$,
        d.name),
    'quantiles within 2 %: ' || d.name)
  from (select distinct name from drawn order by name) as d;
select is(docket_private.sketch_quantile('{}', '{}', 0.5), null, 'of nothing there is none');
select is(docket_private.sketch_key(v.value), docket_private.sketch_key(v.value) * v.same,
    'tiny values are 0: ' || v.value)
  from (values (1e-31, 0), (-1e-31, 0), (0.0, 0)) as v (value, same);

-- Incrementally, and the same as at once.
create function pg_temp.roll() returns bigint
language sql
as $$ select m.done from docket.maintain('{metrics}') as m $$;
select docket.record_metrics(
    docket_test.project_id(),
    (select jsonb_agg(jsonb_build_object(
                'name', k.name, 'kind', k.kind, 'value', (n * 7919) % 1000,
                'recorded_at', docket.clock() - make_interval(secs => n * 97)))
       from generate_series(1, 300) as n
      cross join (values ('level', 'gauge'), ('grown', 'counter'), ('took', 'timer'))
            as k (name, kind)));
select is(pg_temp.roll(), 900::bigint, 'what has come is rolled up');
select results_eq(
    $$ select r.resolution::text, sum(r.sample_count)
         from docket.metric_rollups as r
        group by r.resolution
        order by 1 $$,
    $$ values ('day', 900::numeric), ('hour', 900), ('minute', 900) $$,
    'at each resolution all of it');
create temporary table first_time as
select r.* from docket.metric_rollups as r;
select pg_temp.roll();
select is_empty(
    'select * from docket.metric_rollups except select * from first_time',
    'once more changes nothing');

-- What is made of minutes and hours is what the samples say.
select is_empty(
    $$ select r.series_id, r.bucket_at
         from docket.metric_rollups as r
        cross join lateral (
                  select count(*) as n, sum(m.value) as total, min(m.value) as lowest,
                         max(m.value) as highest,
                         (array_agg(m.value order by m.recorded_at))[1] as first_value,
                         (array_agg(m.value order by m.recorded_at desc))[1] as last_value,
                         sum(case when m.value >= m.previous then m.value - m.previous
                                  when m.previous is not null then m.value
                                  else 0 end) as increase
                    from (
                        select n.*, lag(n.value) over (order by n.recorded_at) as previous
                          from docket.metrics as n
                         where n.series_id = r.series_id
                           and date_trunc('day', n.recorded_at, 'UTC') = r.bucket_at) as m) as m
         join docket.metric_series as s using (series_id)
        where r.resolution = 'day'
          and (r.sample_count, r.total, r.lowest, r.highest, r.first_value, r.last_value,
               coalesce(r.increase, -1))
              is distinct from (
              m.n, m.total, m.lowest, m.highest, m.first_value, m.last_value,
              case when s.name = 'grown' then m.increase else -1 end) $$,
    'a day of hours of minutes is the day of its samples');
select ok(
    (select bool_and((r.sketch_keys is null) = (s.name <> 'took'))
       from docket.metric_rollups as r
       join docket.metric_series as s using (series_id)),
    'sketches are kept of what is asked for by quantiles');

-- Late.
select docket.record_metric(
    docket_test.project_id(), 'level', 5000, recorded_at => docket.clock() - interval '5 hours');
select pg_temp.roll();
select results_eq(
    $$ select r.resolution::text, r.highest
         from docket.metric_rollups as r
        where r.highest = 5000
        order by 1 $$,
    $$ values ('day', 5000::numeric), ('hour', 5000), ('minute', 5000) $$,
    'a late sample is in each rollup of its time');

select * from finish();
rollback;
