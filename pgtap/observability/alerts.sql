-- Somebody looks after an alert, says that it is over, or that he does not want to hear of it.

begin;
select plan(41);

create role tap_alerts_app in role docket_app;
create role tap_alerts_agent in role docket_agent;
create role tap_alerts_reader in role docket_reader;

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');
select docket_test.member('tap_alerts_app', 'writer');
select docket_test.member('tap_alerts_agent', 'writer');
select docket_test.member('tap_alerts_reader', 'reader');

create function pg_temp.judge() returns void
language sql
as $$ select count(*) from docket.evaluate_alerts(docket_test.project_id()) $$;
create function pg_temp.alert(host text default 'a') returns uuid
language sql
as $$
    select a.alert_id
      from docket.list_alerts(docket_test.project_id()) as a
     where a.labels ->> 'host' = alert.host
     limit 1
$$;
create function pg_temp.warned() returns text
language sql
as $$ select h.value from docket.health() as h where h.item = 'alerts' $$;

select docket.set_alert_rule(
    docket_test.project_id(), 'deep', 'threshold', 3, 'depth', group_by => '{host}',
    aggregate => 'last', time_window => '1 day');
select docket.record_metrics(
    docket_test.project_id(),
    '[{"name": "depth", "value": 5, "labels": {"host": "a"}},
      {"name": "depth", "value": 7, "labels": {"host": "b"}}]');
select pg_temp.judge();

set local role tap_alerts_agent;
select results_eq(
    $$ select a.rule_name, a.labels, a.state::text, a.value, a.silenced_until
         from docket.list_alerts(docket_test.project_id()) as a $$,
    $$ values ('deep', '{"host": "b"}'::jsonb, 'firing', 7::numeric, null::timestamptz),
              ('deep', '{"host": "a"}', 'firing', 5, null) $$, 'the newest first');
select results_eq(
    $$ select a.state::text, a.acknowledged_by, a.acknowledged_at = docket.clock(), a.note
         from docket.acknowledge_alert(pg_temp.alert(), 'I look') as a $$,
    $$ values ('acknowledged', 'tap_alerts_agent', true, 'I look') $$, 'somebody looks');
set local role tap_alerts_app;
select results_eq(
    $$ select a.acknowledged_by, a.note
         from docket.acknowledge_alert(pg_temp.alert(), 'I too') as a $$,
    $$ values ('tap_alerts_agent', 'I look') $$, 'one is enough');
reset role;
select is(
    pg_temp.warned(), 'firing: deep {"host": "b"} is 7 (high)', 'that alarms nobody any more');
select pg_temp.judge();
set local role tap_alerts_app;
select results_eq(
    $$ select a.state::text from docket.list_alerts(docket_test.project_id()) as a $$,
    $$ values ('firing'), ('acknowledged') $$, 'and stays until it is over');

-- Over, by a person's word.
select results_eq(
    $$ select a.state::text, a.resolution::text, a.resolved_by, a.note
         from docket.resolve_alert(pg_temp.alert(), 'restarted') as a $$,
    $$ values ('resolved', 'manual', 'tap_alerts_app', 'restarted') $$,
    'somebody says that it is over');
select is(
    (select a.note from docket.resolve_alert(pg_temp.alert(), 'again') as a), 'restarted', 'once');
select throws_ok(
    $$ select docket.acknowledge_alert(pg_temp.alert()) $$, 'PDTRN', null,
    'nobody need look any more');
reset role;
select pg_temp.judge();
select results_eq(
    $$ select a.state::text, a.labels ->> 'host'
         from docket.list_alerts(docket_test.project_id()) as a $$,
    $$ values ('firing', 'a'), ('firing', 'b'), ('resolved', 'a') $$,
    'where it is not over, it fires anew');
select throws_ok(
    $$ insert into docket.alerts
       select (jsonb_populate_record(
                   a, jsonb_build_object('alert_id', gen_random_uuid()))).*
         from docket.alerts as a where a.alert_id = pg_temp.alert() $$,
    '23505', null, 'nothing can have two alerts of a rule');

-- A request that comes again.
select set_config('tap.alert', pg_temp.alert('b')::text, true);
set local role tap_alerts_app;
select is(
    (select a.state::text
       from docket.acknowledge_alert(
                pg_temp.alert('b'), request_id => '11111111-1111-1111-1111-111111111111') as a),
    'acknowledged', 'a request');
select docket.resolve_alert(
    pg_temp.alert('b'), request_id => '22222222-2222-2222-2222-222222222222');
select is(
    (select a.state::text
       from docket.acknowledge_alert(
                current_setting('tap.alert')::uuid,
                request_id => '11111111-1111-1111-1111-111111111111') as a),
    'acknowledged', 'again is answered as before');
select is(
    (select a.state::text
       from docket.resolve_alert(
                current_setting('tap.alert')::uuid,
                request_id => '22222222-2222-2222-2222-222222222222') as a),
    'resolved', 'and so is another');

