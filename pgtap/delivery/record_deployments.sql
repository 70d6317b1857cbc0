-- A script is run where it may be: in order, confirmed, by whom may, once at a time; it ends once.

begin;
select plan(32);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.put_deployment_script(docket_test.project_id(), 'schema', 'select 1', 'sql');
select docket.put_deployment_script(
    docket_test.project_id(), 'app', 'echo', 'bash', depends_on => '{schema}', max_attempts => 2);

create function pg_temp.start(
    script_name  text,
    environment  text default 'staging',
    is_confirmed boolean default false
) returns uuid
language sql
as $$
    select (docket.start_deployment(
               docket_test.project_id(), start.script_name, start.environment,
               start.is_confirmed)).deployment_id;
$$;

-- In order.
select throws_ok(
    $$ select pg_temp.start('app') $$, 'PD409',
    'deployment script app waits in staging for schema', 'first what it waits for');
create temporary table run as
select d.* from docket.start_deployment(docket_test.project_id(), 'schema', 'staging') as d;
select throws_ok(
    $$ select pg_temp.start('app') $$, 'PD409', null, 'to its end');
select throws_ok(
    $$ select pg_temp.start('schema') $$, 'PD409',
    'deployment script schema is being run in staging already', 'each once at a time');
select lives_ok(
    $$ select pg_temp.start('schema', 'development') $$, 'in each environment');
select docket_test.pass('3 seconds');
select results_eq(
    $$ select d.status::text, d.exit_code, d.duration_ms, d.retry_at, d.attempt_no, d.is_confirmed
         from run as r
        cross join lateral docket.finish_deployment(
                  r.deployment_id, exit_code => 0, stdout_preview => 'one', stderr_preview => 'two',
                  performance_metrics => '{"stdout_bytes": 3}') as d $$,
    $$ values ('completed', 0, 3000::bigint, null::timestamptz, 1, false) $$, 'it ends');
select results_eq(
    $$ select e.stdout_preview, e.stderr_preview, e.performance_metrics
         from run as r cross join lateral docket.get_execution(r.execution_id) as e $$,
    $$ values ('one', 'two', '{"stdout_bytes": 3}'::jsonb) $$, 'its output is with its execution');
select throws_ok(
    $$ select docket.finish_deployment(r.deployment_id) from run as r $$, 'PDTRN', null, 'once');
select throws_ok(
    $$ select docket.start_deployment(
                  docket_test.project_id(), 'app', 'staging', version_no => 2) $$,
    'PDVER', null, 'the version is the one that was read');
create temporary table first as
select d.*
  from docket.start_deployment(
           docket_test.project_id(), 'app', 'staging', version_no => 1,
           metadata => '{"token": "x"}') as d;
select is(f.metadata, '{"token": "********"}', 'and then the next; no secret is kept')
  from first as f;

-- What has failed is tried again, as often as the script says.
select throws_ok(
    $$ select docket.start_deployment(
                  r.project_id, 'schema', 'staging', retry_of => r.deployment_id) from run as r $$,
    'PDTRN', null, 'what has succeeded is not tried again');
select docket.finish_deployment(f.deployment_id, 'failed', 1) from first as f;
select throws_ok(
    $$ select docket.start_deployment(
                  f.project_id, 'schema', 'staging', retry_of => f.deployment_id)
         from first as f $$,
    'PD422', null, 'another script is no retry');
create temporary table second as
select d.*
  from first as f
 cross join lateral docket.start_deployment(
           f.project_id, 'app', 'staging', retry_of => f.deployment_id) as d;
select results_eq(
    $$ select s.attempt_no, s.retry_of = f.deployment_id, c.retry_of = f.execution_id
         from second as s
        cross join first as f
        cross join lateral docket.get_execution(s.execution_id) as c $$,
    $$ values (2, true, true) $$, 'what has failed is, and so is its execution');
select is(
    (docket.finish_deployment(s.deployment_id, 'timed_out')).retry_at, null,
    'as often as the script says') from second as s;
select throws_ok(
    $$ select docket.start_deployment(
                  s.project_id, 'app', 'staging', retry_of => s.deployment_id) from second as s $$,
    'PDTRN', null, 'and not more often');
select lives_ok(
    $$ select docket.finish_deployment(pg_temp.start('app'), 'failed') $$, 'but anew');
