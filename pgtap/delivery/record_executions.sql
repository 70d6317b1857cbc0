-- A run is begun, goes through phases, logs, and ends once; what failed is tried again in a chain.

begin;
select plan(33);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
create temporary table flow as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'flow') as w;

create temporary table run as
select * from docket.start_execution(
    docket_test.project_id(), ' Test ', docket_test.id('a'), execution_phase => 'install',
    environment => 'staging', environment_info => '{"python": "3.11", "token": "x"}');
select results_eq(
    $$ select r.execution_type::text, r.status::text, r.started_at, r.completed_at, r.duration_ms,
              r.retry_count, r.environment::text, r.environment_info
         from run as r $$,
    $$ values ('test', 'running', '2026-01-01 09:00+00'::timestamptz, null::timestamptz,
               null::bigint, 0, 'staging', '{"python": "3.11", "token": "********"}'::jsonb) $$,
    'it runs, and shows no secret');
select docket_test.at('2026-01-01 09:00:02+00');
select docket.enter_execution_phase(r.execution_id, 'pytest') from run as r;
select docket_test.at('2026-01-01 09:00:05.5+00');
select results_eq(
    $$ select f.status::text, f.duration_ms, f.exit_code, f.execution_phase, f.cpu_usage_percent,
              f.memory_usage_mb, f.stderr_preview, f.metadata, f.performance_metrics,
              f.phases @> '[{"phase": "install", "duration_ms": 2000},
                            {"phase": "pytest", "duration_ms": 3500}]'
         from run as r
        cross join lateral docket.finish_execution(
                  r.execution_id, 'failed', 1, 'out', 'err', 'It broke', 'at line 1', 80.5, 512,
                  '{"tests": 7}', metadata => '{"by": "ci"}') as f $$,
    $$ values ('failed', 5500::bigint, 1, 'pytest', 80.5, 512::numeric, 'err',
               '{"by": "ci"}'::jsonb, '{"tests": 7}'::jsonb, true) $$,
    'and ends, with what was measured; durations are reckoned here');
select throws_ok(
    $$ select docket.finish_execution(r.execution_id) from run as r $$,
    'PDTRN', null, 'once');
select throws_ok(
    $$ select docket.execution_log(r.execution_id, '["late"]') from run as r $$,
    'PDTRN', null, 'nothing is logged after that');
select throws_ok(
    $$ select docket.enter_execution_phase(r.execution_id, 'late') from run as r $$,
    'PDTRN', null, 'nor any phase entered');

-- Retries.
create temporary table again as
select a.*
  from run as r
 cross join lateral docket.start_execution(
           r.project_id, 'test', retry_of => r.execution_id) as a;
select results_eq(
    $$ select a.retry_count, a.retry_of = r.execution_id, a.first_execution_id = r.execution_id,
              a.task_id = r.task_id, a.environment::text
         from again as a cross join run as r $$,
    $$ values (1, true, true, true, 'staging') $$,
    'a retry is of the same task, in the same environment');
select throws_ok(
    $$ select docket.start_execution(r.project_id, 'test', retry_of => r.execution_id)
         from run as r $$,
    'PD409', null, 'what is tried again is not tried again twice');
select throws_ok(
    $$ select docket.start_execution(a.project_id, 'test', retry_of => a.execution_id)
         from again as a $$,
    'PDTRN', null, 'nor while it runs');
select docket.finish_execution(a.execution_id, 'timed_out') from again as a;
select docket.finish_execution(t.execution_id)
  from again as a
 cross join lateral docket.start_execution(
           a.project_id, 'test', retry_of => a.execution_id) as t;
select results_eq(
    $$ select c.retry_count, c.status::text
         from again as a
        cross join lateral docket.execution_chain(a.execution_id) as c $$,
    $$ values (0, 'failed'), (1, 'timed_out'), (2, 'completed') $$,
    'the chain is listed, from any of its links');
select throws_ok(
    $$ select docket.start_execution(r.project_id, 'test', retry_of => gen_random_uuid())
         from run as r $$,
    'PD404', null, 'what is tried again is there');

-- Workflows and projects.
select results_eq(
    $$ select e.workflow_id = f.workflow_id, e.task_id
         from flow as f
        cross join lateral docket.start_execution(
                  docket_test.project_id(), 'release', workflow_id => f.workflow_id) as e $$,
    $$ values (true, null::uuid) $$, 'workflows are run too');
select is(
    (docket.start_execution(docket_test.project_id(), 'backup')).task_id, null,
    'and what belongs to neither');
