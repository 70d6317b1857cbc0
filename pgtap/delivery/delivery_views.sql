-- How tasks stand on their way to delivery is what their rows say, at this moment.

begin;
select plan(13);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), k.key, task_key => k.key, priority => '8')
  from (values ('a'), ('b'), ('c')) as k (key);
select docket.create_task(docket_test.project_id(), 'idle', task_key => 'idle');

create function pg_temp.run(key text, status text, seconds integer) returns uuid
language plpgsql
as $$
declare
    v_id uuid := (docket.start_execution(
        docket_test.project_id(), 'test', docket_test.id(run.key), environment => 'ci')
    ).execution_id;
begin
    if run.status is not null then
        perform docket.finish_execution(
            v_id, run.status, completed_at => docket.clock() + make_interval(secs => run.seconds),
            memory_usage_mb => 100 * run.seconds);
    end if;
    perform docket_test.pass('1 minute');
    return v_id;
end;
$$;
create function pg_temp.stands(key text) returns text
language sql
as $$
    select s.pipeline_status
      from docket.cicd_pipeline_status as s
     where s.task_id = docket_test.id(stands.key)
$$;

-- Figures.
select pg_temp.run('a', 'failed', 2), pg_temp.run('a', 'completed', 4);
select results_eq(
    $$ select s.executions, s.running, s.completed, s.failed, s.success_rate, s.total_duration_ms,
              s.mean_duration_ms, s.longest_duration_ms, s.peak_memory_usage_mb
         from docket.task_execution_summary as s
        where s.task_id = docket_test.id('a') $$,
    $$ values (2::bigint, 0::bigint, 1::bigint, 1::bigint, 0.5, 6000::bigint, 3000::bigint,
               4000::bigint, 400::numeric) $$,
    'executions are summed up');
select results_eq(
    $$ select s.executions, s.success_rate, s.mean_duration_ms
         from docket.task_execution_summary as s
        where s.task_id = docket_test.id('idle') $$,
    $$ values (0::bigint, null::numeric, null::bigint) $$, 'also where there are none');

-- The way of a task.
select is_empty($$ select from docket.cicd_pipeline_status $$, 'nobody works on anything');
select docket.start_task(docket_test.id('a'), 'ada');
select is(pg_temp.stands('a'), 'passing', 'what was run last decides');
select docket.require_validation(docket_test.id('a'), 'tests');
select is(pg_temp.stands('a'), 'waiting', 'until a gate is to be passed');
select docket.record_validation(docket_test.id('a'), 'tests', 'failed');
select is(pg_temp.stands('a'), 'failing', 'which may go wrong');
select pg_temp.run('a', null, 0);
select is(pg_temp.stands('a'), 'running', 'and is tried again');
select docket.record_validation(docket_test.id('a'), 'tests', 'passed');
select docket.finish_execution(e.execution_id)
  from docket.list_executions(docket_test.project_id(), status => 'running') as e;
select is(pg_temp.stands('a'), 'passing', 'until it is passed');
select docket.link_pull_request(docket_test.id('a'), p.pull_request_id)
  from docket.record_pull_request(
           docket_test.project_id(), 'acme/shop', 1, '{"has_conflict": true}') as p;
select is(pg_temp.stands('a'), 'waiting', 'and a pull request is open');

select docket.put_artifact(docket_test.id('a'), n.n || '.py', 'x')
  from generate_series(1, 3) as n (n);
select results_eq(
    $$ select s.artifacts, s.validations, s.validations_passed, s.validations_failed, s.gates,
              s.gates_unmet, s.open_pull_requests, s.has_conflict, s.last_execution_status::text,
              s.last_environment::text
         from docket.tasks_with_cicd_status(
                  docket_test.project_id(), array['in_progress'], 'high') as s $$,
    $$ values (3::bigint, 1::bigint, 1::bigint, 0::bigint, 1::bigint, 0::bigint, 1::bigint, true,
               'completed', 'ci') $$,
    'tasks are listed with what is known of their delivery');
select results_eq(
    $$ select s.task_key, s.pipeline_status
         from docket.tasks_with_cicd_status(docket_test.project_id(), page_size => 2) as s $$,
    $$ values ('idle', 'nothing yet'), ('c', 'nothing yet') $$, 'the newest first, page by page');
select results_eq(
    $$ select s.task_key
         from docket.tasks_with_cicd_status(
                  docket_test.project_id(), after => docket_test.id('c')) as s $$,
    $$ values ('b'), ('a') $$, 'to the last');

-- It reads what is at work, and not what there is.
select docket.create_tasks(docket_test.project_id(), (
           select jsonb_agg(jsonb_build_object('title', n.n))
             from generate_series(1, 2000) as n (n)));
analyze docket.tasks;
create function pg_temp.rows_read() returns bigint
language plpgsql
as $$
declare
    v_plan  json;
    v_count bigint;
begin
    execute format('explain (analyze, format json, timing off) '
                   'select * from docket.cicd_pipeline_status where project_id = %L',
                   docket_test.project_id()) into v_plan;
    select sum((n ->> 'Actual Rows')::numeric * (n ->> 'Actual Loops')::numeric) into v_count
      from jsonb_path_query(v_plan::jsonb, 'strict $.**') as n
     where n ->> 'Relation Name' = 'tasks';
    return v_count;
end;
$$;
select is(pg_temp.rows_read() <= 3, true, 'however many tasks there are');

select * from finish();
rollback;
