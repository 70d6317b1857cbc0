-- A dependency joins two tasks of one project, in one known way, once, and never turns around.

begin;
select plan(32);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"},
           {"task_key": "c", "title": "C"}]');

-- One row, written as plainly as any client could.
create function pg_temp.link(task text, depends_on text, fields jsonb default '{}')
returns docket.task_dependencies
language sql
as $$
    insert into docket.task_dependencies (
        task_id, project_id, depends_on_id, dependency_type, strength, metadata)
    values (docket_test.id(link.task), docket_test.project_id(), docket_test.id(link.depends_on),
            coalesce(link.fields ->> 'type', 'blocks'), (link.fields ->> 'strength')::numeric,
            coalesce(link.fields -> 'metadata', '{}'))
    returning *;
$$;

insert into docket.task_dependencies (task_id, project_id, depends_on_id)
values (docket_test.id('b'), docket_test.project_id(), docket_test.id('a'));
select results_eq(
    $$ select d.dependency_type::text, d.satisfied_by::text, d.strength, d.metadata, d.created_at,
              d.created_by
         from docket.task_dependencies as d
        where d.project_id = docket_test.project_id() $$,
    $$ values ('blocks', 'completed', null::numeric, '{}'::jsonb, docket.clock(),
               docket.principal()) $$,
    'a dependency blocks, when nothing else is said');
select throws_ok(
    $$ select pg_temp.link('b', 'a') $$,
    '23505', null, 'the same pair and type is there once');
select lives_ok(
    format('select pg_temp.link(%L, %L, %L)', 'b', 'a', jsonb_build_object('type', t.name)),
    'two tasks may also be: ' || t.name)
  from unnest(array['suggests', 'related', 'duplicates', 'discovered_from', 'supersedes'])
       as t (name);
select lives_ok(
    $$ select pg_temp.link('a', 'b', '{"type": "related"}') $$,
    'what orders nothing goes both ways');
select throws_ok(
    $$ select pg_temp.link('c', 'a', '{"type": "depends_on"}') $$,
    '23514', null, 'no other word is stored');
select throws_ok(
    $$ select pg_temp.link('a', 'a') $$,
    '23514', null, 'a task does not depend on itself');
select throws_ok(
    $$ select pg_temp.link('a', 'a', '{"type": "related"}') $$,
    '23514', null, 'nor is it related to itself');
select throws_ok(
    $$ select pg_temp.link('c', 'a', '{"strength": 1.01}') $$,
    '23514', null, 'a strength is at most 1');
select throws_ok(
    $$ select pg_temp.link('c', 'a', '{"strength": -0.01}') $$,
    '23514', null, 'and at least 0');
select lives_ok(
    $$ select pg_temp.link('c', 'a', '{"strength": 0.25}') $$, 'what is between is kept');

select throws_ok(
    $$ update docket.task_dependencies
          set depends_on_id = docket_test.id('c')
        where task_id = docket_test.id('b') and dependency_type = 'blocks' $$,
    'PD422', 'the ends and the type of a dependency do not change',
    'a dependency does not turn to another task');
select throws_ok(
    $$ update docket.task_dependencies
          set dependency_type = 'blocks'
        where task_id = docket_test.id('a') $$,
    'PD422', null, 'nor into another type');
select lives_ok(
    $$ update docket.task_dependencies
          set strength = 0.5, dependency_type = dependency_type
        where task_id = docket_test.id('b') $$,
    'its strength may change');
select is(
    (select l.new_values ->> 'strength'
       from docket.audit_log as l
      where l.table_name = 'task_dependencies'
        and l.row_id = docket_test.id('b')
        and l.operation = 'update'
        and l.new_values ->> 'strength' = '0.5'
      order by l.audit_id
      limit 1),
    '0.5', 'and the journal has it');

delete from docket.tasks where task_id = docket_test.id('a');
select is_empty(
    $$ select * from docket.task_dependencies as d
        where d.project_id = docket_test.project_id() $$,
    'with a task go its dependencies, whichever end it was');

select is(docket_private.read_dependency_type(' Depends-On ')::text, 'blocks',
    'depends_on is read as blocks, however it is written');
select throws_ok(
    $$ select docket_private.read_dependency_type('needs') $$,
    'PD422', '''needs'' is no type of dependency', 'an unknown word is refused');

-- What satisfies it.
select throws_ok(
    $$ insert into docket.task_dependencies (
           task_id, project_id, depends_on_id, dependency_type, satisfied_by)
       values (docket_test.id('c'), docket_test.project_id(), docket_test.id('b'), 'related',
               'merged') $$,
    '23514', null, 'what orders nothing asks for nothing');
select is(docket_private.read_satisfaction(' Merged ')::text, 'merged',
    'it is read however it is written');
select throws_ok(
    $$ select docket_private.read_satisfaction('approved') $$,
    'PD422', '''approved'' satisfies no dependency', 'an unknown word is refused');
select is(
    docket_private.is_satisfied(
        s.satisfied_by, s.status, case when s.is_merged then docket.clock() end, s.gates),
    s.answer,
    format('%s, %s, %s gates: %s satisfied', s.status,
           case when s.is_merged then 'merged' else 'not merged' end, s.gates, s.satisfied_by))
  from (values ('completed', 'completed', false, 1, true),
               ('completed', 'review', true, 0, false),
               ('merged', 'completed', false, 0, false),
               ('merged', 'completed', true, 1, true),
               ('merged', 'pending', true, 0, false),
               ('validated', 'completed', false, 0, true),
               ('validated', 'completed', true, 1, false),
               ('validated', 'pending', true, 0, false))
       as s (satisfied_by, status, is_merged, gates, answer);

select * from finish();
rollback;
