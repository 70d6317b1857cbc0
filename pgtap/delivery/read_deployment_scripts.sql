-- Scripts are found, and put in an order in which they can be run in an environment.

begin;
select plan(17);

select docket_test.project('one');
select docket.put_deployment_script(docket_test.project_id(), n.name, 'select 1', 'sql')
  from unnest('{schema,seed,cache}'::text[]) as n (name);
select docket.put_deployment_script(
    docket_test.project_id(), 'seed', environments => '{development}', depends_on => '{schema}');
select docket.put_deployment_script(
    docket_test.project_id(), 'app', 'echo', 'bash', depends_on => '{seed,cache}',
    required_variables => '{TOKEN}', required_permissions => '{project:admin,page:ops}');
select docket.put_deployment_script(
    docket_test.project_id(), 'check', 'echo', 'bash', depends_on => '{app,schema}');

select results_eq(
    $$ select s.script_name from docket.list_deployment_scripts(docket_test.project_id()) as s $$,
    $$ values ('app'), ('cache'), ('check'), ('schema'), ('seed') $$, 'scripts are listed by name');
select results_eq(
    $$ select s.script_name
         from docket.list_deployment_scripts(
                  docket_test.project_id(), 'production', after => 'app', page_size => 2) as s $$,
    $$ values ('cache'), ('check') $$, 'in pages');
select is(
    (select count(*)
       from docket.list_deployment_scripts(docket_test.project_id(), language => 'sql')),
    3::bigint, 'and by language');

create function pg_temp.plan(environment text, script_name text default null) returns text[]
language sql
as $$
    select array_agg(format('%s %s <- %s', p.wave, p.script_name, array_to_string(p.waits_on, ',')))
      from docket.deployment_plan(
               docket_test.project_id(), plan.environment, plan.script_name) as p;
$$;
select is(
    pg_temp.plan('development'),
    '{"1 cache <- ","1 schema <- ","2 seed <- schema","3 app <- cache,seed","4 check <- app,schema"}',
    'each comes after what it depends on');
select is(
    pg_temp.plan(' Production '),
    '{"1 cache <- ","1 schema <- ","2 app <- cache,schema","3 check <- app,schema"}',
    'one that is not for an environment is looked through');
select is(
    pg_temp.plan('production', 'app'),
    '{"1 cache <- ","1 schema <- ","2 app <- cache,schema"}', 'of one, what it needs');
select throws_ok(
    $$ select pg_temp.plan('moon') $$, 'PD422', null, 'an environment is one of three');
select throws_ok(
    $$ select pg_temp.plan('production', 'seed') $$, 'PD409',
    'deployment script seed is not for production', 'where it is for');
select throws_ok(
    $$ select pg_temp.plan('production', 'nothing') $$, 'PD404', null, 'and what there is');
select throws_ok(
    $$ select docket.deployment_plan(gen_random_uuid(), 'staging') $$, 'PD404', null,
    'in a project that there is');

-- How each stands there.
select docket.finish_deployment(d.deployment_id)
  from docket.start_deployment(docket_test.project_id(), 'schema', 'staging') as d;
select docket.finish_deployment(d.deployment_id, 'failed')
  from docket.start_deployment(docket_test.project_id(), 'cache', 'staging') as d;
select results_eq(
    $$ select p.script_name, p.is_deployed, p.last_status::text, p.last_version_no, p.unmet
         from docket.deployment_plan(docket_test.project_id(), 'staging') as p $$,
    $$ values ('cache', false, 'failed', 1, '{}'::text[]),
              ('schema', true, 'completed', 1, '{}'),
              ('app', false, null, null, '{cache}'),
              ('check', false, null, null, '{app,cache}') $$,
    'it says what is there, and what is not');
select docket.put_deployment_script(docket_test.project_id(), 'schema', 'select 2');
select results_eq(
    $$ select p.is_deployed, p.version_no, p.last_version_no
         from docket.deployment_plan(docket_test.project_id(), 'staging', 'schema') as p $$,
    $$ values (false, 2, 1) $$, 'what has changed since is not');

-- What it takes.
select results_eq(
    $$ select p.needs_confirmation, p.required_variables, p.missing_permissions
         from docket.deployment_plan(docket_test.project_id(), 'production') as p
        where p.script_name = 'app' $$,
    $$ values (true, '{TOKEN}'::text[], '{}'::text[]) $$, 'production is confirmed');
select is(
    (select bool_or(p.needs_confirmation)
       from docket.deployment_plan(docket_test.project_id(), 'staging') as p),
    false, 'the others are not');
select docket.update_project(
    docket_test.project_id(), '{"settings": {"deployments_to_confirm": ["staging"]}}');
select is(
    (select array_agg(docket_private.needs_confirmation(docket_test.project_id(), e.name)
                      order by e.name)
       from unnest('{development,production,staging}'::text[]) as e (name)),
    '{false,false,true}', 'unless the project says otherwise');
create role tap_deployer in role docket_app;
create role tap_release;
select docket_test.member('tap_deployer');
select docket.put_deployment_script(
    docket_test.project_id(), 'app',
    required_permissions => '{project:admin,page:ops,role:tap_release,role:nobody}');
set local role tap_deployer;
select is(
    (select p.missing_permissions
       from docket.deployment_plan(docket_test.project_id(), 'staging', 'app') as p
      where p.script_name = 'app'),
    '{project:admin,role:nobody,role:tap_release}', 'what the caller lacks is told');
reset role;
grant tap_release to tap_deployer;
set local role tap_deployer;
select is(
    (select p.missing_permissions
       from docket.deployment_plan(docket_test.project_id(), 'staging', 'app') as p
      where p.script_name = 'app'),
    '{project:admin,role:nobody}', 'and what he has is not');

select * from finish();
rollback;
