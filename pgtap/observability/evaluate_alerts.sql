-- Rules are judged: alerts open once, fire when it has been bad for long enough, and end when it is
-- good again; what is unusual is found, and noise is not.

begin;
select plan(43);

create role tap_judge_ops in role docket_maintenance;

select docket_test.at('2026-03-02 09:00+00');
select docket_test.project('one');
select set_config('tap.one', docket_test.project_id()::text, true);

create function pg_temp.measure(value numeric, name text default 'depth', labels jsonb default '{}',
                                kind text default 'gauge')
returns void
language sql
as $$
    select docket.record_metric(docket_test.project_id(), measure.name, measure.value,
                                kind => measure.kind, labels => measure.labels, unit => '1');
$$;
create function pg_temp.judge(name text) returns table (outcome text, judged bigint, told bigint)
language sql
as $$
    select e.outcome, e.series_count, e.transitions
      from docket.evaluate_alerts(docket_test.project_id(), judge.name) as e
$$;
create function pg_temp.stands(name text) returns table (state text, labels jsonb, value numeric)
language sql
as $$
    select a.state::text, a.labels, trim_scale(round(a.value, 3))
      from docket.alerts as a
     where a.project_id = docket_test.project_id()
       and a.rule_name  = stands.name
     order by a.alert_id
$$;
create function pg_temp.warned() returns text
language sql
as $$ select h.level || ': ' || h.value from docket.health() as h where h.item = 'alerts' $$;

-- A threshold, with patience on both sides.
select docket.set_alert_rule(
    docket_test.project_id(), 'deep', 'threshold', 10, 'depth', aggregate => 'last',
    clear_threshold => 5, fire_after => '2 minutes', clear_after => '3 minutes',
    severity => 'critical');
select results_eq(
    $$ select * from pg_temp.judge('deep') $$,
    $$ values ('done', 0::bigint, 0::bigint) $$,
    'what is not measured is not judged');
select pg_temp.measure(9);
select results_eq(
    $$ select * from pg_temp.judge('deep') $$,
    $$ values ('done', 1::bigint, 0::bigint) $$,
    'below the threshold all is well');
select docket_test.pass('10 seconds'), pg_temp.measure(10);
select results_eq(
    $$ select j.told, s.state, s.value
         from pg_temp.judge('deep') as j cross join lateral pg_temp.stands('deep') as s $$,
    $$ values (1::bigint, 'pending', 10::numeric) $$, 'at it, it is bad, but not yet for long');
select results_eq(
    $$ select * from pg_temp.judge('deep') $$,
    $$ values ('done', 1::bigint, 0::bigint) $$,
    'judged again at once nothing happens');
select docket_test.pass('1 minute'), pg_temp.measure(7);
select results_eq(
    $$ select j.told, (select count(*) from pg_temp.stands('deep'))
         from pg_temp.judge('deep') as j $$,
    $$ values (1::bigint, 0::bigint) $$, 'what was not bad for long enough never was');
select docket_test.pass('1 minute'), pg_temp.measure(12);
select count(*) from pg_temp.judge('deep');
select docket_test.pass('2 minutes'), pg_temp.measure(13);
select count(*) from pg_temp.judge('deep');
select results_eq(
    $$ select * from pg_temp.stands('deep') $$, $$ values ('firing', '{}'::jsonb, 13::numeric) $$,
    'bad for two minutes, it fires');
select is(pg_temp.warned(), 'critical: firing: deep is 13 (critical)', 'health() names it');
select docket_test.pass('1 minute'), pg_temp.measure(6);
select count(*) from pg_temp.judge('deep');
select docket_test.pass('5 minutes'), pg_temp.measure(5);
select count(*) from pg_temp.judge('deep');
select results_eq(
    $$ select * from pg_temp.stands('deep') $$, $$ values ('firing', '{}'::jsonb, 5::numeric) $$,
    'between the thresholds it is neither good nor bad');
select pg_temp.measure(4), count(*) from pg_temp.judge('deep');
select docket_test.pass('1 minute'), pg_temp.measure(4);
select count(*) from pg_temp.judge('deep');
select docket_test.pass('1 minute'), pg_temp.measure(8);
select count(*) from pg_temp.judge('deep');
select docket_test.pass('2 minutes'), pg_temp.measure(1);
select count(*) from pg_temp.judge('deep');
select is(
    (select s.state from pg_temp.stands('deep') as s), 'firing', 'good for a moment is not over');
