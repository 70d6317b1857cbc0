-- Executions are found by what was run, for whom, how it ended and when.

begin;
select plan(13);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
create temporary table flow as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'flow') as w;

-- Three a month, over three years, of which some end.
create procedure pg_temp.run_for_years()
language plpgsql
as $$
declare
    v_at timestamptz;
begin
    for v_at in select generate_series('2023-01-10 12:00+00'::timestamptz, '2025-12-10 12:00+00',
                                       '1 month')
    loop
        perform docket_test.at(v_at);
        perform docket_private.ensure_partitions();
        perform docket.finish_execution(e.execution_id, 'completed')
           from docket.start_execution(
                    docket_test.project_id(), 'test', docket_test.id('a')) as e;
        perform docket.finish_execution(e.execution_id, 'failed', error_message => 'No')
           from flow as f
          cross join lateral docket.start_execution(
                    docket_test.project_id(), 'build', workflow_id => f.workflow_id,
                    environment => 'ci') as e;
        perform docket.execution_log(e.execution_id, '["still at it"]')
           from docket.start_execution(docket_test.project_id(), 'lint') as e;
    end loop;
end;
$$;
call pg_temp.run_for_years();

create function pg_temp.listed(conditions text) returns bigint
language plpgsql
as $$
declare
    v_count bigint;
begin
    execute format('select count(*) from docket.list_executions(%L%s)',
                   docket_test.project_id(), ', ' || nullif(listed.conditions, '')) into v_count;
    return v_count;
end;
$$;
select is(pg_temp.listed('page_size => 1000'), 108::bigint, 'all of them');
select is(pg_temp.listed(format('task_id => %L', docket_test.id('a'))), 36::bigint, 'of a task');
select is(pg_temp.listed(format('workflow_id => %L', f.workflow_id)), 36::bigint, 'of a workflow')
  from flow as f;
select is(pg_temp.listed('execution_type => ''Lint'''), 36::bigint, 'of a type');
select is(pg_temp.listed('status => ''running'''), 36::bigint, 'that are running');
select is(pg_temp.listed('environment => ''ci'', status => ''failed'''), 36::bigint,
    'that failed in an environment');
select is(pg_temp.listed('since => ''2024-01-01 00:00+00'', until => ''2024-03-01 00:00+00'''),
    6::bigint, 'of a time');
select results_eq(
    $$ with recursive pages as (
           select array_agg(e.execution_id order by e.created_at desc, e.execution_id desc) as ids
             from docket.list_executions(docket_test.project_id(), page_size => 50) as e
            union all
           select n.ids
             from pages as p
            cross join lateral (
                      select array_agg(e.execution_id
                                       order by e.created_at desc, e.execution_id desc) as ids
                        from docket.list_executions(
                                 docket_test.project_id(),
                                 after => p.ids[cardinality(p.ids)], page_size => 50) as e
                  ) as n
            where p.ids is not null
       )
       select u.id from pages as p cross join unnest(p.ids) as u (id) $$,
    $$ select e.execution_id
         from docket.execution_history as e
        order by e.created_at desc, e.execution_id desc $$,
    'page by page, the newest first');
select throws_ok(
    $$ select docket.get_execution(gen_random_uuid()) $$,
    'PD404', null, 'what is none is not found');
select is_empty($$ select from docket.execution_chain(gen_random_uuid()) $$, 'and in no chain');
select is_empty($$ select from docket.list_execution_log(gen_random_uuid()) $$, 'and has no log');

-- What is kept no longer goes, with its logs, a month at a time.
select is_empty(
    $$ select from docket.execution_history_default
        union all
       select from docket.execution_log_lines_default $$,
    'every month has its partition');
select docket.set_retention('execution_history', '1 year'),
       docket.set_retention('execution_log_lines', '1 year');
create procedure pg_temp.drop_all()
language plpgsql
as $$
begin
    while (select d.dropped from docket_private.drop_expired_partition() as d) > 0 loop
    end loop;
end;
$$;
call pg_temp.drop_all();
select results_eq(
    $$ select count(*), min(e.created_at) >= '2024-12-01', (
                  select count(*) from docket.execution_log_lines)
         from docket.execution_history as e $$,
    $$ values (39::bigint, true, 13::bigint) $$, 'by policy');

select * from finish();
rollback;
