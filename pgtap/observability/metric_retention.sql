-- Samples and rollups go when their category keeps them no longer, and the journal says so.

begin;
select plan(14);

select docket_test.at('2026-01-10 12:00+00');
select docket_test.project('one');

select results_eq(
    $$ select r.raw, r.minute, r.hour, r.day
         from docket.set_metric_retention('Database', '2 days', '3 days', '5 days', null) as r $$,
    $$ values (interval '2 days', interval '3 days', interval '5 days', null::interval) $$,
    'each category has its own');
select is(
    (select p.retention from docket.partition_policies as p where p.table_name = 'metrics'),
    interval '30 days', 'whole months go when the last category keeps them no longer');
select throws_ok(
    $$ select docket.set_metric_retention('database', '4 days', '3 days', '5 days', null) $$,
    'PD422', null, 'samples are kept no longer than what is made of them');
select throws_ok(
    $$ select docket.set_metric_retention('database', '1 hour', '3 days', '5 days', null) $$,
    'PD422', null, 'a day is the least');
select throws_ok(
    $$ select docket.set_metric_retention('weather', '4 days', null, null, null) $$,
    'PD404', null, 'a category is one of five');
select isnt_empty(
    $$ select from docket.audit_log as l
        where l.table_name = 'metric_retention' and l.operation = 'update' $$,
    'a retention that changes is in the journal');

select docket_test.at('2026-01-01 12:00+00');
select docket.record_metrics(
    docket_test.project_id(),
    (select jsonb_agg(jsonb_build_object(
                'name', c.category, 'category', c.category, 'value', 1,
                'recorded_at', timestamptz '2026-01-01 06:00+00' + make_interval(hours => n)))
       from generate_series(0, 23) as n
      cross join unnest('{database,business}'::text[]) as c (category)));
select docket.maintain('{metrics}');

create function pg_temp.left_of(category text) returns table (what text, n bigint)
language sql
as $$
    select 'raw', count(*)
      from docket.system_metrics as m
     where m.category = left_of.category
     union all
    select r.resolution::text, count(*)
      from docket.metric_rollups as r
      join docket.metric_series as s using (series_id, project_id)
     where s.name = left_of.category
     group by r.resolution
$$;

-- What no rollup sees yet is not removed: here, all of this transaction.
select docket_test.at('2026-01-04 12:00+00');
select docket.maintain('{samples}');
select is(
    (select l.n from pg_temp.left_of('database') as l where l.what = 'raw'), 24::bigint,
    'samples stay until they are rolled up');
update docket.metrics set transaction_id = '3';
select is(
    (select m.done from docket.maintain('{samples}') as m), 18::bigint,
    'those of whole days before go');
select results_eq(
    $$ select * from pg_temp.left_of('database') order by 1 $$,
    $$ values ('day', 2::bigint), ('hour', 24), ('minute', 24), ('raw', 6) $$,
    'their rollups stay');
select is(
    (select l.n from pg_temp.left_of('business') as l where l.what = 'raw'), 24::bigint,
    'another category keeps its own');
select results_eq(
    $$ select l.row_key, l.old_values ->> 'raw'
         from docket.audit_log as l
        where l.table_name = 'metrics' and l.operation = 'drop' $$,
    $$ values ('database', '18') $$, 'the journal says what went');
select throws_ok(
    format($$ select docket.record_metric(
                  %L, 'database', 1, recorded_at => '2026-01-01 23:00+00') $$,
           docket_test.project_id()),
    'PD422', null, 'what would be the only sample left of its time is refused');

select docket_test.at('2026-01-20 12:00+00');
select docket.maintain('{samples}');
select results_eq(
    $$ select * from pg_temp.left_of('database') order by 1 $$,
    $$ values ('day', 2::bigint), ('raw', 0) $$, 'in time, only days are left');

select is(
    (select r.gone_until from docket.metric_retention as r where r.category = 'database'),
    '2026-01-18 00:00+00', 'until when samples are gone is known');

select * from finish();
rollback;
