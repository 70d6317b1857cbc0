-- Rules are made, made anew and deleted; what they had open does not stay for ever.

begin;
select plan(27);

create role tap_rules_ops in role docket_admin;
create role tap_rules_app in role docket_app;

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');
select set_config('tap.one', docket_test.project_id()::text, true);
select docket_test.member('tap_rules_app', 'writer');
select docket.record_metric(docket_test.project_id(), 'depth', 5, unit => '{task}');

create function pg_temp.open_alerts() returns table (name text, state text, resolution text)
language sql
as $$
    select a.rule_name, a.state::text, a.resolution::text
      from docket.alerts as a
     where a.project_id = current_setting('tap.one')::uuid
     order by a.alert_id
$$;

set local role tap_rules_app;
select results_eq(
    $$ select r.kind::text, r.comparison::text, r.threshold, r.clear_threshold, r.time_window,
              r.fire_after, r.severity::text, r.is_enabled, r.version
         from docket.set_alert_rule(docket_test.project_id(), 'deep', 'threshold', 3, 'depth')
              as r $$,
    $$ values ('threshold', 'above', 3::numeric, 3::numeric, '5 minutes'::interval, '0'::interval,
               'high', true, 1::bigint) $$, 'a rule is made of little');
select results_eq(
    $$ select r.threshold, r.clear_threshold, r.version
         from docket.set_alert_rule(
                  docket_test.project_id(), 'deep', 'Threshold', 4, 'depth',
                  clear_threshold => 2) as r $$,
    'values (4::numeric, 2::numeric, 2::bigint)', 'and made anew under its name');
select results_eq(
    $$ select k.kind, r.threshold, r.baseline_weeks
         from (values (1, 'absence', 'depth'), (2, 'anomaly', 'depth'), (3, 'budget', null),
                      (4, 'component', null)) as k (n, kind, metric)
        cross join lateral docket.set_alert_rule(
                  docket_test.project_id(), k.kind, k.kind, metric => k.metric) as r
        order by k.n $$,
    $$ values ('absence', 300.0, null::integer), ('anomaly', 5, 8), ('budget', 0.8, null),
              ('component', 2, null) $$, 'each kind knows its threshold');
select throws_ok(
    format('select docket.set_alert_rule(docket_test.project_id(), %s)', r.given), 'PD422', null,
    r.given)
  from (values
           ($$'x', 'threshold', 1$$), ($$'x', 'threshold', metric => 'depth'$$),
           ($$'x', 'dance', 1, 'depth'$$), ($$null, 'threshold', 1, 'depth'$$),
           ($$'x', 'threshold', 1, 'depth', aggregate => 'rate'$$),
           ($$'x', 'threshold', 1, 'depth', severity => 'huge'$$),
           ($$'x', 'threshold', 1, 'depth', time_window => '1 second'$$)
       ) as r (given);
select lives_ok(
    $$ select docket.set_alert_rule(
                  docket_test.project_id(), 'later', 'threshold', 1, 'width',
                  is_enabled => false) $$,
    'a metric may come after its rule');
select results_eq(
    $$ select r.name, r.is_global, r.evaluated_at, r.open_alerts
         from docket.list_alert_rules(docket_test.project_id(), 'component', 1) as r $$,
    $$ values ('deep', false, null::timestamptz, 0::bigint) $$,
    'they are listed by name, in pages');

-- Rules of all projects.
select throws_ok(
    $$ select docket.set_alert_rule(null, 'all', 'threshold', 1, 'depth') $$, 'PD403', null,
    'not everybody says what counts in all projects');
set local role tap_rules_ops;
select lives_ok(
    $$ select docket.set_alert_rule(null, 'all', 'threshold', 1, 'depth') $$, 'operators do');
select results_eq(
    $$ select e.slug, e.name, e.outcome, e.series_count, e.transitions
         from docket.evaluate_alerts(current_setting('tap.one')::uuid) as e order by e.name $$,
    $$ values ('one', 'absence', 'done', 1::bigint, 0::bigint), ('one', 'all', 'done', 1, 1),
              ('one', 'anomaly', 'done', 0, 0), ('one', 'budget', 'done', 0, 0),
              ('one', 'component', 'done', 0, 0), ('one', 'deep', 'done', 1, 1) $$,
    'they count in each, and what is switched off does not');
set local role tap_rules_app;
select results_eq(
    'select * from pg_temp.open_alerts()',
    $$ values ('all', 'firing', null::text), ('deep', 'firing', null) $$, 'two fire');
select lives_ok(
    $$ select docket.set_alert_rule(
                  docket_test.project_id(), 'all', 'threshold', 100, 'depth') $$,
    'a project may have its own rule of that name');
select results_eq(
    'select * from pg_temp.open_alerts()',
    $$ values ('all', 'resolved', 'rule_changed'), ('deep', 'firing', null) $$,
    'what the other had open here is over');
select results_eq(
    $$ select e.name, e.series_count from docket.evaluate_alerts(docket_test.project_id(), 'all')
              as e $$,
    $$ values ('all', 1::bigint) $$, 'and it is not evaluated here any more');

-- What is open when a rule changes.
select docket.set_alert_rule(docket_test.project_id(), 'deep', 'threshold', 2, 'depth');
select is(
    (select o.state from pg_temp.open_alerts() as o where o.name = 'deep'), 'firing',
    'another threshold lets the next evaluation decide');
select docket.set_alert_rule(
    docket_test.project_id(), 'deep', 'threshold', 2, 'depth', labels => '{"host": "a"}');
select is(
    (select o.state from pg_temp.open_alerts() as o where o.name = 'deep'), 'resolved',
    'who judges something else never judges that again');
select docket.set_alert_rule(
    docket_test.project_id(), 'deep', 'threshold', 2, 'depth', fire_after => '1 minute');
select count(*) from docket.evaluate_alerts(docket_test.project_id(), 'deep');
select results_eq(
    $$ select r.name
         from docket.delete_alert_rule(docket_test.project_id(), 'deep') as r $$,
    $$ values ('deep') $$, 'a rule is deleted');
select results_eq(
    $$ select o.state from pg_temp.open_alerts() as o where o.name = 'deep' $$,
    $$ values ('resolved') $$, 'with what was pending; what there was stays');
select throws_ok(
    $$ select docket.delete_alert_rule(docket_test.project_id(), 'deep') $$, 'PD404',
    'there is no alert rule "deep"', 'once');
set local role tap_rules_ops;
select lives_ok(
    $$ select docket.update_setting('max_alert_rules', '6') $$, 'a project has so many rules');
set local role tap_rules_app;
select throws_ok(
    $$ select docket.set_alert_rule(docket_test.project_id(), 'one more', 'component') $$,
    'PD413', null, 'and no more');
select lives_ok(
    $$ select docket.set_alert_rule(docket_test.project_id(), 'component', 'component') $$,
    'but those that it has it may change');

select * from finish();
rollback;
