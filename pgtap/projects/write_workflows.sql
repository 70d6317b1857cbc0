-- Workflows are made and changed in one call each, and refused in words.

begin;
select plan(14);

select docket_test.project('one');

select results_eq(
    $$ select w.name, w.requirements, w.status::text, w.version, w.workflow_id is not null
         from docket.create_workflow(
                  docket_test.project_id(), 'Release 1', '{"must": ["a"]}') as w $$,
    $$ values ('Release 1', '{"must": ["a"]}'::jsonb, 'active', 1::bigint, true) $$,
    'a workflow is made with its requirements, active, and has an id');
select is(
    (select w.requirements from docket.create_workflow(docket_test.project_id(), 'Plain',
    null) as w),
    '{}'::jsonb,
    'it may have none');
select throws_ok(
    $$ select docket.create_workflow(docket_test.project_id(), 'Plain') $$,
    'PD409', 'workflow "Plain" exists already in this project', 'a name that is taken is refused');
select throws_ok(
    $$ select docket.create_workflow(docket_test.project_id(), '') $$,
    'PD422', 'workflow '''' is refused: a name has 1 to 255 characters', 'so is an empty one');
select throws_ok(
    $$ select docket.create_workflow(docket_test.project_id(), null) $$,
    'PD422', null, 'so is none');
select throws_ok(
    $$ select docket.create_workflow(docket_test.project_id(), 'x', '[]') $$,
    'PD422', 'workflow ''x'' is refused: requirements are a JSON object',
    'so are requirements of another kind');

create temporary table made as
select w.workflow_id
  from docket.list_workflows(docket_test.project_id()) as w
 where w.name = 'Release 1';

select results_eq(
    $$ select w.name, w.requirements, w.status::text, w.version
         from made as m
        cross join lateral docket.update_workflow(m.workflow_id, '{"status": "paused"}', 1) as w $$,
    $$ values ('Release 1', '{"must": ["a"]}'::jsonb, 'paused', 2::bigint) $$,
    'a field that is given changes, every other stays');
select throws_ok(
    $$ select docket.update_workflow(m.workflow_id, '{"name": "x"}', 1) from made as m $$,
    'PDVER', 'workflow Release 1 is at version 2, not 1', 'who has read an older version is told');
select throws_ok(
    $$ select docket.update_workflow(m.workflow_id, '{"status": "started"}') from made as m $$,
    'PD422', null, 'a status that is none is refused');
select throws_ok(
    $$ select docket.update_workflow(m.workflow_id, '{"title": "x"}') from made as m $$,
    'PD422', 'the change of a workflow has no field title', 'so is a field that is not known');
select throws_ok(
    $$ select docket.update_workflow(m.workflow_id, '{"name": "Plain"}') from made as m $$,
    'PD409', 'workflow "Plain" exists already in this project', 'so is a name that is taken');
select throws_ok(
    $$ select docket.update_workflow('00000000-0000-7000-8000-000000000000', '{}') $$,
    'PD404', 'workflow 00000000-0000-7000-8000-000000000000 does not exist',
    'so is a workflow that does not exist');

select is(
    (select count(distinct w.workflow_id)
       from (values (1), (2)) as twice (n)
      cross join lateral docket.create_workflow(
                docket_test.project_id(), 'Try ' || twice.n,
                request_id => '00000000-0000-4000-8000-000000000001') as w), 1::bigint,
    'the same request twice makes one');
select is(
    (select count(distinct w.version)
       from (values (1), (2)) as twice (n)
      cross join made as m
      cross join lateral docket.update_workflow(
                m.workflow_id, jsonb_build_object('name', 'Try ' || (twice.n + 2)),
                request_id => '00000000-0000-4000-8000-000000000002') as w), 1::bigint,
    'and changes one once');

select * from finish();
rollback;
