-- A task leaves the ready ones when it comes to wait for something, and returns afterwards.

begin;
select plan(17);

select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"},
           {"task_key": "c", "title": "C", "status": "done"}, {"task_key": "d", "title": "D"},
           {"task_key": "e", "title": "E"}]');

create function pg_temp.ready() returns text
language sql
as $$
    select coalesce(string_agg(k.key, ' ' order by k.key), '')
      from docket.ready_tasks as r
     cross join lateral docket_test.key(r.task_id) as k (key)
     where r.project_id = docket_test.project_id();
$$;

create function pg_temp.unmet(task text) returns integer
language sql
as $$
    select n.unmet from docket_private.task_nodes as n where n.task_id = docket_test.id(unmet.task);
$$;

select is(pg_temp.ready(), 'a b d e', 'to begin with everything pending is ready');
select docket.add_dependency(docket_test.id('b'), docket_test.id('a'));
select is(pg_temp.ready(), 'a d e', 'what waits for a pending task is not');
select docket.add_dependency(docket_test.id('d'), docket_test.id('c'));
select is(pg_temp.ready(), 'a d e', 'what waits for a completed task is');
select is(pg_temp.unmet('d'), 0, 'and counts nothing');
select docket.add_dependency(docket_test.id('e'), docket_test.id('a'), 'suggests');
select is(pg_temp.ready(), 'a d e', 'a suggestion blocks nothing');

insert into docket.task_dependencies (task_id, project_id, depends_on_id)
values (docket_test.id('e'), docket_test.project_id(), docket_test.id('a')),
       (docket_test.id('e'), docket_test.project_id(), docket_test.id('b')),
       (docket_test.id('e'), docket_test.project_id(), docket_test.id('c')),
       (docket_test.id('d'), docket_test.project_id(), docket_test.id('b'));
select is(pg_temp.ready(), 'a', 'many at once do the same');
select is(pg_temp.unmet('e'), 2, 'each is counted that is not satisfied');
select is(pg_temp.unmet('d'), 1, 'for each task');

select docket.remove_dependency(docket_test.id('e'), docket_test.id('a'));
select is(pg_temp.unmet('e'), 1, 'a dependency that goes is counted down');
select docket.remove_dependency(docket_test.id('e'), docket_test.id('c'));
select is(pg_temp.ready(), 'a', 'what was satisfied frees nobody');
select docket.remove_dependency(docket_test.id('e'), docket_test.id('b'));
select is(pg_temp.ready(), 'a e', 'the last one does');

delete from docket.tasks where task_id = docket_test.id('b');
select is(pg_temp.ready(), 'a d e', 'a prerequisite that is deleted blocks nobody');
select is(
    (select count(*) from docket_private.task_nodes as n
      where n.project_id = docket_test.project_id()),
    4::bigint, 'and leaves no node');

select docket.add_dependency(docket_test.id('d'), docket_test.id('a'));
delete from docket.task_dependencies
 where project_id = docket_test.project_id();
select is(pg_temp.ready(), 'a d e', 'without dependencies everything is ready again');
select is_empty(
    $$ select * from docket.graph_health(docket_test.project_id()) $$, 'the graph is right');

-- All is begun anew by a TRUNCATE, which no client may do.
select docket.add_dependency(docket_test.id('d'), docket_test.id('a'));
set constraints all immediate;
truncate docket.task_dependencies;
select is(pg_temp.ready(), 'a d e', 'after a TRUNCATE, too');
select is_empty('select * from docket.graph_health()', 'and everywhere');

select * from finish();
rollback;
