-- A task is one issue of Linear's, and an issue one task of a project.

begin;
select plan(9);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');

create function pg_temp.link(task text, fields jsonb default '{}') returns void
language sql
as $$
    insert into docket.linear_sync
    select s.*
      from jsonb_populate_record(
               null::docket.linear_sync,
               jsonb_build_object(
                   'linear_sync_id', docket_private.new_id(docket_test.project_id()),
                   'project_id', docket_test.project_id(), 'task_id', docket_test.id(link.task),
                   'issue_id', 'i1', 'direction', 'bidirectional', 'policies', '{}'::jsonb,
                   'issue', '{}'::jsonb, 'conflicts', '[]'::jsonb, 'failures', 0, 'version', 1,
                   'created_at', docket.clock(), 'updated_at', docket.clock(), 'created_by', 'x',
                   'updated_by', 'x') || link.fields) as s;
$$;

select throws_ok(
    $$ select pg_temp.link('a', '{"direction": "sideways"}') $$, '23514', null,
    'a direction is one of three');
select throws_ok($$ select pg_temp.link('a', '{"issue_id": ""}') $$, '23514', null, 'has an issue');
select throws_ok(
    $$ select pg_temp.link('a', '{"failures": 1}') $$, '23514', null, 'what failed says why');
select throws_ok(
    $$ select pg_temp.link('a', '{"issue": []}') $$, '23514', null, 'an issue has fields');
select lives_ok($$ select pg_temp.link('a') $$, 'a link');
select throws_ok($$ select pg_temp.link('b') $$, '23505', null, 'an issue is one task');
select throws_ok(
    $$ select pg_temp.link('a', '{"issue_id": "i2"}') $$, '23505', null, 'a task is one issue');
select docket.purge_task(docket_test.id('a'));
select is_empty(
    $$ select s.* from docket.linear_sync as s where s.project_id = docket_test.project_id() $$,
    'a link goes with its task');
select throws_ok(
    $$ select docket.update_setting('linear_teams', '"ENG"') $$, 'PD422', null,
    'settings keep their type');

select * from finish();
rollback;
