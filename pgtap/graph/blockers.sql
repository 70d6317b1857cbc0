-- blockers() and impact() walk the graph both ways, each task once, the nearest first.

begin;
select plan(24);

select docket_test.graph('layered');
select docket.add_dependency(docket_test.id('c1'), docket_test.id('a1'));
select docket.add_dependency(docket_test.id('c1'), docket_test.id('c2'), 'related');

select results_eq(
    $$ select b.depth, b.blocker_key
         from docket.blockers(docket_test.id('c1')) as b
        order by b.depth, b.blocker_key $$,
    $$ values (1, 'a1'), (1, 'b1'), (1, 'b2'), (1, 'b3'), (2, 'a2') $$,
    'everything that a task waits for, at its least depth');
select results_eq(
    $$ select i.depth, i.affected_key
         from docket.impact(docket_test.id('a1')) as i
        order by i.depth, i.affected_key $$,
    $$ values (1, 'b1'), (1, 'b2'), (1, 'b3'), (1, 'c1'), (2, 'c2') $$,
    'everything that waits for a task');
create function pg_temp.freed(key text) returns text
language sql
as $$
    select string_agg(i.affected_key, ',' order by i.affected_key)
      from docket.impact(docket_test.id(freed.key)) as i
     where i.is_freed;
$$;
select results_eq(
    $$ select t.task_key, pg_temp.freed(t.task_key)
         from docket.list_tasks(docket_test.project_id()) as t
        order by t.task_key $$,
    $$ select t.task_key,
              (select string_agg(s.task_key, ',' order by s.task_key)
                 from docket.simulate_completion(array[t.task_id]) as s)
         from docket.list_tasks(docket_test.project_id()) as t
        order by t.task_key $$,
    'what it frees at once is what simulate_completion() says');
select is(
    (select bool_or(i.is_freed) from docket.impact(docket_test.id('c2')) as i), null,
    'a leaf frees nothing');
select is(
    (select array_agg(b.depth) from docket.blockers(docket_test.id('c1')) as b),
    array[1, 1, 1, 1, 2], 'the nearest come first');
select set_eq(
    $$ select b.blocker_key from docket.blockers(docket_test.id('c2'), max_depth => 1) as b $$,
    array['b1', 'b2', 'b3'], 'no further than so many steps');
select is_empty(
    $$ select * from docket.blockers(docket_test.id('c2'), max_depth => 0) $$, 'or none');
select is(
    (select count(*) from docket.blockers(docket_test.id('c1'), max_tasks => 2)), 2::bigint,
    'no more than so many tasks');
select is(
    (select count(*) from docket.blockers(docket_test.id('c1'), max_tasks => null)), 5::bigint,
    'or all of them');
select is(
    (select count(*) from docket.impact(docket_test.id('a1'), max_tasks => 0)), 0::bigint,
    'none is none');
select results_eq(
    $$ select n.blocker_key
         from docket.blockers(docket_test.id('c1'), max_tasks => 2) as p
        cross join lateral docket.blockers(
                  docket_test.id('c1'), max_tasks => 3, after_depth => p.depth,
                  after => p.blocker_id) as n
        order by p.blocker_id desc, n.depth, n.blocker_id
        limit 3 $$,
    $$ select b.blocker_key
         from docket.blockers(docket_test.id('c1')) as b
        order by b.depth, b.blocker_id
       offset 2 $$,
    'the next page begins after the last task of the one before');
select results_eq(
    $$ select i.depth, i.affected_key
         from docket.impact(docket_test.id('a2'), after_depth => 1, after => docket_test.id('b3'),
                            max_tasks => 1) as i $$,
    $$ select i.depth, i.affected_key
         from docket.impact(docket_test.id('a2')) as i
        where (i.depth, i.affected_id) > (1, docket_test.id('b3'))
        order by i.depth, i.affected_id
        limit 1 $$,
    'upwards as well');
select is_empty($$ select * from docket.blockers(docket_test.id('a1')) $$, 'nothing blocks a root');
select is_empty($$ select * from docket.impact(docket_test.id('c2')) $$, 'a leaf blocks nothing');

update docket.tasks set status = 'completed' where task_id = docket_test.id('b1');
select set_eq(
    $$ select b.blocker_key from docket.blockers(docket_test.id('c1')) as b $$,
    array['a1', 'a2', 'b2', 'b3'], 'what is completed blocks nobody');
update docket.tasks
   set status = 'completed'
 where task_id in (docket_test.id('b2'), docket_test.id('b3'));
select set_eq(
    $$ select b.blocker_key from docket.blockers(docket_test.id('c1')) as b $$,
    array['a1'], 'nor does what lies behind it');
select set_eq(
    $$ select b.blocker_key, b.status::text
         from docket.blockers(docket_test.id('c1'), include_completed => true) as b $$,
    $$ values ('a1', 'pending'), ('a2', 'pending'), ('b1', 'completed'), ('b2', 'completed'),
              ('b3', 'completed') $$,
    'unless one asks for all');
select results_eq(
    $$ select g.direction, g.depth, g.related_task_key
         from docket.get_task_dependency_graph(docket_test.id('b1')) as g
        order by g.direction, g.related_task_key $$,
    $$ values ('ancestor', 1, 'a1'), ('ancestor', 1, 'a2'), ('descendant', 1, 'c1'),
              ('descendant', 1, 'c2') $$,
    'the whole graph of a task has both directions');

-- A client reads it with his own rights.
create role tap_walk_member;
create role tap_walk_stranger;
grant docket_reader to tap_walk_member, tap_walk_stranger;
select docket_test.member('tap_walk_member', 'reader');
create temporary table ids as select docket_test.id('c1') as c1;
grant select on ids to public;
set local role tap_walk_member;
select is(
    (select count(*) from ids as i cross join docket.blockers(i.c1)), 1::bigint,
    'a member sees what blocks');
set local role tap_walk_stranger;
select is(
    (select count(*) from ids as i cross join docket.blockers(i.c1)), 0::bigint,
    'a stranger does not');
reset role;

-- What is completed blocks those who ask for more, and leads no further.
select is(pg_temp.freed('a1'), 'c1', 'the last that is missing frees what waits for it');

select docket_test.project('asking');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "o", "title": "O"},
           {"task_key": "p", "title": "P", "status": "done", "depends_on": ["o"]},
           {"task_key": "m", "title": "M",
            "depends_on": [{"task": "p", "satisfied_by": "merged"}]},
           {"task_key": "n", "title": "N", "depends_on": ["m"]}]');
select results_eq(
    $$ select b.depth, b.blocker_key from docket.blockers(docket_test.id('n')) as b $$,
    $$ values (1, 'm'), (2, 'p') $$,
    'a merge that is waited for blocks');
select results_eq(
    $$ select b.depth, b.blocker_key
         from docket.blockers(docket_test.id('n'), include_completed => true) as b $$,
    $$ values (1, 'm'), (2, 'p'), (3, 'o') $$,
    'all that is before it is still asked for with include_completed');
update docket.tasks set merged_at = docket.clock() where task_id = docket_test.id('p');
select results_eq(
    $$ select b.depth, b.blocker_key from docket.blockers(docket_test.id('n')) as b $$,
    $$ values (1, 'm') $$, 'once it is merged it does not');

select * from finish();
rollback;
