-- Whoever is in no organization has his own with his first project; no client sees anybody's.

begin;
select plan(9);

create role tap_organizations_ann in role docket_app;
create role tap_organizations_bob in role docket_app;

set local role tap_organizations_ann;
select docket.create_project(slug => 'first');
select docket.create_project(slug => 'second');
set local role tap_organizations_bob;
select docket.create_project(slug => 'first');
reset role;

select results_eq(
    $$ select o.name, o.personal_principal, o.created_by
         from docket.organizations as o
        where o.personal_principal like 'tap\_organizations\_%'
        order by o.personal_principal $$,
    $$ values ('tap_organizations_ann', 'tap_organizations_ann', 'tap_organizations_ann'),
              ('tap_organizations_bob', 'tap_organizations_bob', 'tap_organizations_bob') $$,
    'each principal has one organization of his own, made with his first project');
select is(
    (select count(distinct p.organization_id)
       from docket.projects as p
      where p.created_by = 'tap_organizations_ann'), 1::bigint,
    'his next project is in the same one');
select is(
    (select count(*)
       from docket.projects as p
      where p.slug = 'first'
        and p.created_by like 'tap\_organizations\_%'), 2::bigint,
    'two organizations may have a project of the same slug');
select results_eq(
    $$ select m.access::text, m.project_id
         from docket.members as m
        where m.principal = 'tap_organizations_ann' $$,
    $$ values ('admin', null::uuid) $$,
    'who it was made for is its admin, with every project to come');

select throws_ok(
    $$ insert into docket.organizations (name) values ('') $$,
    '23514', null, 'an organization has a name');
select throws_ok(
    $$ insert into docket.organizations (name) values (repeat('x', 256)) $$,
    '23514', null, 'of 255 characters at most');
select throws_ok(
    $$ insert into docket.organizations (name, personal_principal)
       values ('again', 'tap_organizations_ann') $$,
    '23505', null, 'nobody has two of his own');
select throws_matching(
    $$ delete from docket.organizations where personal_principal = 'tap_organizations_ann' $$,
    'projects_organization_fkey', 'an organization with projects stays');

set local role tap_organizations_ann;
select throws_ok(
    'select from docket.organizations',
    '42501', 'permission denied for table organizations', 'a client reads no organization');

select * from finish();
rollback;
