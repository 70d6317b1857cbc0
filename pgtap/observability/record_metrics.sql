-- Samples come in one by one or as columns: what is new is made, what can not be meant is refused.

begin;
select plan(34);

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');

create function pg_temp.record(metrics jsonb) returns bigint
language sql
as $$ select docket.record_metrics(docket_test.project_id(), record.metrics) $$;

-- One.
create temporary table one as
select m.*
  from docket.record_metric(
           docket_test.project_id(), 'cpu', 0.5, unit => '1', component => 'api',
           labels => '{"host": "a"}', category => 'infrastructure') as m;
select results_eq(
    'select o.recorded_at, o.value from one as o',
    $$ values (docket.clock(), 0.5) $$, 'a sample is returned as it is stored');
select results_eq(
    $$ select s.category::text, s.component, s.name, s.kind::text, s.unit::text, s.value, s.labels
         from docket.system_metrics as s $$,
    $$ values ('infrastructure', 'api', 'cpu', 'gauge', '1', 0.5,
               '{"host": "a", "component": "api"}'::jsonb) $$,
    'with all that is known of it');
select results_eq(
    'select p.component, p.name, p.value, p.unit::text, p.recorded_at
       from docket.performance_metrics as p',
    $$ values ('api', 'cpu', 0.5, '1', docket.clock()) $$, 'it is one of a component');

-- Many.
select is(
    pg_temp.record('[{"name": "cpu", "value": 0.25, "component": "api", "labels": {"host": "a"}},
                     {"name": "cpu", "value": 0.75, "labels": {"host": "b"}},
                     {"name": "took", "value": 12, "kind": "timer",
                      "recorded_at": "2026-01-09T09:00:00Z"}]'),
    3::bigint, 'a batch says how many it recorded');
select is((select count(*) from docket.metric_series), 3::bigint,
    'a series is made once for each set of labels');
select results_eq(
    $$ select d.name, d.kind::text, d.unit::text, d.category::text
         from docket.metric_definitions as d
        order by d.name $$,
    $$ values ('cpu', 'gauge', '1', 'infrastructure'), ('took', 'timer', 'ms', 'application') $$,
    'a metric stays as it was told first, and a timer is in milliseconds');
select is(
    (select count(*) from docket.audit_log as l where l.table_name in ('metrics', 'metric_series')),
    0::bigint, 'samples are a record themselves, and not in the journal');
select is(
    (select count(*) from docket.audit_log as l where l.table_name = 'metric_definitions'),
    2::bigint, 'what is measured is');

-- As columns.
create temporary table known as
select s.*
  from docket.register_series(
           docket_test.project_id(),
           '[{"name": "served", "kind": "counter", "unit": "{request}"},
             {"name": "cpu", "labels": {"host": "b"}}]') with ordinality as s;
select results_eq(
    'select k.name, k.labels from known as k order by k.ordinality',
    $$ values ('served', '{}'::jsonb), ('cpu', '{"host": "b"}') $$,
    'series are told in the order in which they were asked for');
select is(
    docket.record_samples(
        docket_test.project_id(), array_agg(k.series_id order by k.ordinality), '{5,0.5}',
        array[docket.clock(), docket.clock()]),
    2::bigint, 'their samples come as columns')
  from known as k;
select is(
    (select s.value from docket.system_metrics as s where s.name = 'served'), 5::numeric,
    'and are there');

-- Again.
select is(
    docket.record_metrics(
        docket_test.project_id(), format('[{"name": "again", "value": %s}]', n.n)::jsonb,
        '00000000-0000-0000-0000-000000000001'),
    1::bigint, 'a request is answered')
  from generate_series(1, 2) as n (n);
select is(
    (select count(*) from docket.system_metrics as s where s.name = 'again'), 1::bigint,
    'and does nothing twice');

-- Refused.
select throws_ok(format('select pg_temp.record(%L)', r.given), r.code, null, r.given)
  from (values
           ('[]', 'PD422'), ('{}', 'PD422'), ('[1]', 'PD422'), ('[{"name": "x"}]', 'PD422'),
           ('[{"name": "x", "value": "1"}]', 'PD422'),
           ('[{"name": "x y", "value": 1}]', 'PD422'),
           ('[{"name": "x", "value": 1, "colour": "red"}]', 'PD422'),
           ('[{"name": "x", "value": 1, "labels": {"a": 1}}]', 'PD422'),
           ('[{"name": "x", "value": 1, "unit": "seconds"}]', 'PD422'),
           ('[{"name": "x", "value": 1, "kind": "thing"}]', 'PD422'),
           ('[{"name": "x", "value": 1e31}]', 'PD422'),
           ('[{"name": "x", "value": 1e-31}]', 'PD422'),
           ('[{"name": "x", "value": -1, "kind": "timer"}]', 'PD422'),
           ('[{"name": "cpu", "value": 1, "unit": "%"}]', 'PD409'),
           ('[{"name": "cpu", "value": 1, "kind": "counter"}]', 'PD409'),
           ('[{"name": "x", "value": 1, "recorded_at": "2026-01-12T00:00:00Z"}]', 'PD422'),
           ('[{"name": "x", "value": 1, "recorded_at": "2025-12-01T00:00:00Z"}]', 'PD422')
       ) as r (given, code);
select throws_ok(
    $$ select docket.record_samples(docket_test.project_id(), '{1,2}', '{1}', '{2026-01-10}') $$,
    'PD422', null, 'columns are equally long');
select throws_ok(
    $$ select docket.record_samples(docket_test.project_id(), '{0}', '{1}', '{2026-01-10}') $$,
    'PD404', null, 'a series is one of the project');

-- Labels are no ids.
update docket.projects set settings = settings || '{"max_metric_series": 5}';
select throws_ok(
    $$ select pg_temp.record('[{"name": "cpu", "value": 1, "labels": {"host": "c"}},
                               {"name": "cpu", "value": 1, "labels": {"host": "d"}}]') $$,
    'PD413', null, 'a project has so many series and no more');

select * from finish();
rollback;
