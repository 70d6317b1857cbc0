-- add_dependency() makes one task wait for another; what can't be is refused, by name.

begin;
select plan(24);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('other');
select docket.create_task(docket_test.project_id(), 'Far', task_key => 'far');
create temporary table far as select docket_test.id('far') as task_id;
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"},
           {"task_key": "c", "title": "C"}]');

create role tap_depend_writer;
create role tap_depend_reader;
create role tap_depend_stranger;
grant docket_agent to tap_depend_writer, tap_depend_reader, tap_depend_stranger;
select docket_test.member('tap_depend_writer');
select docket_test.member('tap_depend_reader', 'reader');
create temporary table ids as
select docket_test.id('a') as a, docket_test.id('b') as b, docket_test.id('c') as c;
grant select on ids, far to public;

select results_eq(
    $$ select d.task_id, d.depends_on_id, d.dependency_type::text, d.strength, d.created_at
         from ids as i
        cross join docket.add_dependency(i.b, i.a) as d $$,
    $$ select i.b, i.a, 'blocks', null::numeric, docket.clock() from ids as i $$,
    'it blocks, when nothing else is said');
select docket_test.pass('1 hour');
select results_eq(
    $$ select d.created_at, d.strength
         from ids as i
        cross join docket.add_dependency(i.b, i.a) as d $$,
    $$ values (docket.clock() - interval '1 hour', null::numeric) $$,
    'the same again is the same one');
select results_eq(
    $$ select d.dependency_type::text, d.strength
         from ids as i
        cross join docket.add_dependency(i.b, i.a, 'depends_on', 0.5) as d $$,
    $$ values ('blocks', 0.5) $$,
    'with a strength, and by its other name');
select results_eq(
    $$ select d.strength from ids as i cross join docket.add_dependency(i.b, i.a) as d $$,
    $$ values (0.5) $$, 'a strength stays when none is given');
select is(
    (select count(*) from docket.task_dependencies where project_id = docket_test.project_id()),
    1::bigint, 'all of this was one row');

select throws_ok(
    $$ select docket.add_dependency(i.a, i.b) from ids as i $$,
    'PDCYC', 'dependency cycle: a -> b -> a', 'a cycle is refused');
select throws_ok(
    $$ select docket.add_dependency(i.a, i.a) from ids as i $$,
    'PDCYC', 'dependency cycle: a -> a', 'on itself, too');
select throws_ok(
    $$ select docket.add_dependency(i.a, i.a, 'related') from ids as i $$,
    'PD422', null, 'and a task is not related to itself');
select throws_ok(
    $$ select docket.add_dependency(i.a, i.b, 'needs') from ids as i $$,
    'PD422', '''needs'' is no type of dependency', 'an unknown type is refused');
select throws_ok(
    $$ select docket.add_dependency(i.a, i.b, 'related', 2) from ids as i $$,
    'PD422', 'a strength of 2 can not be meant', 'so is a strength over 1');
select throws_ok(
    $$ select docket.add_dependency(i.a, '00000000-0000-7000-8000-000000000000') from ids as i $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist',
    'so is a task that there is not');
select throws_ok(
    $$ select docket.add_dependency(null, i.a) from ids as i $$,
    'PD404', 'task null does not exist', 'or none at all');
select throws_ok(
    $$ select docket.add_dependency(i.a, f.task_id) from ids as i cross join far as f $$,
    'PD422', null, 'two projects have no dependency');

-- The same request twice.
select docket.add_dependency(i.c, i.a, request_id => '11111111-1111-4111-8111-111111111111')
  from ids as i;
select docket.remove_dependency(i.c, i.a) from ids as i;
select results_eq(
    $$ select d.depends_on_id
         from ids as i
        cross join docket.add_dependency(
                       i.c, i.a, request_id => '11111111-1111-4111-8111-111111111111') as d $$,
    $$ select i.a from ids as i $$, 'a request that is repeated gets its first answer');
select is(
    (select count(*) from docket.dependencies((select i.c from ids as i))),
    0::bigint, 'and does nothing');

-- Who may.
set local role tap_depend_writer;
select lives_ok($$ select docket.add_dependency(i.c, i.b) from ids as i $$, 'a writer may');
set local role tap_depend_reader;
select throws_ok(
    $$ select docket.add_dependency(i.c, i.a) from ids as i $$, 'PD403', null, 'a reader may not');
set local role tap_depend_stranger;
select throws_ok(
    format('select docket.add_dependency(%L, %L)', i.c, i.a),
    'PD404', format('task %s does not exist', i.c), 'for a stranger there is no such task')
  from ids as i;
reset role;

-- What it waits for.
select docket.create_task(docket_test.project_id(), 'Late', task_key => 'late', status => 'done');
select docket.create_task(docket_test.project_id(), 'Waiting', task_key => 'waiting');
create function pg_temp.ask(satisfied_by text, dependency_type text default 'blocks') returns text
language sql
as $$
    select (docket.add_dependency(
               docket_test.id('waiting'), docket_test.id('late'), ask.dependency_type,
               satisfied_by => ask.satisfied_by)).satisfied_by;
$$;
create function pg_temp.waits() returns boolean
language sql
as $$
    select not exists (
        select from docket.ready_tasks as r where r.task_id = docket_test.id('waiting'));
$$;
select pg_temp.ask('merged');
select ok(pg_temp.waits(), 'completed is not merged');
select pg_temp.ask(null);
select ok(pg_temp.waits(), 'what is there stays');
select pg_temp.ask('validated');
select ok(not pg_temp.waits(), 'until it is to ask for something else');
select pg_temp.ask('merged');
select ok(pg_temp.waits(), 'and back');
select throws_ok(
    $$ select pg_temp.ask('validated', 'related') $$,
    'PD422', 'a dependency of type related waits for nothing',
    'what orders nothing, waits for nothing');
select throws_ok(
    $$ select pg_temp.ask('approved') $$, 'PD422', null, 'nobody waits for what there is not');

select * from finish();
rollback;
