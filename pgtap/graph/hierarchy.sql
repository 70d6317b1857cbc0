-- Parents make no loop, and no task waits for its own ancestor or descendant.

begin;
select plan(15);

select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"},
           {"task_key": "b", "title": "B", "parent": "a"},
           {"task_key": "c", "title": "C", "parent": "b"},
           {"task_key": "d", "title": "D", "parent": "a"},
           {"task_key": "x", "title": "X"},
           {"task_key": "y", "title": "Y", "parent": "x"}]');

create function pg_temp.move(task text, parent text) returns void
language sql
as $$
    update docket.tasks
       set parent_task_id = docket_test.id(move.parent)
     where task_id = docket_test.id(move.task);
$$;

create function pg_temp.depend(task text, depends_on text) returns void
language sql
as $$
    select docket.add_dependency(docket_test.id(depend.task), docket_test.id(depend.depends_on));
$$;

select throws_ok(
    $$ select pg_temp.move('a', 'c') $$,
    'PDCYC', 'hierarchy cycle: a -> c -> b -> a', 'no task becomes its own ancestor');
select throws_ok(
    $$ select pg_temp.move('a', 'a') $$, '23514', null, 'nor its own parent');
select throws_ok(
    $$ update docket.tasks
          set parent_task_id = case task_id when docket_test.id('x') then docket_test.id('d')
                                            else docket_test.id('y') end
        where task_id in (docket_test.id('x'), docket_test.id('a')) $$,
    'PDCYC', null, 'not even by two moves in one statement');
select throws_ok(
    $$ with made as (
           select docket_private.new_id(docket_test.project_id(), 1) as p,
                  docket_private.new_id(docket_test.project_id(), 2) as q)
       insert into docket.tasks (task_id, project_id, task_key, title, parent_task_id)
       select m.p, docket_test.project_id(), 'p', 'P', m.q from made as m
        union all
       select m.q, docket_test.project_id(), 'q', 'Q', m.p from made as m $$,
    'PDCYC', null, 'nor do new tasks come as each other''s parents');

select throws_ok(
    $$ select pg_temp.depend('c', 'a') $$,
    'PDCYC', 'task c can not depend on its own ancestor a',
    'a task does not wait for its ancestor, which waits for it');
select throws_ok(
    $$ select pg_temp.depend('a', 'c') $$,
    'PDCYC', 'task a can not depend on its own descendant c', 'nor for its descendant');
select throws_ok(
    $$ insert into docket.task_dependencies (task_id, project_id, depends_on_id)
       values (docket_test.id('d'), docket_test.project_id(), docket_test.id('b')),
              (docket_test.id('y'), docket_test.project_id(), docket_test.id('x')) $$,
    'PDCYC', 'task y can not depend on its own ancestor x', 'nor as one of many');
select lives_ok(
    $$ select docket.add_dependency(docket_test.id('c'), docket_test.id('a'), 'related') $$,
    'it may be related to it');
select lives_ok($$ select pg_temp.depend('d', 'b') $$, 'siblings may wait for each other');
select lives_ok($$ select pg_temp.depend('d', 'c') $$, 'and for each other''s subtasks');

select pg_temp.depend('c', 'y');
select throws_ok(
    $$ select pg_temp.move('c', 'y') $$,
    'PDCYC', 'task c can not depend on its own ancestor y',
    'nobody moves under what he waits for');
select throws_ok(
    $$ select pg_temp.move('b', 'y') $$,
    'PDCYC', 'task c can not depend on its own ancestor y', 'nor takes a subtask there that waits');
select throws_ok(
    $$ select pg_temp.move('x', 'c') $$,
    'PDCYC', 'task c can not depend on its own descendant y', 'nor brings there what is waited for');
select lives_ok($$ select pg_temp.move('b', 'x') $$, 'other moves are free');
select is_empty(
    $$ select * from docket.graph_health(docket_test.project_id()) $$,
    'and what was refused has left nothing');

select * from finish();
rollback;