select docket.put_deployment_script(docket_test.project_id(), 'app', 'echo 2');
select throws_ok(
    $$ select docket.start_deployment(
                  l.project_id, 'app', 'staging', retry_of => l.deployment_id)
         from (select d.project_id, d.deployment_id
                 from docket.deployment_executions as d
                where d.retry_at is not null and d.retry_of is null
                order by d.deployment_id desc limit 1) as l $$,
    'PD409', null, 'what has changed is not tried again, but begun anew');

-- Far before.
select docket.finish_deployment(pg_temp.start('app'));
select docket.put_deployment_script(
    docket_test.project_id(), 'last', 'echo', 'bash', depends_on => '{app}');
select docket.put_deployment_script(docket_test.project_id(), 'schema', 'select 2');
select throws_ok(
    $$ select pg_temp.start('last') $$, 'PD409',
    'deployment script last waits in staging for schema',
    'what has changed at the beginning comes first again');

-- Production.
select throws_ok(
    $$ select pg_temp.start('schema', 'production') $$, 'PD422',
    'a deployment to production has to be confirmed', 'production is confirmed');
select throws_ok(
    $$ select pg_temp.start('schema', 'production', null) $$, 'PD422', null, 'by saying yes');
select is(
    (docket.get_deployment(pg_temp.start('schema', 'production', true))).is_confirmed, true,
    'which is kept');

-- Who runs it has died.
select docket_test.pass('23 hours');
select throws_ok(
    $$ select pg_temp.start('schema', 'production', true) $$, 'PD409', null,
    'what may be alive is in the way');
select docket_test.pass('2 hours');
select lives_ok(
    $$ select pg_temp.start('schema', 'production', true) $$,
    'what is not is ended, and the next begins');
select results_eq(
    $$ select d.status::text, d.error_message is not null
         from docket.list_deployments(
                  docket_test.project_id(), 'schema', 'production') as d $$,
    $$ values ('running', false), ('timed_out', true) $$, 'which is kept, too');
select docket_test.pass('23 hours');
select docket.heartbeat_execution(d.execution_id)
  from docket.list_deployments(docket_test.project_id(), status => 'running') as d
 where d.environment = 'production';
select docket_test.pass('23 hours');
select throws_ok(
    $$ select pg_temp.start('schema', 'production', true) $$, 'PD409', null,
    'a heartbeat keeps it alive');
select docket.finish_execution(d.execution_id, 'cancelled')
  from docket.list_deployments(
           docket_test.project_id(), environment => 'production', status => 'running') as d;
select throws_ok(
    $$ select docket.heartbeat_execution(d.execution_id)
         from docket.list_deployments(docket_test.project_id(), status => 'cancelled') as d $$,
    'PDTRN', null, 'who is cancelled learns it');

-- Who may not.
create role tap_deployer in role docket_app;
select docket_test.member('tap_deployer');
create role tap_looker in role docket_app;
select docket_test.member('tap_looker', 'reader');
select docket.put_deployment_script(
    docket_test.project_id(), 'schema', required_permissions => '{project:admin}');
set local role tap_deployer;
select throws_ok(
    $$ select pg_temp.start('schema') $$, 'PD403', null, 'what it takes is asked for');
set local role tap_looker;
select throws_ok(
    $$ select pg_temp.start('schema') $$, 'PD403', null, 'who reads runs nothing');
select is(
    (select count(*) from docket.list_deployments(docket_test.project_id())) > 0, true,
    'and sees what was run');
reset role;

-- What can't be.
select throws_ok(
    $$ select docket.start_deployment(docket_test.project_id(), 'nothing', 'staging') $$, 'PD404',
    null, 'a script is one that there is');
select throws_ok(
    $$ select docket.start_deployment(
                  docket_test.project_id(), 'schema', 'staging',
                  pull_request_id => gen_random_uuid()) $$,
    'PD404', null, 'so is a pull request');
select docket.retire_deployment_script(docket_test.project_id(), n.name)
  from unnest('{last,app}'::text[]) with ordinality as n (name, place)
 order by n.place;
select throws_ok(
    $$ select pg_temp.start('app') $$, 'PD409', 'deployment script app is retired',
    'what is retired is not run');

-- The same request.
select is(
    (docket.start_deployment(docket_test.project_id(), 'schema', 'staging',
        request_id => '018f0000-0000-7000-8000-000000000001')).deployment_id,
    (docket.start_deployment(docket_test.project_id(), 'schema', 'staging',
        request_id => '018f0000-0000-7000-8000-000000000001')).deployment_id,
    'the same request begins one');

select * from finish();
rollback;
