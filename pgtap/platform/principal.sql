-- Who asks is the session's role; only a gateway speaks for another, with that one's rights alone.

begin;
select plan(13);

create role tap_principal_person in role docket_app;
create role tap_principal_gateway;
grant docket_app to tap_principal_gateway;
grant docket_admin to tap_principal_gateway;
grant docket_gateway to tap_principal_gateway;

select is(
    docket.principal(), session_user::text,
    'a session that says nothing is its own principal');

set local role tap_principal_person;
select is(docket.principal(), 'tap_principal_person', 'a role that was set is the principal');

select set_config('docket.actor', 'somebody else', true);
select is(
    docket.principal(), 'tap_principal_person',
    'whoever is no gateway and names another stays himself');

select lives_ok(
    $$ select docket.create_project(slug => 'his-own') $$,
    'and goes on with his own work');
select is(
    (select p.created_by from docket.list_projects() as p), 'tap_principal_person',
    'which is recorded under his own name, also by a function with its definer''s rights');

select set_config('docket.actor', '', true);
set local role docket_admin;
select isnt_empty(
    $$ select from docket.list_projects() as p where p.slug = 'his-own' $$,
    'an operator sees the project');

select set_config('docket.actor', 'somebody else', true);
select is(docket.principal(), 'docket_admin', 'an operator who is no gateway speaks for nobody');
select is_empty(
    $$ select from docket.list_projects() $$,
    'and as soon as he tries, he is no operator any more');

set local role tap_principal_gateway;
select set_config('docket.actor', '', true);
select isnt_empty(
    $$ select from docket.list_projects() as p where p.slug = 'his-own' $$,
    'a gateway that is an operator too sees the project in its own name');

select set_config('docket.actor', 'ann@example.org', true);
select is(docket.principal(), 'ann@example.org', 'a gateway speaks for whom it names');
select is_empty(
    $$ select from docket.list_projects() $$,
    'and then sees what that person sees, without its own rights as an operator');

select set_config('docket.actor', 'docket_admin', true);
select is_empty(
    $$ select from docket.list_projects() $$,
    'not even the name of the operators'' role brings them back');

select set_config('docket.actor', 'tap_principal_person', true);
select results_eq(
    $$ select p.slug from docket.list_projects() as p $$,
    array['his-own'],
    'for the person himself it sees his project');

select * from finish();
rollback;
