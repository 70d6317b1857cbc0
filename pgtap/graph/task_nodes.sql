-- Each project is born with its guard; the shape of its graph is changed by one at a time.

begin;
select plan(10);

select docket_test.project('one');
select results_eq(
    $$ select g.version, g.top
         from docket_private.project_graphs as g
        where g.project_id = docket_test.project_id() $$,
    $$ values (0::bigint, 0::bigint) $$,
    'a new project has its guard');

create function pg_temp.version() returns bigint
language sql
as $$
    select g.version
      from docket_private.project_graphs as g
     where g.project_id = docket_test.project_id()
$$;

select docket_private.share_graph(docket_test.project_id());
select is(pg_temp.version(), 0::bigint, 'sharing the graph changes nothing');
select docket_private.lock_graph(docket_test.project_id());
select is(pg_temp.version(), 1::bigint, 'taking it writes the guard');
select docket_private.lock_graph(docket_test.project_id());
select is(pg_temp.version(), 1::bigint, 'once in a transaction');
select is(
    (select count(*)
       from pg_catalog.pg_locks as l
      where l.pid = pg_backend_pid()
        and l.locktype = 'advisory'
        and l.mode = 'ExclusiveLock'
        and (l.classid::bigint << 32 | l.objid::bigint)
            = docket_private.graph_key(docket_test.project_id())),
    1::bigint, 'and holds its key');

select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"},
           {"task_key": "c", "title": "C"}]');
select docket.add_dependency(docket_test.id('b'), docket_test.id('a'));
select set_eq(
    $$ select docket_test.key(n.task_id), n.unmet
         from docket_private.task_nodes as n
        where n.project_id = docket_test.project_id() $$,
    $$ values ('a', 0), ('b', 1) $$,
    'only tasks with a gating dependency have a node');
select docket.add_dependency(docket_test.id('c'), docket_test.id('a'), 'related');
select is(
    (select count(*)
       from docket_private.task_nodes as n
      where n.project_id = docket_test.project_id()),
    2::bigint, 'another type makes none');
select throws_ok(
    $$ update docket_private.task_nodes set unmet = -1 where task_id = docket_test.id('a') $$,
    '23514', null, 'nothing is unmet less than never');
select is(
    (select count(*)
       from pg_catalog.pg_index as i
      where i.indrelid = 'docket_private.task_nodes'::regclass),
    1::bigint, 'neither rank nor counter is in an index: counting stays heap-only');

delete from docket.projects where project_id = docket_test.project_id();
select is(pg_temp.version(), null::bigint, 'the guard goes with the project');

select * from finish();
rollback;
