-- A finding is within what can be meant, and only what is written down by a run.

begin;
select plan(12);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

select throws_ok(
    $$ select 'high'::docket.finding_severity $$, '23514', null, 'there are four severities');

-- One row, written as plainly as any client could.
create function pg_temp.finding(fields jsonb default '{}') returns void
language sql
as $$
    insert into docket.validation_findings
    select f.*
      from jsonb_populate_record(
               null::docket.validation_findings,
               jsonb_build_object(
                   'finding_id', gen_random_uuid(), 'project_id', docket_test.project_id(),
                   'task_id', docket_test.id('a'), 'validation_type', 'style', 'tool', 't',
                   'fingerprint', 'f', 'fingerprint_source', 'tool', 'severity', 'info',
                   'message', 'm', 'is_suppressed', false, 'details', '{}'::jsonb,
                   'first_run_no', 1, 'opened_run_no', 1, 'times_reopened', 0, 'version', 1,
                   'created_at', docket.clock(), 'updated_at', docket.clock(), 'created_by', 'x',
                   'updated_by', 'x') || finding.fields) as f;
$$;
select lives_ok($$ select pg_temp.finding() $$, 'a plain one can be written');
select throws_ok(
    $$ select pg_temp.finding() $$, '23505', null, 'the same thing is there once');
select throws_ok(
    format('select pg_temp.finding(%L)', '{"fingerprint": "g"}'::jsonb || w.fields), '23514',
    null, w.what)
  from (values ('{"tool": ""}'::jsonb, 'a tool has a name'),
               ('{"fingerprint_source": "guess"}', 'a fingerprint comes from somewhere'),
               (jsonb_build_object('message', repeat('x', 10001)), 'a message is bounded'),
               ('{"start_line": -1}', 'no line is negative'),
               ('{"first_run_no": 2}', 'it was opened when it was found or later'),
               ('{"fixed_run_no": 1}', 'it was fixed after it was opened'),
               ('{"details": []}', 'details are an object')) as w (fields, what);

select isnt_empty(
    $$ select from docket.audit_log as l
        where l.table_name = 'validation_findings' and l.operation = 'insert' $$,
    'the journal has it');
delete from docket.tasks as t where t.task_id = docket_test.id('a');
select is_empty(
    $$ select from docket.validation_findings as f $$, 'it goes with its task');

select * from finish();
rollback;
