-- Components say how they are; whoever is silent for too long is seen to be, by everybody at once.

begin;
select plan(22);

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');

select docket.register_component(
    docket_test.project_id(), 'api', 'service', '1.2', owner => 'ann', heartbeat_seconds => 30);
select docket.register_component(docket_test.project_id(), 'store', 'database');

create function pg_temp.health() returns table (name text, state text, utilization jsonb)
language sql
as $$
    select c.name, c.state::text, c.utilization
      from docket.list_components(docket_test.project_id()) as c
$$;
create function pg_temp.warned() returns text
language sql
as $$ select h.level || ': ' || h.value from docket.health() as h where h.item = 'components' $$;

select results_eq(
    'select h.name, h.state from pg_temp.health() as h',
    $$ values ('api', 'healthy'), ('store', 'healthy') $$, 'what is new is taken for healthy');
select results_eq(
    $$ select b.state::text, b.heartbeat_at
         from docket.component_heartbeat(
                  docket_test.project_id(), 'api',
                  utilization => '{"cpu": 0.4, "disk": 0.9}') as b $$,
    $$ values ('healthy', docket.clock()) $$, 'a sign of life');
select results_eq(
    $$ select h.utilization from pg_temp.health() as h where h.name = 'api' $$,
    $$ values ('{"cpu": 0.4, "disk": 0.9}'::jsonb) $$, 'with what is in use');
select results_eq(
    $$ select s.value
         from docket.metric_series(
                  docket_test.project_id(), 'component_utilization',
                  '{"component": "api", "resource": "cpu"}', '1 minute') as s $$,
    'values (0.4)', 'which is a metric, over time');
select is(pg_temp.warned(), 'ok: 2, none of them silent', 'all is well');

select docket_test.pass('60 seconds');
select is((select h.state from pg_temp.health() as h where h.name = 'api'), 'healthy',
    'one heartbeat may be lost');
select docket_test.pass('1 second');
select is((select h.state from pg_temp.health() as h where h.name = 'api'), 'stale',
    'two are silence');
select is(pg_temp.warned(), 'warning: api is stale', 'which health() tells');
select docket_test.pass('4 minutes');
select is((select h.state from pg_temp.health() as h where h.name = 'api'), 'down',
    'and ten are death');
select is(pg_temp.warned(), 'critical: api is down', 'as it does that');
select is((select h.state from pg_temp.health() as h where h.name = 'store'), 'healthy',
    'who promised no sign of life is waited for by nobody');

select docket.component_heartbeat(docket_test.project_id(), 'api', 'degraded', 'slow disk');
select results_eq(
    $$ select c.state::text, c.reason
         from docket.list_components(docket_test.project_id(), state => 'degraded') as c $$,
    $$ values ('degraded', 'slow disk') $$, 'a component says itself that it is not well');
select docket.component_heartbeat(docket_test.project_id(), 'api', 'down');
select is((select h.state from pg_temp.health() as h where h.name = 'api'), 'down',
    'or that it goes down');

select docket.register_component(docket_test.project_id(), 'api', 'service', '1.3');
select results_eq(
    $$ select c.component_version, c.owner, c.version from docket.components as c
        where c.name = 'api' $$,
    $$ values ('1.3', 'ann', 2::bigint) $$, 'to register again changes what is told');
select is(
    (select count(*) from docket.audit_log as l where l.table_name = 'components'), 3::bigint,
    'what components are is in the journal');
select is(
    (select count(*) from docket.audit_log as l where l.table_name = 'component_heartbeats'),
    0::bigint, 'that they live is not');
select docket.retire_component(docket_test.project_id(), 'api');
select results_eq(
    'select h.name from pg_temp.health() as h', $$ values ('store') $$,
    'one that is no more is not waited for');

select throws_ok(
    format('select docket.component_heartbeat(%L, %s)', docket_test.project_id(), r.given), r.code,
    null, r.given)
  from (values
           ($$'none'$$, 'PD404'), ($$'store', 'stale'$$, 'PD422'),
           ($$'store', utilization => '{"cpu": "much"}'$$, 'PD422'),
           ($$'store', utilization => '[1]'$$, 'PD422')
       ) as r (given, code);
select throws_ok(
    format('select docket.register_component(%L, %L, %L, heartbeat_seconds => 0)',
           docket_test.project_id(), 'x', 'y'),
    'PD422', null, 'a heart beats');

select * from finish();
rollback;
