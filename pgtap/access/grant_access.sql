-- Admins say who may see and change what; nobody raises himself, and the last admin stays.

begin;
select plan(35);

create role tap_grant_ann in role docket_app;
create role tap_grant_bob in role docket_app;
create role tap_grant_eve in role docket_app;
create role tap_grant_bot in role docket_agent;
create role tap_grant_ops in role docket_admin;

set local role tap_grant_eve;
select docket_test.project('eves');
set local role tap_grant_ann;
select docket_test.project('one'), docket_test.project('two');
create temporary table ids as
select docket.project_id('one') as one, docket.project_id('two') as two, p.organization_id as org
  from docket.get_project(docket.project_id('one')) as p;
grant select on ids to public;

create function pg_temp.sees() returns text language sql as $$
    select string_agg(p.slug, ' ' order by p.slug)
      from docket.list_projects() as p
     where p.created_by = 'tap_grant_ann'
$$;

-- What is given counts at once.
select results_eq(
    $$ select m.principal, m.access::text, m.project_id = i.one, m.organization_id = i.org
         from ids as i
        cross join docket.grant_access('tap_grant_bob', 'reader', i.one) as m $$,
    $$ values ('tap_grant_bob', 'reader', true, true) $$,
    'an admin gives access to his project');
set local role tap_grant_bob;
select is(pg_temp.sees(), 'one', 'which is then seen, and no other');
select throws_ok(
    $$ select docket.create_task((select i.one from ids as i), 'x') $$,
    'PD403', null, 'a reader changes nothing');
select throws_ok(
    $$ select docket.grant_access('tap_grant_bob', 'admin', i.one) from ids as i $$,
    'PD403', null, 'least of all his own access');
select throws_ok(
    $$ select docket.grant_access('tap_grant_eve', 'reader', i.one) from ids as i $$,
    'PD403', null, 'or another''s');
select throws_ok(
    $$ select docket.revoke_access('tap_grant_ann', i.one) from ids as i $$,
    'PD403', null, 'nor does he take any');
select throws_ok(
    $$ select docket.grant_access('tap_grant_bob', 'reader', organization_id => i.org)
         from ids as i $$,
    'PD403', null, 'he knows of the organization, and is not its admin');

set local role tap_grant_ann;
select lives_ok(
    $$ select docket.grant_access('tap_grant_bob', 'admin', i.one) from ids as i $$,
    'access is raised by giving more');
set local role tap_grant_bob;
select lives_ok(
    $$ select docket.grant_access('tap_grant_eve', 'writer', i.one) from ids as i $$,
    'an admin of one project gives access to it');
select throws_ok(
    $$ select docket.grant_access('tap_grant_bob', 'admin', i.two) from ids as i $$,
    'PD404', null, 'not to another, which does not exist for him');
select throws_ok(
    $$ select docket.grant_access('tap_grant_bob', 'admin', organization_id => i.org)
         from ids as i $$,
    'PD403', null, 'nor to the organization');
set local role tap_grant_ann;
select throws_ok(
    $$ select docket.grant_access('tap_grant_ann', 'admin', i.one) from ids as i $$,
    'PD403', 'tap_grant_ann can not give access to himself',
    'nobody gives himself what would outlast what he has');

-- The whole organization.
select lives_ok(
    $$ select docket.grant_access('tap_grant_eve', 'reader', organization_id => i.org)
         from ids as i $$,
    'an admin of the organization gives access to all of it');
set local role tap_grant_eve;
select is(pg_temp.sees(), 'one two', 'all of it is seen');
select lives_ok(
    $$ select docket.create_task((select i.one from ids as i), 'x') $$,
    'of two accesses the higher holds');
set local role tap_grant_ann;
select results_eq(
    $$ select m.access::text from ids as i
        cross join docket.revoke_access('tap_grant_eve', i.one) as m $$,
    array['writer'], 'what is taken is what was given there');