select docket_test.pass('3 minutes'), pg_temp.measure(1);
select count(*) from pg_temp.judge('deep');
select results_eq(
    $$ select a.state::text, a.resolution::text, a.resolved_at = docket.clock()
         from docket.alerts as a $$,
    $$ values ('resolved', 'cleared', true) $$, 'good for three minutes, it is');
select is(pg_temp.warned(), 'ok: none is firing', 'health() says so');
select results_eq(
    $$ select e.event_type, e.data ->> 'state', e.subject
         from docket.events as e
        where e.project_id = docket_test.project_id()
        order by e.transaction_id, e.event_no $$,
    $$ values ('pgdocket.alert.pending', 'pending', 'deep'),
              ('pgdocket.alert.dropped', 'pending', 'deep'),
              ('pgdocket.alert.pending', 'pending', 'deep'),
              ('pgdocket.alert.firing', 'firing', 'deep'),
              ('pgdocket.alert.resolved', 'resolved', 'deep') $$, 'events tell of all of it');

-- Each series for itself.
select docket.set_alert_rule(
    docket_test.project_id(), 'busy', 'threshold', 0.9, 'component_utilization',
    group_by => '{component,resource}', aggregate => 'max');
select docket.register_component(
    docket_test.project_id(), 'api', 'service', heartbeat_seconds => 30);
select docket.register_component(
    docket_test.project_id(), 'store', 'database', heartbeat_seconds => 30);
select docket.component_heartbeat(
    docket_test.project_id(), 'api', utilization => '{"cpu": 0.95, "disk": 0.5}');
select docket.component_heartbeat(
    docket_test.project_id(), 'store', utilization => '{"cpu": 0.2, "disk": 0.99}');
select results_eq(
    $$ select * from pg_temp.judge('busy') $$,
    $$ values ('done', 4::bigint, 2::bigint) $$,
    'what components use is judged by resource');
select results_eq(
    $$ select * from pg_temp.stands('busy') $$,
    $$ values ('firing', '{"component": "api", "resource": "cpu"}'::jsonb, 0.95),
              ('firing', '{"component": "store", "resource": "disk"}', 0.99) $$,
    'each has an alert of its own');
select is(
    (select e.component from docket.events as e
      where e.event_type = 'pgdocket.alert.firing' and e.subject = 'busy'
      order by e.event_no limit 1),
    'api', 'and the event says which component');
select docket_test.pass('10 minutes');
select count(*) from pg_temp.judge('busy');
select is(
    (select count(*) from pg_temp.stands('busy') as s where s.state = 'firing'), 2::bigint,
    'nothing is resolved because nobody measures any more');

-- Components.
select docket.set_alert_rule(
    docket_test.project_id(), 'silent', 'component', clear_after => '1 minute');
select results_eq(
    $$ select s.*
         from pg_temp.judge('silent') as j cross join lateral pg_temp.stands('silent') as s $$,
    $$ values ('firing', '{"kind": "database", "component": "store"}'::jsonb, 3::numeric),
              ('firing', '{"kind": "service", "component": "api"}', 3) $$, 'who is silent is told');
select docket.component_heartbeat(docket_test.project_id(), 'api');
select docket.retire_component(docket_test.project_id(), 'store');
select count(*) from pg_temp.judge('silent');
select results_eq(
    $$ select a.state::text, a.resolution::text, a.clear_since = docket.clock()
         from docket.alerts as a where a.rule_name = 'silent' order by a.alert_id desc $$,
    $$ values ('firing', null::text, true), ('resolved', 'gone', null) $$,
    'one speaks again, for another nobody waits any more');

-- Absence.
select docket.set_alert_rule(docket_test.project_id(), 'quiet', 'absence', metric => 'depth');
select docket.set_alert_rule(
    docket_test.project_id(), 'hosts', 'absence', metric => 'load', group_by => '{host}');
select docket.set_alert_rule(docket_test.project_id(), 'never', 'absence', metric => 'nothing');
select pg_temp.measure(1, 'load', '{"host": "a"}'), pg_temp.measure(1, 'load', '{"host": "b"}');
select pg_temp.measure(1);
select docket_test.pass('4 minutes'), pg_temp.measure(1, 'load', '{"host": "a"}');
select is(
    (select j.told from pg_temp.judge('quiet') as j), 0::bigint, 'four minutes are no silence');
select docket_test.pass('1 minute');
select count(*) from docket.evaluate_alerts(docket_test.project_id());
select results_eq(
    $$ select n.name, s.labels, s.value
         from unnest('{quiet,hosts,never}'::text[]) with ordinality as n (name, place)
        cross join lateral pg_temp.stands(n.name) as s order by n.place $$,
    $$ values ('quiet', '{}'::jsonb, 300::numeric), ('hosts', '{"host": "b"}', 300),
              ('never', '{}', 604800) $$,
    'five are, of what was ever measured, of each series, and of what never was');
