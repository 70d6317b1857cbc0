-- graph_health() finds whatever is wrong, and repair_graph() puts right what is derived.

begin;
select plan(25);

select docket_test.graph('diamond');
select docket.create_task(
    docket_test.project_id(), 'Under', task_key => 'u', parent_task_id => docket_test.id('a'));

create function pg_temp.broken() returns text
language sql
as $$
    select string_agg(distinct h.invariant || coalesce(' ' || docket_test.key(h.task_id), ''), ', ')
      from docket.graph_health(docket_test.project_id()) as h;
$$;

-- Breaks something, finds what is expected, and puts it right.
create function pg_temp.break(statement text, expected text) returns setof text
language plpgsql
as $$
begin
    set local session_replication_role = replica;
    execute break.statement;
    set local session_replication_role = origin;
    return next is(pg_temp.broken(), break.expected, 'found: ' || break.expected);
    perform docket.repair_graph(docket_test.project_id());
    return next is(pg_temp.broken(), null, 'repaired: ' || break.expected);
end;
$$;

select is(pg_temp.broken(), null, 'a sound graph has nothing to say');
select is_empty('select * from docket.repair_graph()', 'and nothing to repair');

select pg_temp.break(
    $$ update docket_private.task_nodes set rank = -5 where task_id = docket_test.id('d') $$,
    'I1 order d');
select pg_temp.break(
    $$ delete from docket_private.task_nodes where task_id = docket_test.id('c') $$,
    'I1 order c, I1 order d');
select pg_temp.break(
    $$ update docket_private.project_graphs set top = -1000000000000
        where project_id = docket_test.project_id() $$,
    'I2 top a, I2 top b, I2 top c, I2 top d');
select pg_temp.break(
    $$ update docket_private.task_nodes set unmet = 5 where task_id = docket_test.id('d') $$,
    'I3 counter d');
select pg_temp.break(
    $$ insert into docket_private.task_nodes (project_id, task_id, rank, unmet)
       values (docket_test.project_id(), '00000000-0000-7000-8000-000000000000', 0, 0) $$,
    'I3 counter');
select pg_temp.break(
    $$ delete from docket.ready_tasks where task_id = docket_test.id('a') $$, 'I4 ready a');
select pg_temp.break(
    $$ insert into docket.ready_tasks (task_id, project_id, priority, urgency)
       values (docket_test.id('d'), docket_test.project_id(), 5, 5) $$, 'I4 ready d');
select pg_temp.break(
    $$ delete from docket_private.project_graphs where project_id = docket_test.project_id() $$,
    'I5 guard');

-- What is not derived is told, and left to people.
set local session_replication_role = replica;
update docket.tasks set parent_task_id = docket_test.id('u') where task_id = docket_test.id('a');
insert into docket.task_dependencies (task_id, project_id, depends_on_id)
values (docket_test.id('a'), docket_test.project_id(), docket_test.id('d'));
set local session_replication_role = origin;
select is(
    (select array_agg(distinct h.invariant)
       from docket.graph_health(docket_test.project_id()) as h),
    array['I1 order', 'I3 counter', 'I4 ready', 'I7 hierarchy'],
    'loops are found in both relations');
select throws_ok(
    $$ select docket.repair_graph(docket_test.project_id()) $$,
    'PDCYC', null, 'a cycle has no order to restore');

select is(
    (select array_agg(r.name order by r.name)
       from unnest(array['docket_admin', 'docket_agent', 'docket_app', 'docket_auditor',
                         'docket_maintenance', 'docket_reader']) as r (name)
      where has_function_privilege(r.name, 'docket.graph_health(uuid)', 'execute')),
    array['docket_admin', 'docket_maintenance'], 'operators ask');
select is(
    (select array_agg(r.name order by r.name)
       from unnest(array['docket_admin', 'docket_agent', 'docket_app', 'docket_auditor',
                         'docket_maintenance', 'docket_reader']) as r (name)
      where has_function_privilege(r.name, 'docket.repair_graph(uuid)', 'execute')),
    array['docket_admin', 'docket_maintenance'], 'and repair');

-- Whatever a dependency asks for is counted.
select docket_test.project('asking');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "p", "title": "P", "status": "done"},
           {"task_key": "m", "title": "M",
            "depends_on": [{"task": "p", "satisfied_by": "merged"}]}]');
select is_empty(
    $$ select * from docket.graph_health(docket_test.project_id()) $$,
    'a merge that is waited for is counted');
update docket_private.task_nodes set unmet = 0 where task_id = docket_test.id('m');
select is(
    (select string_agg(h.invariant, ', ' order by h.invariant)
       from docket.graph_health(docket_test.project_id()) as h),
    'I3 counter', 'and found where it is not');
select docket.repair_graph(docket_test.project_id());
select is_empty(
    $$ select * from docket.graph_health(docket_test.project_id()) $$, 'repaired it is');

select * from finish();
rollback;