select throws_ok(
    $$ select docket.revoke_access('tap_grant_eve', i.one) from ids as i $$,
    'PD404', '''tap_grant_eve'' has not been given access to this project', 'and can be taken once');
set local role tap_grant_eve;
select is(pg_temp.sees(), 'one two', 'what was given elsewhere stays');

-- The last admin.
set local role tap_grant_ann;
select throws_ok(
    $$ select docket.revoke_access('tap_grant_ann', organization_id => i.org) from ids as i $$,
    'PD409', 'tap_grant_ann is the last admin', 'the last admin of an organization stays');
select throws_ok(
    $$ select docket.grant_access('tap_grant_ann', 'reader', organization_id => i.org)
         from ids as i $$,
    'PD409', 'tap_grant_ann is the last admin', 'as an admin');
select lives_ok(
    $$ select docket.revoke_access('tap_grant_bob', i.one) from ids as i $$,
    'the admin of a project goes while the organization has one');
set local role tap_grant_ops;
select lives_ok(
    $$ select docket.grant_access('tap_grant_bob', 'admin', i.two) from ids as i $$,
    'an operator gives access anywhere');
select throws_ok(
    $$ select docket.grant_access('tap_grant_ops', 'reader', i.two) from ids as i $$,
    'PD403', null, 'but to himself');
select lives_ok(
    $$ select docket.revoke_access('tap_grant_ann', organization_id => i.org) from ids as i $$,
    'and takes the last admin''s');
set local role tap_grant_bob;
select throws_ok(
    $$ select docket.grant_access('tap_grant_bob', 'writer', i.two) from ids as i $$,
    'PD409', 'tap_grant_bob is the last admin', 'a project of an organization without an admin keeps its own');
set local role tap_grant_ann;
select is(pg_temp.sees(), null, 'who is no member any more sees nothing');
select throws_ok(
    $$ select docket.grant_access('tap_grant_ann', 'admin', organization_id => i.org)
         from ids as i $$,
    'PD404', null, 'and finds no organization');

-- Arguments, and repeats.
set local role tap_grant_bob;
select throws_ok(
    $$ select docket.grant_access('x', 'owner', i.two) from ids as i $$,
    'PD422', 'access "owner" is not known', 'an access is reader, writer or admin');
select throws_ok(
    $$ select docket.grant_access('', 'reader', i.two) from ids as i $$,
    'PD422', null, 'a principal has a name');
select throws_ok(
    $$ select docket.grant_access('x', 'reader') $$, 'PD422', null, 'access is to something');
select throws_ok(
    $$ select docket.grant_access('x', 'reader', i.two, i.org) from ids as i $$,
    'PD422', null, 'to one thing');
select is(
    (select (docket.grant_access(
        'carol', 'reader', i.two, request_id => '00000000-0000-4000-8000-000000000001')).member_id
       from ids as i),
    (select (docket.grant_access(
        'carol', 'admin', i.two, request_id => '00000000-0000-4000-8000-000000000001')).member_id
       from ids as i),
    'the same request again changes nothing');
set local role tap_grant_bot;
select throws_ok(
    $$ select docket.grant_access('tap_grant_bot', 'admin', i.two) from ids as i $$,
    '42501', null, 'the role of agents may not even ask');

-- The journal.
reset role;
select results_eq(
    $$ select l.operation::text, l.principal, coalesce(l.new_values, l.old_values) ->> 'access'
         from docket.audit_log as l
         join ids as i on i.one = l.project_id
        where l.table_name = 'members'
        order by l.audit_id $$,
    $$ values ('insert', 'tap_grant_ann', 'reader'), ('update', 'tap_grant_ann', 'admin'),
              ('insert', 'tap_grant_bob', 'writer'), ('delete', 'tap_grant_ann', 'writer'),
              ('delete', 'tap_grant_ann', 'admin') $$,
    'the journal says who gave what, and who took it');
select is(
    (select m.access::text
       from docket.members as m
      where m.principal = 'carol'), 'reader', 'and the first request counts');

select * from finish();
rollback;
