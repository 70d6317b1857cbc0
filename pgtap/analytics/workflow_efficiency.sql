-- What passed in a workflow, against what had to; and how each task went.

begin;
select plan(7);

select docket_test.at('2026-03-02 00:00+00');
select docket_test.project('one');
select workflow_id as flow from docket.create_workflow(docket_test.project_id(), 'flow') \gset
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a', workflow_id => :'flow');
select docket.create_task(docket_test.project_id(), 'B', task_key => 'b', workflow_id => :'flow');
select docket.create_task(docket_test.project_id(), 'C', task_key => 'c', workflow_id => :'flow');
select docket.add_dependency(docket_test.id('c'), docket_test.id('a'));

select results_eq(
    format($$ select e.workflow, e.tasks, e.began_at, e.elapsed_ms, e.idle_share,
                     e.critical_path_ms
                from docket.workflow_efficiency(%L) as e $$, :'flow'),
    $$ values ('flow', 3::bigint, null::timestamptz, null::bigint, null::numeric, 0::bigint) $$,
    'where nothing was begun, nothing is made up');

-- a and b at once, an hour and a half; an hour of nothing; c, one hour.
select docket_test.at('2026-03-02 01:00+00');
select (docket.start_task(docket_test.id('a'), 'ann')).attempt_id as a \gset
select (docket.start_task(docket_test.id('b'), 'bob')).attempt_id as b \gset
select docket_test.at('2026-03-02 02:00+00');
select docket.complete_task(:'a');
select docket_test.at('2026-03-02 02:30+00');
select docket.complete_task(:'b');
select docket_test.at('2026-03-02 03:30+00');
select (docket.start_task(docket_test.id('c'), 'ann')).attempt_id as c \gset
select docket_test.at('2026-03-02 04:30+00');
select results_eq(
    format($$ select e.completed, e.ended_at, e.elapsed_ms, e.worked_ms
                from docket.workflow_efficiency(%L) as e $$, :'flow'),
    $$ values (2::bigint, null::timestamptz, 12600000::bigint, 12600000::bigint) $$,
    'as long as something is to be done, it goes on until now');
select docket.complete_task(:'c');
select docket_test.at('2026-04-01 00:00+00');
select results_eq(
    format($$ select e.completed, e.ended_at, e.elapsed_ms, e.busy_ms, e.idle_share
                from docket.workflow_efficiency(%L) as e $$, :'flow'),
    $$ values (3::bigint, '2026-03-02 04:30+00'::timestamptz, 12600000::bigint, 9000000::bigint,
               0.2857) $$,
    'what two do at once counts once; then it has ended');
select results_eq(
    format($$ select e.critical_path_ms, e.critical_tasks, e.path_efficiency, e.flow_efficiency
                from docket.workflow_efficiency(%L) as e $$, :'flow'),
    $$ values (7200000::bigint, 2::bigint, 0.5714, 0.3889) $$,
    'two hours had to pass, of three and a half');
select results_eq(
    $$ select p.lead_ms, p.cycle_ms, p.waited_ms, p.worked_ms, p.attempts, p.executions
         from docket.task_performance as p where p.task_key = 'c' $$,
    $$ values (16200000::bigint, 3600000::bigint, 12600000::bigint, 3600000::bigint, 1::bigint,
               0::bigint) $$,
    'how one task went');

create role tap_efficiency_stranger in role docket_app;
set local role tap_efficiency_stranger;
select is_empty(
    format('select from docket.workflow_efficiency(%L)', :'flow'),
    'whoever does not see the project sees nothing of it');
select is_empty('select from docket.task_performance', 'nor of its tasks');
reset role;

select * from finish();
rollback;