-- Silence.
reset role;
select pg_temp.judge();
set local role tap_alerts_agent;
select throws_ok(
    $$ select docket.silence_alert(pg_temp.alert(), docket.clock() + interval '1 hour', 'no') $$,
    '42501', null, 'an agent silences nothing');
set local role tap_alerts_app;
select results_eq(
    $$ select s.silenced_until - docket.clock(), s.reason, s.created_by
         from docket.silence_alert(
                  pg_temp.alert('b'), docket.clock() + interval '1 hour', 'known') as s $$,
    $$ values ('1 hour'::interval, 'known', 'tap_alerts_app') $$,
    'nobody wants to hear of it for an hour');
select throws_ok(
    format('select docket.silence_alert(pg_temp.alert(), %s)', r.given), 'PD422', null, r.given)
  from (values
           ($$docket.clock(), 'x'$$), ($$'infinity', 'x'$$), ($$null, 'x'$$),
           ($$docket.clock() + interval '1 hour', null$$),
           ($$docket.clock() + interval '1 hour', ''$$)
       ) as r (given);
select throws_ok(
    format('select docket.%s_alert(pg_temp.alert(), %L)', r.name, ''), 'PD422', null,
    r.name || ' with no note')
  from unnest('{acknowledge,resolve}'::text[]) as r (name);
reset role;
select is(
    pg_temp.warned(), 'firing: deep {"host": "a"} is 5 (high)', 'health() does not tell of it');
select docket.resolve_alert(pg_temp.alert('b'));
select pg_temp.judge();
select results_eq(
    $$ select a.state::text, a.silenced_until is not null, a.silenced_by, a.silence_reason
         from docket.list_alerts(docket_test.project_id(), rule_name => 'deep') as a
        where a.alert_id = pg_temp.alert('b') $$,
    $$ values ('firing', true, 'tap_alerts_app', 'known') $$, 'nor of the next about the same');
select is(
    (select e.data ->> 'is_silenced' from docket.events as e
      where e.correlation_id = pg_temp.alert('b')::text and e.event_type = 'pgdocket.alert.firing'),
    'true', 'its events say so');
select docket_test.pass('1 hour');
select pg_temp.judge();
select is(
    pg_temp.warned(), 'firing: deep {"host": "a"} is 5 (high), deep {"host": "b"} is 7 (high)',
    'until the hour is over');
select is_empty('select from docket.alert_silences', 'which maintenance ends');
set local role tap_alerts_app;
select docket.silence_alert(pg_temp.alert(), docket.clock() + interval '1 hour', 'mine');
select docket.silence_alert(pg_temp.alert(), docket.clock() + interval '2 hours', 'longer');
select is(
    (select a.silence_reason from docket.list_alerts(docket_test.project_id(), 'open') as a
      where a.alert_id = pg_temp.alert()),
    'longer', 'a silence is said anew');
select is((select a.state::text from docket.unsilence_alert(pg_temp.alert()) as a), 'firing',
    'or ended before its time');
select is((select a.state::text from docket.unsilence_alert(pg_temp.alert()) as a), 'firing',
    'where there is none nothing happens');

-- Found, and told.
select is(
    (select count(*) from docket.list_alerts(docket_test.project_id(), r.state, r.severity)), r.n,
    concat_ws(' ', r.state, r.severity))
  from (values ('open', null, 2::bigint), ('RESOLVED', null, 3), ('pending', null, 0),
               ('firing', 'high', 2), (null, 'low', 0)) as r (state, severity, n);
select results_eq(
    $$ select h.operation, h.from_state, h.to_state, h.principal
         from docket.alert_history(current_setting('tap.alert')::uuid) as h $$,
    $$ values ('insert', null::text, 'firing', 'postgres'),
              ('update', 'firing', 'acknowledged', 'tap_alerts_app'),
              ('update', 'acknowledged', 'resolved', 'tap_alerts_app') $$,
    'the journal has what became of it, and who did it');
select results_eq(
    $$ select h.operation
         from docket.alert_history(pg_temp.alert()) as h order by h.audit_id $$,
    $$ values ('insert'), ('silence'), ('silence'), ('unsilence') $$, 'and when it was silenced');
set local role tap_alerts_reader;
select throws_ok(
    $$ select docket.acknowledge_alert(pg_temp.alert()) $$, '42501', null,
    'who reads changes nothing');

-- More at once than a call takes.
reset role;
select docket.update_setting('max_batch_size', '1');
select docket.delete_alert_rule(docket_test.project_id(), 'deep');
select is(
    (select count(*) from docket.events as e
      where e.event_type = 'pgdocket.alert.resolved' and e.data ->> 'resolution' = 'rule_changed'),
    2::bigint, 'a rule ends all that it has open');

-- For how long.
reset role;
select docket_test.pass('399 days');
select is(docket_private.forget_alerts(2), 0::bigint, 'alerts are kept for 400 days');
select docket_test.pass('1 day');
select is(docket_private.forget_alerts(2), 2::bigint, 'and then go, so many at a time');

select * from finish();
rollback;
