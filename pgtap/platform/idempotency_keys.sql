-- The same request twice is answered once, to the one who asked, for the function that he asked.

begin;
select plan(14);

create role tap_request_ann in role docket_app;
create role tap_request_bob in role docket_app;

set local role tap_request_ann;

create temporary table answers as
select 1 as attempt, p.*
  from docket.create_project(
           slug => 'once', settings => '{"lease_seconds": 60}',
           request_id => '00000000-0000-4000-8000-000000000001') as p;

insert into answers
select 2, p.*
  from docket.create_project(
           slug => 'something-else', request_id => '00000000-0000-4000-8000-000000000001') as p;

select is(
    (select count(*) from docket.list_projects()), 1::bigint,
    'a request that comes twice is carried out once');
select is(
    (select count(distinct to_jsonb(a) - 'attempt') from answers as a), 1::bigint,
    'the second time is given the whole first answer');

select throws_ok(
    $$ select docket.update_project(
                  project_id => docket.project_id('once'), changes => '{"name": "Twice"}',
                  request_id => '00000000-0000-4000-8000-000000000001') $$,
    'PD409',
    'request 00000000-0000-4000-8000-000000000001 was a call of create_project, '
    'not of update_project',
    'a request id that was used for another function is refused');

select throws_ok(
    $$ select docket.create_project(
                  slug => 'NOT A SLUG', request_id => '00000000-0000-4000-8000-000000000002') $$,
    'PD422', null,
    'a request that fails');
select lives_ok(
    $$ select docket.create_project(
                  slug => 'a-slug', request_id => '00000000-0000-4000-8000-000000000002') $$,
    'leaves its id free for the one that succeeds');

select lives_ok(
    $$ select docket.create_project(slug => 'no-id-1'), docket.create_project(slug => 'no-id-2') $$,
    'without an id every call counts');
select is((select count(*) from docket.list_projects()), 4::bigint, 'and makes its own project');

grant select on answers to tap_request_bob;
set local role tap_request_bob;
select isnt(
    (select p.project_id
       from docket.create_project(
                slug => 'once', request_id => '00000000-0000-4000-8000-000000000001') as p),
    (select a.project_id
       from answers as a
      where a.attempt = 1),
    'another principal''s same id is another request');
select is((select count(*) from docket.list_projects()), 1::bigint, 'and gives away nothing');
select throws_ok(
    $$ select from docket.idempotency_keys $$,
    '42501', 'permission denied for table idempotency_keys',
    'no client reads what was answered');

reset role;
select results_eq(
    $$ select k.principal, k.function_name
         from docket.idempotency_keys as k
        order by k.principal, k.request_id $$,
    $$ values ('tap_request_ann', 'create_project'),
              ('tap_request_ann', 'create_project'),
              ('tap_request_bob', 'create_project') $$,
    'one row is kept for each principal and request');
select is_empty(
    $$ select from docket.idempotency_keys as k where k.answer is null $$,
    'with its answer');

-- A list as the answer.
set local role tap_request_ann;
select results_eq(
    $$ select t.title
         from docket.create_tasks(
                  docket.project_id('once'), '[{"title": "a"}, {"title": "b"}]',
                  '00000000-0000-4000-8000-000000000003') as t
        union all
       select t.title
         from docket.create_tasks(
                  docket.project_id('once'), '[{"title": "c"}]',
                  '00000000-0000-4000-8000-000000000003') as t $$,
    array['a', 'b', 'a', 'b'],
    'a function that returns rows returns the same rows again');
select is(
    (select count(*) from docket.list_tasks(docket.project_id('once'))), 2::bigint,
    'and has made them once');

select * from finish();
rollback;
