-- Admins see who may see what; everybody sees what he was given himself.

begin;
select plan(10);

create role tap_listed_ann in role docket_app;
create role tap_listed_bob in role docket_app;
create role tap_listed_eve in role docket_reader;
create role tap_listed_ops in role docket_admin;

set local role tap_listed_ann;
select docket_test.project('one'), docket_test.project('two');
create temporary table ids as
select docket.project_id('one') as one, docket.project_id('two') as two, p.organization_id as org
  from docket.get_project(docket.project_id('one')) as p;
grant select on ids to public;
select docket.grant_access('tap_listed_bob', 'admin', i.one),
       docket.grant_access('tap_listed_eve', 'reader', i.one),
       docket.grant_access('tap_listed_eve', 'writer', i.two) from ids as i;

create function pg_temp.listed(project_id uuid default null, organization_id uuid default null)
returns text language sql as $$
    select string_agg(
               format('%s %s %s', right(m.principal, 3), m.access, coalesce(p.slug, 'all')), ', '
               order by m.member_id)
      from docket.list_access(listed.project_id, listed.organization_id) as m
      left join ids as i on true
      left join lateral (values (i.one, 'one'), (i.two, 'two')) as p (id, slug)
        on p.id = m.project_id
$$;

select is(
    (select pg_temp.listed(i.one) from ids as i), 'ann admin all, bob admin one, eve reader one',
    'of a project: its own members, and those of the organization');
select is(
    (select pg_temp.listed(organization_id => i.org) from ids as i),
    'ann admin all, bob admin one, eve reader one, eve writer two',
    'of an organization: also those of its projects');
select is(pg_temp.listed(), 'ann admin all', 'of nothing: one''s own');

set local role tap_listed_bob;
select is(
    (select pg_temp.listed(i.one) from ids as i), 'ann admin all, bob admin one, eve reader one',
    'an admin of the project sees them all');
select is(
    (select pg_temp.listed(i.two) from ids as i), null, 'of another project none');
select is(
    (select pg_temp.listed(organization_id => i.org) from ids as i), 'bob admin one',
    'and of the organization himself');

set local role tap_listed_eve;
select is(
    (select pg_temp.listed(i.one) from ids as i), 'eve reader one', 'a reader sees himself');
select is(pg_temp.listed(), 'eve reader one, eve writer two', 'wherever he is a member');

set local role tap_listed_ops;
select is(
    (select pg_temp.listed(i.one) from ids as i), 'ann admin all, bob admin one, eve reader one',
    'an operator sees everybody');
select results_eq(
    $$ select right(n.principal, 3)
         from ids as i
        cross join lateral docket.list_access(i.one, page_size => 1) as m
        cross join lateral docket.list_access(i.one, after => m.member_id, page_size => 1) as n $$,
    array['bob'], 'by pages');

select * from finish();
rollback;
