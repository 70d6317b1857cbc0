-- An execution's id leads to its month, and its row is held to what an execution is.

begin;
select plan(15);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

select is_empty(
    $$ select t.at
         from (select timestamptz '1999-12-31' + n * interval '1234567.891011 seconds' as at
                 from generate_series(1, 2000) as n (n)) as t
        where docket_private.time_of_id(docket_private.id_at(docket_test.project_id(), t.at))
              <> t.at $$,
    'the time is in the id, to the microsecond');
select is(
    docket_private.bucket(docket_private.id_at(docket_test.project_id(), docket.clock())),
    docket_private.bucket(docket_test.project_id()), 'with the bucket of the project');
select is(
    docket_private.time_of_id('ffffffff-ffff-ffff-ffff-ffffffffffff') > '9999-01-01', true,
    'any id has some time');

create temporary table run as
select * from docket.start_execution(docket_test.project_id(), 'test', docket_test.id('a'));
select is(
    (select e.tableoid::regclass::text
       from docket.execution_history as e join run as r on r.execution_id = e.execution_id),
    'docket.execution_history_' || to_char(docket.clock() at time zone 'UTC', 'YYYY_MM'),
    'it is in the partition of its month');

-- One month is looked into, whatever the plan.
create function pg_temp.looked_into(execution_id uuid, plan_mode text) returns bigint
language plpgsql
as $$
declare
    v_line  text;
    v_count bigint := 0;
begin
    perform set_config('plan_cache_mode', looked_into.plan_mode, true);
    execute 'prepare looked (uuid, timestamptz) as select e.* from docket.execution_history as e '
            'where e.execution_id = $1 and e.created_at = $2';
    for v_line in
        execute format('explain (analyze, costs off, timing off, summary off) '
                       'execute looked (%L, docket_private.time_of_id(%1$L))',
                       looked_into.execution_id)
    loop
        v_count := v_count + (v_line ~ 'Scan')::integer;
    end loop;
    deallocate looked;
    return v_count;
end;
$$;
select is(pg_temp.looked_into(r.execution_id, 'force_generic_plan'), 1::bigint,
    'one partition is looked into by a kept plan') from run as r;
select is(pg_temp.looked_into(r.execution_id, 'force_custom_plan'), 1::bigint,
    'and by a new one') from run as r;

select throws_ok(
    $$ update docket.execution_history as e set created_at = e.created_at + interval '1 second' $$,
    '23514', null, 'no row leaves the month of its id');
select throws_ok(
    $$ update docket.execution_history as e set completed_at = e.started_at $$, '23514', null,
    'what runs has not ended');
select throws_ok(
    $$ update docket.execution_history as e set retry_count = 1 $$, '23514', null,
    'what tries nothing again is the first');
select throws_ok(
    $$ update docket.execution_history as e set stdout_preview = repeat('x', 65537) $$, '23514',
    null, 'previews are bounded');

select throws_ok(
    $$ update docket.execution_history as e set duration_ms = 1 $$, '23514', null,
    'durations are exact');

-- What was recorded before its month was there moves into it.
select docket_test.at('2021-03-10 12:00+00');
create temporary table stray as
select f.*
  from docket.start_execution(docket_test.project_id(), 'test', docket_test.id('a')) as e
 cross join lateral docket.finish_execution(
           e.execution_id, completed_at => docket.clock() + interval '2 seconds') as f;
select docket_private.ensure_partitions();
select is(
    (select e.tableoid::regclass::text
       from docket.execution_history as e join stray as s on s.execution_id = e.execution_id),
    'docket.execution_history_2021_03', 'strays are taken home');
select is((docket.get_execution(s.execution_id)).duration_ms, 2000::bigint, 'as they were')
  from stray as s;

-- Logs go with their executions.
select docket.execution_log(r.execution_id, '["one", "two"]') from run as r;
select is((select count(*) from docket.execution_log_lines), 2::bigint, 'a log is beside it');
select docket.purge_task(docket_test.id('a'));
select is_empty(
    $$ select from docket.execution_history union all select from docket.execution_log_lines $$,
    'and both go with the task');

select * from finish();
rollback;
