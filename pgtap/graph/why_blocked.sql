-- why_blocked() names every reason why a task can not be claimed, and none when it can.

begin;
select plan(14);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.graph('chain');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;

create function pg_temp.why(task text) returns text
language sql
as $$
    select string_agg(concat_ws(' ', w.reason, w.related_task_key), ', ')
      from docket.why_blocked(docket_test.id(why.task)) as w;
$$;

select is(pg_temp.why('a'), null, 'what can be claimed is not blocked');
select is(pg_temp.why('b'), 'dependency a', 'a task waits for another');
select is(pg_temp.why('d'), 'dependency c, root a', 'and one learns where to begin');
select results_eq(
    $$ select w.detail, w.related_task_id from docket.why_blocked(docket_test.id('b')) as w $$,
    $$ select 'It waits for a, which is pending.', docket_test.id('a') $$,
    'in a sentence, and by id');

select docket.claim_tasks(docket_test.project_id(), 'agent-7');
select is(
    (select w.detail from docket.why_blocked(docket_test.id('a')) as w),
    'It is being worked on (agent-7).', 'somebody has it');
update docket.tasks set status = 'cancelled' where task_id = docket_test.id('a');
select is(pg_temp.why('b'), 'dead_end a', 'what will never be completed is a dead end');
select is(
    (select w.detail from docket.why_blocked(docket_test.id('b')) as w),
    'It waits for a, which is cancelled: nothing will complete it.', 'and is called so');
update docket.tasks set status = 'pending' where task_id = docket_test.id('a');
update docket.tasks set status = 'completed' where task_id = docket_test.id('a');
select is(pg_temp.why('b'), null, 'when it is completed, nothing is in the way');

update docket.tasks
   set not_before = '2026-01-02 09:00+00', workflow_id = (select f.workflow_id from flows as f)
 where task_id = docket_test.id('b');
update docket.workflows set status = 'paused';
select is(pg_temp.why('b'), 'workflow, not_before', 'every reason is named');
select docket_test.pass('1 day');
update docket.workflows set status = 'active';
select is(pg_temp.why('b'), null, 'until it is gone');
update docket.tasks set archived_at = docket.clock() where task_id = docket_test.id('b');
select is(pg_temp.why('b'), 'archived', 'what was put away is not claimed');
select is(pg_temp.why('c'), 'dead_end b', 'and nobody gets past it');
select is(pg_temp.why('a'), 'status', 'what is completed is not claimed again');
select throws_ok(
    $$ select docket.why_blocked('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'a task that there is not has no reasons');

select * from finish();
rollback;
