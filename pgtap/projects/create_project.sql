-- create_project(): one call makes a project that its maker's organization sees.

begin;
select plan(13);

create role tap_create_project_ann in role docket_app;
create role tap_create_project_bob in role docket_app;
set local role tap_create_project_ann;

select results_eq(
    $$ select p.slug, p.name, p.description, p.repository_url, p.settings
         from docket.create_project(
                  slug => 'api', name => 'The API', description => 'What it is about',
                  repository_url => 'https://example.org/api.git',
                  settings => '{"lease_seconds": 60, "taskmaster": {"model": "x"}}') as p $$,
    $$ values ('api', 'The API', 'What it is about', 'https://example.org/api.git',
               '{"lease_seconds": 60, "taskmaster": {"model": "x"}}'::jsonb) $$,
    'a project keeps what it was given, the settings of other tools included');
select isnt(
    (select p.project_id from docket.list_projects() as p), null,
    'and has an id');
select results_eq(
    $$ select p.name, p.settings from docket.create_project('web', settings => null) as p $$,
    $$ values ('web', '{}'::jsonb) $$,
    'a slug alone is enough');

select throws_ok(
    $$ select docket.create_project('api') $$,
    'PD409', 'project "api" exists already', 'a slug that is taken is refused');
select throws_ok(
    $$ select docket.create_project('Not a slug') $$,
    'PD422',
    'project ''Not a slug'' is refused: a slug has lower-case letters, digits, ".", "_" and "-", '
    'begins with a letter or digit, and has at most 63 characters',
    'a slug that is none is refused, and it is said what one is');
select throws_ok(
    $$ select docket.create_project(null) $$,
    'PD422', null, 'so is a project without one');
select throws_ok(
    $$ select docket.create_project('x', name => repeat('x', 256)) $$,
    'PD422', 'project ''x'' is refused: a name has 1 to 255 characters', 'so is a name too long');
select throws_ok(
    $$ select docket.create_project('x', settings => '[1]') $$,
    'PD422', 'project ''x'' is refused: settings are a JSON object',
    'so are settings of another kind');
select throws_ok(
    $$ select docket.create_project(
                  'x', organization_id => '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'organization 00000000-0000-7000-8000-000000000000 does not exist',
    'an organization that does not exist is refused');

create temporary table anns as
select distinct p.organization_id from docket.list_projects() as p;
grant select on anns to public;
set local role tap_create_project_bob;
select throws_like(
    $$ select docket.create_project('x', organization_id => (select a.organization_id
         from anns as a)) $$,
    'organization % does not exist', 'so, in the same words, is somebody else''s');

reset role;
insert into docket.members (organization_id, principal, access)
select a.organization_id, 'tap_create_project_bob', 'writer'
  from anns as a;
set local role tap_create_project_bob;
select throws_ok(
    $$ select docket.create_project('x', organization_id => (select a.organization_id
         from anns as a)) $$,
    'PD404', null, 'who is no admin of it makes none in it');

reset role;
update docket.members as m
   set access = 'admin'
 where m.principal = 'tap_create_project_bob';
set local role tap_create_project_bob;
select is(
    (select p.organization_id from docket.create_project('shared') as p),
    (select a.organization_id from anns as a),
    'the only organization that he administers is where his projects go');

set local role tap_create_project_ann;
select set_eq(
    'select p.slug from docket.list_projects() as p', array['api', 'shared', 'web'],
    'and its other members see them');

select * from finish();
rollback;
