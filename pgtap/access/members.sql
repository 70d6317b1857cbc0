-- What memberships say is what everybody may see and change, as soon as they say it.

begin;
select plan(21);

create role tap_members_ann in role docket_app;
set local role tap_members_ann;
create temporary table ids as
select docket_test.project('one') as one, docket_test.project('two') as two;
reset role;

insert into docket.organizations (organization_id, name)
values ('00000000-0000-7000-8000-00000000000a', 'Others');

create function pg_temp.join_up(principal text, project_id uuid, access text) returns void
language sql
as $$
    insert into docket.members (organization_id, project_id, principal, access)
    select p.organization_id, join_up.project_id, join_up.principal, join_up.access
      from docket.projects as p
     where p.slug = 'one'
       and p.created_by = 'tap_members_ann'
$$;

create function pg_temp.access_of(principal text) returns table (slug text, access text)
language sql
as $$
    select p.slug, a.access::text
      from docket_private.project_access as a
      join docket.projects as p on p.project_id = a.project_id
     where a.principal = access_of.principal
     order by p.slug
$$;

select results_eq(
    $$ select * from pg_temp.access_of('tap_members_ann') $$,
    $$ values ('one', 'admin'), ('two', 'admin') $$,
    'who makes a project is its admin');
select is_empty($$ select * from pg_temp.access_of('bob') $$, 'a stranger sees nothing');

select pg_temp.join_up('bob', i.one, 'reader') from ids as i;
select results_eq(
    $$ select * from pg_temp.access_of('bob') $$,
    $$ values ('one', 'reader') $$,
    'a membership in one project is about that project alone');

select pg_temp.join_up('bob', null, 'writer');
select results_eq(
    $$ select * from pg_temp.access_of('bob') $$,
    $$ values ('one', 'writer'), ('two', 'writer') $$,
    'a membership in the organization is about all of its projects; the higher access holds');

update docket.members as m
   set access = 'admin'
 where m.principal = 'bob'
   and m.project_id is not null;
select results_eq(
    $$ select * from pg_temp.access_of('bob') $$,
    $$ values ('one', 'admin'), ('two', 'writer') $$,
    'whichever of the two it is');

set local role tap_members_ann;
select docket.create_project(slug => 'three');
reset role;
select results_eq(
    $$ select * from pg_temp.access_of('bob') $$,
    $$ values ('one', 'admin'), ('three', 'writer'), ('two', 'writer') $$,
    'a new project is seen by the members of its organization at once');

delete from docket.members as m
 where m.principal = 'bob'
   and m.project_id is null;
select results_eq(
    $$ select * from pg_temp.access_of('bob') $$,
    $$ values ('one', 'admin') $$,
    'who leaves the organization keeps what he was given beside it');

update docket.members as m
   set access = 'reader'
 where m.principal = 'bob';
select results_eq(
    $$ select * from pg_temp.access_of('bob') $$,
    $$ values ('one', 'reader') $$,
    'access can be lowered');

update docket.members as m
   set project_id = i.two
  from ids as i
 where m.principal = 'bob';
select results_eq(
    $$ select * from pg_temp.access_of('bob') $$,
    $$ values ('two', 'reader') $$,
    'a membership that moves to another project takes its access along');

update docket.members as m
   set principal = 'carol'
 where m.principal = 'bob';
select is_empty(
    $$ select * from pg_temp.access_of('bob') $$,
    'a membership that is given to somebody else is the first one''s no more');
select results_eq(
    $$ select * from pg_temp.access_of('carol') $$,
    $$ values ('two', 'reader') $$,
    'it is the other''s');

update docket.members as m
   set organization_id = '00000000-0000-7000-8000-00000000000a',
       project_id      = null
 where m.principal = 'carol';
select is_empty(
    $$ select * from pg_temp.access_of('carol') $$,
    'a membership that moves to another organization gives nothing in the first');

select pg_temp.join_up('dave', null, 'writer');
delete from docket.members as m
 where m.principal = 'dave';
select is_empty(
    $$ select * from pg_temp.access_of('dave') $$,
    'the last membership takes all access with it');

select pg_temp.join_up('erin', i.two, 'writer') from ids as i;
delete from docket.projects as p
 using ids as i
 where p.project_id = i.two;
select is_empty(
    $$ select from docket_private.project_access as a, ids as i where a.project_id = i.two $$,
    'a project that is removed leaves no access behind');
select is_empty(
    $$ select from docket.members as m where m.principal = 'erin' $$,
    'nor a membership');

select lives_ok(
    $$ insert into docket.members (organization_id, principal, access)
       values ('00000000-0000-7000-8000-00000000000a', 'frank', 'reader') $$,
    'an organization may have members before it has projects');
select throws_ok(
    $$ insert into docket.members (organization_id, principal, access)
       values ('00000000-0000-7000-8000-00000000000a', 'frank', 'admin') $$,
    '23505', null, 'one principal has one membership in one place');
select throws_ok(
    $$ insert into docket.members (organization_id, principal, access)
       values ('00000000-0000-7000-8000-00000000000a', 'grace', 'owner') $$,
    '23514', null, 'an access is reader, writer or admin');
select throws_ok(
    $$ insert into docket.members (organization_id, principal, access)
       values ('00000000-0000-7000-8000-00000000000a', '', 'reader') $$,
    '23514', null, 'a principal has a name');

delete from docket.organizations as o
 where o.name = 'Others';
select is_empty(
    $$ select from docket.members as m where m.principal in ('carol', 'frank') $$,
    'with the organization its memberships go');

set local role tap_members_ann;
select throws_ok(
    'select from docket.members',
    '42501', 'permission denied for table members',
    'a client does not read who else may see what');

select * from finish();
rollback;