select throws_ok(
    $$ select docket.start_execution(
                  docket_test.project_id(), 'x', docket_test.id('a'), f.workflow_id)
         from flow as f $$,
    'PD422', 'the execution is refused: an execution is of a task, of a workflow, or of neither',
    'but not both');

-- What can't be.
create function pg_temp.finish(arguments text) returns text
language plpgsql
as $$
declare
    v_id uuid := (docket.start_execution(docket_test.project_id(), 'x')).execution_id;
begin
    execute format('select docket.finish_execution(%L, %s)', v_id, finish.arguments);
    return 'taken';
exception
    when sqlstate 'PD422' then
        return 'refused';
end;
$$;
select is(pg_temp.finish('cpu_usage_percent => 100'), 'taken', 'all of the machine');
select is(pg_temp.finish('cpu_usage_percent => 100.1'), 'refused', 'and no more');
select is(pg_temp.finish('cpu_usage_percent => ''NaN'''), 'refused', 'and a number');
select is(pg_temp.finish('memory_usage_mb => -1'), 'refused', 'no less than nothing');
select is(pg_temp.finish('status => ''running'''), 'refused', 'to run is no end');
select is(pg_temp.finish('completed_at => ''2025-01-01'''), 'refused',
    'no end before the beginning');
select is(pg_temp.finish('performance_metrics => ''[]'''), 'refused', 'metrics are an object');
select throws_ok(
    $$ select docket.start_execution(docket_test.project_id(), 'two words') $$,
    'PD422', null, 'a type is a word');
select throws_ok(
    $$ select docket.start_execution(docket_test.project_id(), 'x', gen_random_uuid()) $$,
    'PD404', null, 'a task is a task');

-- Of what is long, the beginning and the end.
select results_eq(
    $$ select octet_length(f.stdout_preview) between 65000 and 65536,
              f.stdout_preview like 'begin%', f.stdout_preview like '%end',
              f.stdout_preview like '%[... 134% bytes ...]%'
         from docket.start_execution(docket_test.project_id(), 'x') as e
        cross join lateral docket.finish_execution(
                  e.execution_id, stdout_preview => 'begin' || repeat('ö', 99963) || 'end') as f $$,
    $$ values (true, true, true, true) $$, 'previews are bounded');
select is(docket_private.preview(repeat('x', 65536)), repeat('x', 65536), 'what fits is whole');
select is(
    (select min(octet_length(docket_private.preview(repeat('x', n) || repeat('€', 100), 200)))
       from generate_series(0, 200) as n (n)) > 100, true, 'no character is cut');

-- Logs.
update docket.settings as s set value = '4' where s.setting_key = 'max_execution_log_lines';
create temporary table logged as
select * from docket.start_execution(docket_test.project_id(), 'x');
select is(
    docket.execution_log(l.execution_id,
        '["one", {"message": "two", "level": "error", "data": {"password": "x", "n": 1}}]'),
    2::bigint, 'lines are logged')
  from logged as l;
select is(docket.execution_log(l.execution_id, '"three"'), 1::bigint, 'also one') from logged as l;
select is(docket.execution_log(l.execution_id, '["four", "five", "six"]'), 1::bigint,
    'as many as there is room for') from logged as l;
select results_eq(
    $$ select g.line_no, g.level, g.message, g.data
         from logged as l
        cross join lateral docket.list_execution_log(l.execution_id, 1, 2) as g $$,
    $$ values (2::bigint, 'error', 'two', '{"password": "********", "n": 1}'::jsonb),
              (3, 'info', 'three', null) $$,
    'and read in pages');
select results_eq(
    $$ select e.log_lines, e.log_lines_left_out
         from logged as l cross join lateral docket.get_execution(l.execution_id) as e $$,
    $$ values (4::bigint, 2::bigint) $$, 'what was left out is counted');
update docket.settings as s set value = '9' where s.setting_key = 'max_execution_log_lines';
select throws_ok(
    $$ select docket.execution_log(l.execution_id, '[{"level": "info"}]') from logged as l $$,
    'PD422', null, 'a line says something');

-- The same request.
select is(
    (docket.start_execution(docket_test.project_id(), 'x',
                            request_id => '018f0000-0000-7000-8000-000000000001')).execution_id,
    (docket.start_execution(docket_test.project_id(), 'x',
                            request_id => '018f0000-0000-7000-8000-000000000001')).execution_id,
    'the same request begins one');
select lives_ok(
    $$ select docket.finish_execution(e.execution_id,
                  request_id => '018f0000-0000-7000-8000-000000000002')
         from docket.start_execution(docket_test.project_id(), 'x',
                  request_id => '018f0000-0000-7000-8000-000000000001') as e
        cross join generate_series(1, 2) $$,
    'and ends it once');

select * from finish();
rollback;