select pg_temp.measure(1);
select docket_test.pass('8 days');
select count(*) from docket.evaluate_alerts(docket_test.project_id());
select results_eq(
    $$ select a.rule_name, a.labels, a.state::text, a.resolution::text
         from docket.alerts as a where a.rule_name in ('quiet', 'hosts')
        order by a.rule_name, a.alert_id $$,
    $$ values ('hosts', '{"host": "b"}'::jsonb, 'resolved', 'gone'),
              ('quiet', '{}', 'firing', null) $$,
    'a host that is gone for a week is missed by nobody; a metric always is');

-- Rates.
select docket.set_alert_rule(docket_test.project_id(), 'served', 'rate', 2, 'served');
select docket.set_alert_rule(
    docket_test.project_id(), 'filling', 'rate', 0.1, 'disk', aggregate => 'last');
select pg_temp.measure(1000, 'served', kind => 'counter'), pg_temp.measure(10, 'disk');
select docket_test.pass('4 minutes'), pg_temp.measure(200, 'served', kind => 'counter');
select results_eq(
    $$ select * from pg_temp.judge('served') $$,
    $$ values ('done', 1::bigint, 0::bigint) $$,
    'a counter that begins anew is not fast');
select pg_temp.measure(700, 'served', kind => 'counter');
select results_eq(
    $$ select j.told, s.value from pg_temp.judge('served') as j
        cross join lateral pg_temp.stands('served') as s $$,
    'values (1::bigint, 2.333)', 'what is, is: 700 in five minutes');
select results_eq(
    $$ select * from pg_temp.judge('filling') $$,
    $$ values ('done', 0::bigint, 0::bigint) $$,
    'a gauge changes from one window to the next');
select docket_test.pass('4 minutes'), pg_temp.measure(50, 'disk');
select results_eq(
    $$ select j.told, s.value from pg_temp.judge('filling') as j
        cross join lateral pg_temp.stands('filling') as s $$,
    'values (1::bigint, 0.133)', 'by 40 in five minutes');

-- Budgets.
select docket.create_task(docket_test.project_id(), 'Costly', task_key => 'costly');
select docket.set_alert_rule(docket_test.project_id(), 'money', 'budget');
select docket.set_budget(docket_test.project_id(), max_tokens => 1000, max_cost => 10);
select docket.set_budget(
    docket_test.project_id(), task_id => docket_test.id('costly'), max_cost => 0);
select docket.record_usage(docket_test.id('costly'), 799, 0);
select results_eq(
    $$ select j.judged, j.told, s.labels ->> 'task', s.value from pg_temp.judge('money') as j
        cross join lateral pg_temp.stands('money') as s $$,
    $$ values (2::bigint, 1::bigint, 'costly', 1::numeric) $$,
    'what may not be used at all is used up');
select docket.record_usage(docket_test.id('costly'), 1, 9.5);
select results_eq(
    $$ select j.told, s.labels ->> 'scope', s.value from pg_temp.judge('money') as j
        cross join lateral pg_temp.stands('money') as s order by s.value $$,
    $$ values (1::bigint, 'project', 0.95), (1, 'task', 1::numeric) $$,
    'and of tokens and cost that counts of which less is left');
select docket.update_task_status(docket_test.id('costly'), 'cancelled');
select docket.set_budget(docket_test.project_id(), max_tokens => 100000, max_cost => 100);
select count(*) from pg_temp.judge('money');
select results_eq(
    $$ select a.labels ->> 'scope', a.resolution::text
         from docket.alerts as a where a.rule_name = 'money' order by 1 $$,
    $$ values ('project', 'cleared'), ('task', 'gone') $$,
    'more may be used, and on the other nobody works any more');

-- What is unusual at this hour of the week: nine on Monday is busy, and eight is not.
select setseed(0.42);
select is(round(docket_private.robust_z(10, '{1,2,3,4,5}'), 3), round(7 / 1.4826, 3),
    'in median deviations');
