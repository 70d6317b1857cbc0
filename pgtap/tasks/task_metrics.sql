-- Tasks and workflows in figures: counted from the rows as they stand.

begin;
select plan(9);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

select results_eq(
    $$ select m.total_tasks, m.pending_tasks, m.avg_complexity, m.avg_completion_ms
         from docket.get_task_metrics(docket_test.project_id()) as m $$,
    $$ values (0::bigint, 0::bigint, null::numeric, null::bigint) $$,
    'an empty project has figures too');

create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
select count(*)
  from docket.create_tasks(docket_test.project_id(), (
           select jsonb_agg(task || jsonb_build_object('workflow_id', f.workflow_id))
             from flows as f
            cross join jsonb_array_elements('[
                      {"task_key": "a", "title": "A", "complexity_score": 3,
                      "estimated_effort": 1.5},
                      {"task_key": "b", "title": "B", "complexity_score": 4, "estimated_effort": 2,
                       "actual_effort": 3},
                      {"task_key": "c", "title": "C", "complexity_score": 6},
                      {"task_key": "d", "title": "D"},
                      {"task_key": "e", "title": "E", "status": "failed"},
                      {"task_key": "f", "title": "F", "status": "cancelled"},
                      {"task_key": "g", "title": "G", "complexity_score": 10}]') as task));
select docket.delete_task(docket_test.id('g'));
select docket.update_task_status(docket_test.id('c'), 'in_progress');
select docket_test.pass('90 seconds');
select docket.mark_task_completed(docket_test.id('a'));
select docket_test.pass('30 seconds');
select docket.mark_task_completed(docket_test.id('b'));

select is(
    to_jsonb(m),
    '{"total_tasks": 6, "pending_tasks": 1, "in_progress_tasks": 1, "completed_tasks": 2,
      "failed_tasks": 1, "avg_complexity": 4.33, "avg_completion_ms": 105000,
      "estimated_effort": 3.5, "actual_effort": 3}'::jsonb,
    'counts, mean complexity, mean time to completion and effort, without what was put away')
  from docket.get_task_metrics(docket_test.project_id()) as m;

select results_eq(
    $$ select p.* from flows as f
        cross join lateral docket.workflow_progress(f.workflow_id) as p $$,
    $$ values (6::bigint, 2::bigint, 1::bigint, 40.0) $$,
    'a workflow is as far as its tasks that were not given up');
select docket.update_task_status(t.task_id, 'cancelled')
  from docket.list_tasks(docket_test.project_id(),
  statuses => '{pending, in_progress, failed}') as t;
select results_eq(
    $$ select p.* from flows as f
        cross join lateral docket.workflow_progress(f.workflow_id) as p $$,
    $$ values (6::bigint, 2::bigint, 4::bigint, 100.0) $$,
    'when all is done or given up it is complete');
select results_eq(
    $$ select p.*
         from docket.create_workflow(docket_test.project_id(), 'Empty') as w
        cross join lateral docket.workflow_progress(w.workflow_id) as p $$,
    $$ values (0::bigint, 0::bigint, 0::bigint, null::numeric) $$,
    'one without tasks is nowhere yet');

create role tap_metrics_reader in role docket_reader;
select docket_test.member('tap_metrics_reader', 'reader');
grant select on flows to tap_metrics_reader;
set local role tap_metrics_reader;
select is(
    (select m.total_tasks from docket.get_task_metrics(docket_test.project_id()) as m), 6::bigint,
    'a reader of the project reads its figures');
select is(
    (select p.total_tasks
       from flows as f
      cross join lateral docket.workflow_progress(f.workflow_id) as p), 6::bigint,
    'and those of its workflows');
set local role docket_reader;
select is(
    (select m.total_tasks from docket.get_task_metrics(docket_test.project_id()) as m), 0::bigint,
    'to a stranger a project is empty');
select is(
    (select p.total_tasks
       from docket.workflow_progress('00000000-0000-7000-8000-000000000000') as p), 0::bigint,
    'as is a workflow that does not exist');

select * from finish();
rollback;
