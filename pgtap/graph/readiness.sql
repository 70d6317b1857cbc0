-- The ready tasks follow every change of the tasks: status, archive, priority, time, deletion.

begin;
select plan(33);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.graph('diamond');

create function pg_temp.ready() returns text
language sql
as $$
    select coalesce(string_agg(k.key, ' ' order by k.key), '')
      from docket.ready_tasks as r
     cross join lateral docket_test.key(r.task_id) as k (key)
     where r.project_id = docket_test.project_id();
$$;

create function pg_temp.turn(tasks text[], status text) returns void
language sql
as $$
    update docket.tasks as t
       set status = turn.status
     where t.project_id = docket_test.project_id()
       and t.task_key = any (turn.tasks);
$$;

select is(pg_temp.ready(), 'a', 'the head of a diamond is ready');
select pg_temp.turn('{a}', 'completed');
select is(pg_temp.ready(), 'b c', 'completing it frees both sides');
select pg_temp.turn('{b}', 'completed');
select is(pg_temp.ready(), 'c', 'one side frees nobody');
select pg_temp.turn('{c}', 'completed');
select is(pg_temp.ready(), 'd', 'both do');
select pg_temp.turn('{b,c}', 'pending');
select is(pg_temp.ready(), 'b c', 'what is reopened is ready, and blocks again');
select pg_temp.turn('{b,c}', 'completed');
select is(pg_temp.ready(), 'd', 'both at once free it as well');
select pg_temp.turn('{a}', 'pending');
select is(pg_temp.ready(), 'a d', 'a reopened task blocks its own dependents only');
select pg_temp.turn('{a}', 'completed');

select pg_temp.turn('{d}', 'in_progress');
select is(pg_temp.ready(), '', 'what a person has begun is not ready');
select pg_temp.turn('{d}', 'pending');
select is(pg_temp.ready(), 'd', 'what is given back is');
select pg_temp.turn('{d}', 'blocked');
select is(pg_temp.ready(), '', 'what is held is not');
select pg_temp.turn('{d}', 'pending');
update docket.tasks set archived_at = docket.clock() where task_id = docket_test.id('d');
select is(pg_temp.ready(), '', 'what is put away is not');
update docket.tasks set archived_at = null where task_id = docket_test.id('d');
select is(pg_temp.ready(), 'd', 'what is brought back is');

-- A prerequisite that ends otherwise satisfies nobody.
select pg_temp.turn('{b}', 'pending');
select pg_temp.turn('{b}', 'cancelled');
select is(pg_temp.ready(), '', 'a cancelled prerequisite blocks');
select pg_temp.turn('{b}', 'pending');
select pg_temp.turn('{b}', 'completed');
select is(pg_temp.ready(), 'd', 'until it is done after all');

-- What a claim looks at.
select docket_test.pass('1 hour');
update docket.tasks
   set priority = 9, not_before = docket.clock() + interval '1 day'
 where task_id = docket_test.id('d');
select results_eq(
    $$ select r.priority::integer, r.not_before, r.ready_since
         from docket.ready_tasks as r
        where r.task_id = docket_test.id('d') $$,
    $$ values (9, docket.clock() + interval '1 day', docket.clock() - interval '1 hour') $$,
    'priority and time follow the task, and it has not waited less');
select is_empty(
    $$ select * from docket.claim_tasks(docket_test.project_id(), 'agent') $$,
    'its time has not come');
select docket_test.pass('1 day');
select results_eq(
    $$ select t.task_key from docket.claim_tasks(docket_test.project_id(), 'agent') as t $$,
    array['d'], 'now it has');
select is(pg_temp.ready(), '', 'what is claimed is ready for nobody else');
select is_empty(
    $$ select * from docket.graph_health(docket_test.project_id()) $$, 'the graph is right');

-- A claimed task may get another blocker, and its prerequisites may be reopened.
select pg_temp.turn('{b}', 'pending');
select pg_temp.turn('{d}', 'pending');
select is(pg_temp.ready(), 'b', 'given back, it waits for what was reopened meanwhile');

-- Beginning and end.
select docket.create_task(docket_test.project_id(), 'New', task_key => 'n', priority => '7');
select docket.create_task(docket_test.project_id(), 'Done', task_key => 'm', status => 'done');
select is(pg_temp.ready(), 'b n', 'a new task is ready, one that comes completed is not');
delete from docket.tasks where task_id in (docket_test.id('n'), docket_test.id('b'));
select is(pg_temp.ready(), 'd', 'what is deleted is not, and blocks no more');
select is_empty(
    $$ select * from docket.graph_health(docket_test.project_id()) $$, 'the graph is right');
delete from docket.projects where project_id = docket_test.project_id();
select is(
    (select count(*) from docket.ready_tasks as r where r.project_id = docket_test.project_id())
    + (select count(*) from docket_private.task_nodes as n
        where n.project_id = docket_test.project_id()),
    0::bigint, 'with a project goes all that was derived');

-- What asks for more than completion.
select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('asking');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "p", "title": "P"}, {"task_key": "c", "title": "C", "depends_on": ["p"]},
           {"task_key": "m", "title": "M",
            "depends_on": [{"task": "p", "satisfied_by": "merged"}]},
           {"task_key": "v", "title": "V",
            "depends_on": [{"task": "p", "satisfied_by": "validated"}]}]');
update docket.tasks set merged_at = docket.clock() where task_id = docket_test.id('p');
select is(pg_temp.ready(), 'p', 'a merge alone satisfies nobody');
update docket.tasks set merged_at = null where task_id = docket_test.id('p');
select pg_temp.turn('{p}', 'completed');
select is(pg_temp.ready(), 'c v', 'a completion those who ask for it, or for gates where none are');
update docket.tasks set unmet_gates = 1 where task_id = docket_test.id('p');
select is(pg_temp.ready(), 'c', 'a gate that is not passed any more blocks who asks for that');
update docket.tasks
   set unmet_gates = 0, merged_at = docket.clock() where task_id = docket_test.id('p');
select is(pg_temp.ready(), 'c m v', 'all at once');
update docket.tasks set merged_at = docket.clock() + interval '1 day'
 where task_id = docket_test.id('p');
select is(pg_temp.ready(), 'c m v', 'merged is merged');
update docket.tasks set unmet_gates = 2, merged_at = null where task_id = docket_test.id('p');
select is(pg_temp.ready(), 'c', 'and both gone again');
update docket.task_dependencies set satisfied_by = 'completed'
 where task_id = docket_test.id('m');
select is(pg_temp.ready(), 'c m', 'who asks for less is ready');
select pg_temp.turn('{p}', 'pending');
select is(pg_temp.ready(), 'p', 'what is reopened satisfies nobody');
select is_empty(
    $$ select * from docket.graph_health(docket_test.project_id()) $$, 'the graph is right');

select * from finish();
rollback;
