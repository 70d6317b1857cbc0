-- The ready tasks can be read by clients, who see their own projects' only, and written by nobody.

begin;
select plan(8);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.graph('chain');
create role tap_ready_member;
create role tap_ready_stranger;
grant docket_agent to tap_ready_member, tap_ready_stranger;
select docket_test.member('tap_ready_member', 'reader');

select results_eq(
    $$ select docket_test.key(r.task_id), r.priority::integer, r.ready_since
         from docket.ready_tasks as r
        where r.project_id = docket_test.project_id() $$,
    $$ values ('a', 5, docket.clock()) $$,
    'only the head of a chain is ready');

set local role tap_ready_member;
select results_eq(
    $$ select docket_test.key(r.task_id) from docket.ready_tasks as r $$,
    array['a'], 'a member sees it');
select throws_ok('delete from docket.ready_tasks', '42501', null, 'but deletes nothing');
select throws_ok(
    $$ insert into docket.ready_tasks (task_id, project_id, priority, urgency)
       values (docket_test.id('b'), docket_test.project_id(), 10, 10) $$,
    '42501', null, 'and makes nothing ready');
set local role tap_ready_stranger;
select is_empty('select * from docket.ready_tasks', 'a stranger sees nothing');
reset role;

select docket_private.make_ready(
    docket_test.project_id(), array[docket_test.id('a'), docket_test.id('b')]);
select results_eq(
    $$ select docket_test.key(r.task_id)
         from docket.ready_tasks as r
        where r.project_id = docket_test.project_id() $$,
    array['a'], 'what waits is not made ready, whoever asks');
select docket_private.unready(docket_test.project_id(), array[docket_test.id('a')]);
select is_empty(
    $$ select * from docket.ready_tasks where project_id = docket_test.project_id() $$,
    'what is taken out is out');
select results_eq(
    $$ select h.invariant from docket.graph_health(docket_test.project_id()) as h $$,
    array['I4 ready'], 'and missed');

select * from finish();
rollback;
