-- update_project(): changes the given fields and no others, unless somebody else was faster.

begin;
select plan(13);

select docket.create_project('one', name => 'One', description => 'A text', settings => '{"a": 1}');
select set_config('docket_test.project_id', docket.project_id('one')::text, true);

select results_eq(
    $$ select p.name, p.description, p.settings, p.slug, p.version
         from docket.update_project(docket_test.project_id(), '{"name": "Uno"}') as p $$,
    $$ values ('Uno', 'A text', '{"a": 1}'::jsonb, 'one', 2::bigint) $$,
    'a field that is given changes, every other stays');
select results_eq(
    $$ select p.description, p.repository_url, p.settings, p.metadata, p.archived_at
         from docket.update_project(
                  docket_test.project_id(),
                  '{"description": null, "repository_url": "u", "settings": {"b": 2},
                    "metadata": {"m": 1}, "archived_at": "2026-01-01T00:00:00Z"}') as p $$,
    $$ values (null::text, 'u', '{"b": 2}'::jsonb, '{"m": 1}'::jsonb,
               '2026-01-01 00:00+00'::timestamptz) $$,
    'all can be given, and null empties');
select is(
    (select p.version from docket.update_project(docket_test.project_id(), '{}') as p), 3::bigint,
    'no field changes nothing');

select lives_ok(
    $$ select docket.update_project(docket_test.project_id(), '{"name": "Dos"}', 3) $$,
    'who has read the present version may change it');
select throws_ok(
    $$ select docket.update_project(docket_test.project_id(), '{"name": "Tres"}', 3) $$,
    'PDVER', 'project one is at version 4, not 3', 'who has read an older one is told');
select is((docket.get_project(docket_test.project_id())).name, 'Dos', 'and has changed nothing');

select throws_ok(
    $$ select docket.update_project(docket_test.project_id(), '{"slug": "two", "nmae": "x"}') $$,
    'PD422', 'the change of a project has no field nmae, slug',
    'fields that are not known, or not to be changed, are refused by name');
select throws_ok(
    $$ select docket.update_project(docket_test.project_id(), '[]') $$,
    'PD422', 'the change of a project is not a JSON object', 'so is what is no object');
select throws_ok(
    $$ select docket.update_project(docket_test.project_id(), null) $$,
    'PD422', null, 'so is nothing');
select throws_ok(
    $$ select docket.update_project(docket_test.project_id(), '{"name": ""}') $$,
    'PD422', 'the change of project one is refused: a name has 1 to 255 characters',
    'a value that can not be is refused in words');
select throws_ok(
    $$ select docket.update_project(docket_test.project_id(), '{"name": null}') $$,
    'PD422', null, 'so is an empty name');
select throws_ok(
    $$ select docket.update_project(docket_test.project_id(), '{"archived_at": "some day"}') $$,
    'PD422', null, 'so is a date that is none');

select is(
    (select count(distinct p.version)
       from (values (1), (2)) as twice (n)
      cross join lateral docket.update_project(
                docket_test.project_id(), jsonb_build_object('name', 'Try ' || twice.n),
                request_id => '00000000-0000-4000-8000-000000000001') as p), 1::bigint,
    'the same request twice changes it once');

select * from finish();
rollback;
