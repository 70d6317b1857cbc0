-- What a validation said is one row for each run, within what can be meant, and never changed.

begin;
select plan(24);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

select lives_ok(
    $$ select s::docket.validation_status
         from unnest(array['pending', 'running', 'passed', 'failed', 'warning', 'error',
                           'skipped']) as s $$,
    'the seven words of a validation');
select throws_ok(
    $$ select 'ok'::docket.validation_status $$, '23514', null, 'there is no other');
select lives_ok(
    $$ select t::docket.validation_type
         from unnest(array['syntax', 'style', 'security', 'performance', 'unit-tests', '3d_check',
                           'acme/lint:v2.1']) as t $$,
    'a type is any word');
select throws_ok(
    format('select %L::docket.validation_type', w.word), '23514', null, 'but not ' || w.what)
  from (values ('', 'none'), ('Tests', 'a capital'), ('two words', 'a blank'),
               (repeat('x', 64), '64 letters'), ('-x', 'an option')) as w (word, what);
select is(docket_private.read_validation_type(' Tests ')::text, 'tests',
    'it is read however it is written');
select throws_ok(
    $$ select docket_private.read_validation_type('two words') $$,
    'PD422', '''two words'' is no type of validation', 'what is none is refused');

-- One row, written as plainly as any client could.
create function pg_temp.result(fields jsonb default '{}') returns docket.validation_results
language sql
as $$
    insert into docket.validation_results
    select (jsonb_populate_record(
               null::docket.validation_results,
               jsonb_build_object(
                   'validation_result_id', docket_private.new_id(docket_test.project_id()),
                   'project_id', docket_test.project_id(), 'task_id', docket_test.id('a'),
                   'validation_type', 'tests', 'run_no', 1, 'validation_status', 'passed',
                   'issues_found', 0, 'issues_critical', 0, 'issues_major', 0, 'issues_minor', 0,
                   'suggestions', '[]'::jsonb, 'metadata', '{}'::jsonb,
                   'created_at', docket.clock(), 'created_by', docket.principal())
               || result.fields)).*
    returning *;
$$;

select lives_ok($$ select pg_temp.result() $$, 'a type, a run and a status are enough');
select throws_ok($$ select pg_temp.result() $$, '23505', null, 'a run is there once');
select lives_ok(
    $$ select pg_temp.result('{"run_no": 2, "score": 7.5, "max_score": 10, "issues_found": 4,
                              "issues_critical": 1, "issues_minor": 2,
                              "suggestions": {"fix": "it"},
                              "started_at": "2026-01-01", "completed_at": "2026-01-01"}') $$,
    'scores, counts, suggestions and times');
select throws_ok(
    format('select pg_temp.result(%L)', w.fields || '{"run_no": 3}'), '23514', null,
    'refused: ' || w.what)
  from (values ('{"score": 11, "max_score": 10}'::jsonb, 'better than the best'),
               ('{"score": -1, "max_score": 10}', 'worse than nothing'),
               ('{"issues_found": -1}', 'fewer than no issues'),
               ('{"issues_found": 2, "issues_major": 2, "issues_minor": 1}',
                'more of the parts than of the whole'),
               ('{"suggestions": "none"}', 'suggestions in a string'),
               ('{"started_at": "2026-01-02", "completed_at": "2026-01-01"}',
                'over before it began'),
               ('{"execution_time_ms": -1}', 'less than no time'),
               ('{"metadata": []}', 'metadata that are no object')) as w (fields, what);
select throws_ok(
    $$ select pg_temp.result('{"run_no": 0}') $$, '23514', null, 'runs count from 1');

select is(
    (select count(*) from docket.audit_log as l
      where l.table_name = 'validation_results'
        and l.project_id = docket_test.project_id()), 2::bigint,
    'the journal has each of them');
select docket.purge_task(docket_test.id('a'));
select is_empty(
    $$ select from docket.validation_results as v
        where v.project_id = docket_test.project_id() $$,
    'with the task its results go');

select * from finish();
rollback;
