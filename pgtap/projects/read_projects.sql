-- Projects are found by slug or id, and listed page by page.

begin;
select plan(11);

create role tap_read_projects_ann in role docket_app;
set local role tap_read_projects_ann;
select docket.create_project('project-' || n) from generate_series(1, 5) as n;
select docket.create_project('put-away');
select docket.update_project(docket.project_id('put-away'), '{"archived_at": "2026-01-01"}');

select is(
    docket.project_id('project-3'),
    (select p.project_id
       from docket.list_projects() as p
      where p.slug = 'project-3'),
    'a project is found by its slug');
select is(
    docket.project_id(upper(docket.project_id('project-3')::text)), docket.project_id('project-3'),
    'and by its id, however it is written');
select throws_ok(
    $$ select docket.project_id('nothing') $$,
    'PD404', 'project "nothing" does not exist', 'a name that nothing has is refused');
select throws_ok(
    $$ select docket.project_id(null) $$,
    'PD404', null, 'so is no name');
select is(
    (docket.get_project(docket.project_id('put-away'))).slug, 'put-away',
    'get_project() gives every field, of an archived project too');
select throws_ok(
    $$ select docket.get_project('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'project 00000000-0000-7000-8000-000000000000 does not exist',
    'and refuses an id that nothing has');

select results_eq(
    'select p.slug from docket.list_projects() as p',
    array['project-1', 'project-2', 'project-3', 'project-4', 'project-5'],
    'a list has what is in use, the oldest first');
select results_eq(
    'select p.slug from docket.list_projects(page_size => 2) as p',
    array['project-1', 'project-2'],
    'a page has its size');
select results_eq(
    $$ select p.slug
         from docket.list_projects(after => docket.project_id('project-2'), page_size => 2) as p $$,
    array['project-3', 'project-4'],
    'and the next begins after its last row');
select is(
    (select count(*) from docket.list_projects(include_archived => true)), 6::bigint,
    'archived ones are listed when they are asked for');

reset role;
insert into docket.organizations (organization_id, name)
values ('00000000-0000-7000-8000-00000000000a', 'Others');
insert into docket.projects (organization_id, slug, name)
values ('00000000-0000-7000-8000-00000000000a', 'project-1', 'Another of that name');
insert into docket.members (organization_id, principal, access)
values ('00000000-0000-7000-8000-00000000000a', 'tap_read_projects_ann', 'reader');
set local role tap_read_projects_ann;
select throws_ok(
    $$ select docket.project_id('project-1') $$,
    'PD409', '2 projects are called "project-1"',
    'a slug that two organizations of the caller use is not guessed at');

select * from finish();
rollback;
