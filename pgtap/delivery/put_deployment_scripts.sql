-- Scripts come in versions by content, depend on each other without cycles, and can be retired.

begin;
select plan(30);

select docket_test.project('one');

create function pg_temp.put(
    script_name text,
    content     text default null,
    depends_on  text[] default null
) returns text
language sql
as $$
    select format('%s: version %s, row %s', s.script_name, s.version_no, s.version)
      from docket.put_deployment_script(
               docket_test.project_id(), put.script_name, put.content,
               case when put.content is not null then 'bash' end,
               depends_on => put.depends_on) as s;
$$;
select is(pg_temp.put('migrate', 'echo 1'), 'migrate: version 1, row 1', 'a new one');
select is(pg_temp.put('migrate', 'echo 1'), 'migrate: version 1, row 1', 'the same makes none');
select is(pg_temp.put('migrate', 'echo 2'), 'migrate: version 2, row 2', 'another does');
select is(pg_temp.put('migrate', 'echo 1'), 'migrate: version 3, row 3', 'also an earlier one');
select results_eq(
    $$ select v.version_no, v.content_hash = sha256('echo 1'), v.content_size
         from docket.list_deployment_script_versions(docket_test.project_id(), 'migrate') as v $$,
    $$ values (3, true, 6::bigint), (2, false, 6), (1, true, 6) $$, 'all of them are kept');
select results_eq(
    $$ select s.version_no, s.language::text, s.environments, s.timeout_seconds, s.max_attempts,
              s.required_variables, s.description
         from docket.put_deployment_script(
                  docket_test.project_id(), 'migrate',
                  environments => '{production,Staging,staging}', timeout_seconds => 60,
                  max_attempts => 3, required_variables => '{TOKEN}',
                  description => 'Bring the schema up') as s $$,
    $$ values (3, 'bash', '{staging,production}'::text[], 60, 3, '{TOKEN}'::text[],
               'Bring the schema up') $$,
    'how it is run is no version of what is run');
select results_eq(
    $$ select s.timeout_seconds, s.required_variables, s.version_no
         from docket.put_deployment_script(docket_test.project_id(), 'migrate', 'echo 4') as s $$,
    $$ values (60, '{TOKEN}'::text[], 4) $$, 'what is left out stays as it was');
select results_eq(
    $$ select s.language::text, s.version_no
         from docket.put_deployment_script(
                  docket_test.project_id(), 'migrate', language => ' Python ') as s $$,
    $$ values ('python', 5) $$, 'the same in another language is another');
select is(
    (docket.get_deployment_script(docket_test.project_id(), 'migrate')).content, 'echo 4',
    'of the same content');

-- What can't be.
select throws_ok(
    $$ select docket.put_deployment_script(docket_test.project_id(), 'new', 'echo') $$,
    'PD422', null, 'a new one says what it is written in');
select throws_ok(
    $$ select docket.put_deployment_script(docket_test.project_id(), 'new', 'x', 'ruby') $$,
    'PD422', $$deployment script 'new' is refused: a language is bash, python, node or sql$$,
    'which is one of four');
select throws_ok(
    $$ select docket.put_deployment_script(
                  docket_test.project_id(), 'migrate', required_variables => '{TOKEN=hunter2}') $$,
    'PD422', null, 'a variable has a name only');
select throws_ok(
    $$ select docket.put_deployment_script(
                  docket_test.project_id(), 'migrate', 'echo 5', content_hash => sha256('x')) $$,
    'PD422', null, 'a hash is the content''s own');
select throws_ok(
    $$ select docket.put_deployment_script(
                  docket_test.project_id(), 'migrate', 'echo 5', expected_version => 2) $$,
    'PDVER', null, 'what was changed since is not written over');
select throws_ok(
    $$ select docket.put_deployment_script(
                  docket_test.project_id(), 'big', repeat('x', 1048577), 'bash') $$,
    'PD413', null, 'what is large is fetched');
select throws_ok(
    $$ select pg_temp.put('app', 'echo', '{nothing}') $$, 'PD404', null,
    'what it depends on is there');

-- Dependencies.
select is(pg_temp.put('app', 'echo', '{migrate}'), 'app: version 1, row 1', 'one after another');
select is(pg_temp.put('app', depends_on => '{migrate,migrate}'), 'app: version 1, row 1',
    'twice is once, and no change');
select is(pg_temp.put('smoke', 'echo', '{app}'), 'smoke: version 1, row 1', 'and a third');
select throws_ok(
    $$ select pg_temp.put('migrate', depends_on => '{smoke}') $$, 'PDCYC',
    'deployment scripts would wait for each other: migrate -> smoke -> app -> migrate',
    'none waits for itself, however far around');
select throws_ok(
    $$ select pg_temp.put('migrate', depends_on => '{migrate}') $$, 'PDCYC', null,
    'or at once');
select is(pg_temp.put('smoke', depends_on => '{}'), 'smoke: version 1, row 2',
    'a dependency that goes is a change');
select is(pg_temp.put('migrate', depends_on => '{smoke}'), 'migrate: version 5, row 7',
    'and now the other way is free');
select is(
    (docket.get_deployment_script(docket_test.project_id(), 'migrate')).depends_on, '{smoke}',
    'as it is read');

-- Retired.
select throws_ok(
    $$ select docket.retire_deployment_script(docket_test.project_id(), 'migrate') $$,
    'PD409', 'deployment script migrate is needed by app', 'what others need stays');
select ok(
    (docket.retire_deployment_script(docket_test.project_id(), 'app')).archived_at is not null,
    'what nobody needs can go');
select lives_ok(
    $$ select docket.retire_deployment_script(docket_test.project_id(), n.name)
         from unnest('{migrate,smoke}'::text[]) with ordinality as n (name, place)
        order by n.place $$,
    'and then what it needed');
select throws_ok(
    $$ select pg_temp.put('app') $$, 'PD409', null,
    'it does not come back without what it depends on');
select is(
    (docket.put_deployment_script(docket_test.project_id(), 'app', depends_on => '{}')).archived_at,
    null, 'but without depending on it');

-- The same request.
select docket.put_deployment_script(
    docket_test.project_id(), 'app', 'echo 1',
    request_id => '018f0000-0000-7000-8000-000000000001');
select is(
    (docket.put_deployment_script(
        docket_test.project_id(), 'app', 'echo 2',
        request_id => '018f0000-0000-7000-8000-000000000001')).version_no,
    2, 'the same request puts one version');

select * from finish();
rollback;