select is(docket_private.robust_z(5, '{5,5,5,5}'), 0::numeric, 'what never changes, and does not');
select is(docket_private.robust_z(6, '{0,0,0,0}'), 1000000::numeric, 'or does for the first time');
select ok(docket_private.robust_z(102, '{100,100,100,100,101}') < 3, 'a hundredth is nothing');
select docket.set_metric_retention('application', '90 days', '90 days', '400 days', null);
select docket_test.at('2026-04-27 09:55+00');
select count(*)
  from docket.record_metrics(
           docket_test.project_id(),
           (select jsonb_agg(jsonb_build_object(
                       'name', 'orders', 'value',
                       -- The sum of twelve is normal, by and large.
                       case when h.hour = 9 then 1000 else 100 end
                       + 20 * ((select sum(random()) from generate_series(1, 12) as r
                                 where r + h.minute > 0) - 6),
                       'recorded_at', timestamptz '2026-04-27 00:00+00' - w.week * interval '7 days'
                                      + make_interval(hours => h.hour, mins => h.minute)))
              from generate_series(1, 8) as w (week)
             cross join (select hour, minute from generate_series(8, 9) as hour
                          cross join generate_series(0, 55, 5) as minute) as h));
select results_eq(
    $$ select r.comparison::text, r.threshold
         from docket.set_alert_rule(
                  docket_test.project_id(), 'odd', 'anomaly', metric => 'orders',
                  comparison => 'outside') as r $$,
    $$ values ('outside', 5::numeric) $$, 'five spreads are odd');
create temporary table usual as
select array_agg(b.value) as measured
  from generate_series(1, 8) as w (week)
 cross join lateral docket.metric_series(
           docket_test.project_id(), 'orders', bucket => '5 minutes',
           since => timestamptz '2026-04-27 09:00+00' - w.week * interval '7 days',
           until => timestamptz '2026-04-27 10:00+00' - w.week * interval '7 days') as b;
select results_eq(
    $$ select count(*), count(*) filter (where abs(z) >= 1) between 50 and 150,
              count(*) filter (where abs(z) >= 5)
         from (
             select docket_private.robust_z(
                        (1000 + 20 * ((select sum(random()) from generate_series(1, 12) as r
                                        where r + n > 0) - 6))::numeric,
                        u.measured) as z
               from generate_series(1, 300) as n
              cross join usual as u
         ) as noise $$,
    'values (300::bigint, true, 0::bigint)',
    'of three hundred that are noise none is five spreads away');
select docket_test.at('2026-04-27 09:02+00');
select pg_temp.measure(1055, 'orders');
select results_eq(
    $$ select * from pg_temp.judge('odd') $$,
    $$ values ('done', 1::bigint, 0::bigint) $$,
    'noise is not flagged');
select docket_test.pass('6 minutes'), pg_temp.measure(1400, 'orders');
select results_eq(
    $$ select * from pg_temp.judge('odd') $$,
    $$ values ('done', 1::bigint, 1::bigint) $$,
    'an outlier is');
select docket_test.pass('6 minutes'), pg_temp.measure(990, 'orders');
select results_eq(
    $$ select j.told, s.state from pg_temp.judge('odd') as j
        cross join lateral pg_temp.stands('odd') as s $$,
    $$ values (1::bigint, 'resolved') $$, 'until it is as ever');
select docket_test.pass('6 minutes'), pg_temp.measure(105, 'orders');
select results_eq(
    $$ select * from pg_temp.judge('odd') $$,
    $$ values ('done', 1::bigint, 1::bigint) $$,
    'so is what is usual at another hour');

-- What can not be evaluated says so, and keeps nothing else from it.
select docket.set_alert_rule(
    docket_test.project_id(), 'wrong', 'threshold', 1, 'coming', aggregate => 'rate');
select pg_temp.measure(1, 'coming');
select results_eq(
    $$ select e.name, e.outcome, e.problem
         from docket.evaluate_alerts(docket_test.project_id()) as e where e.outcome <> 'done' $$,
    $$ values ('wrong', 'failed', '"rate" is no way to take samples of a gauge together') $$,
    'a rule that fails fails alone');
select is(
    (select h.value from docket.health() as h where h.item = 'alert rules'),
    'can not be evaluated: wrong ("rate" is no way to take samples of a gauge together)',
    'and health() says which');

-- In maintenance.
set local role tap_judge_ops;
select throws_ok(
    $$ select docket.set_alert_rule(docket_test.project_id(), 'x', 'component') $$, '42501', null,
    'who keeps the docket makes no rules');
select is((select m.done from docket.maintain('{alerts}') as m), 0::bigint,
    'what was judged just now is not judged again');
select docket_test.pass('30 seconds');
select results_eq(
    $$ select m.outcome, m.done, m.has_more from docket.maintain('{alerts}') as m $$,
    $$ values ('done', 11::bigint, false) $$,
    'each rule is, every half minute');

select * from finish();
rollback;
