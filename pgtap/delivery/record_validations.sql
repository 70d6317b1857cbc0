-- Results are recorded one or many at a time, numbered by task and type, all or none.

begin;
select plan(26);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"}]');
create temporary table held as
select t.task_id, t.attempt_id from docket.start_task(docket_test.id('a'), 'agent-7') as t;

select results_eq(
    $$ select v.validation_type::text, v.run_no, v.validation_status::text, v.validator_name,
              v.score, v.max_score, v.issues_found, v.suggestions, v.completed_at, v.agent
         from docket.record_validation(
                  docket_test.id('a'), 'Tests', 'passed', 'pytest', 9, 10) as v $$,
    $$ values ('tests', 1, 'passed', 'pytest', 9::numeric, 10::numeric, 0, '[]'::jsonb,
               docket.clock(), null::text) $$,
    'a result needs little');
select results_eq(
    $$ select v.run_no, v.issues_found, v.issues_critical, v.issues_major, v.issues_minor,
              v.details, v.suggestions, v.attempt_id = h.attempt_id, v.agent, v.started_at,
              v.execution_time_ms, v.metadata
         from held as h
        cross join lateral docket.record_validation(
                  h.task_id, 'tests', 'failed', issues_critical => 1, issues_minor => 2,
                  details => '{"failed": ["t1"]}', suggestions => '["fix t1"]',
                  attempt_id => h.attempt_id, started_at => '2026-01-01 08:59:58.5+00',
                  metadata => '{"ci": 7}') as v $$,
    $$ values (2, 3, 1, 0, 2, '{"failed": ["t1"]}'::jsonb, '["fix t1"]'::jsonb, true, 'agent-7',
               '2026-01-01 08:59:58.5+00'::timestamptz, 1500::bigint, '{"ci": 7}'::jsonb) $$,
    'and keeps all that is told: counts, suggestions, whose work it was, how long it took');
select is(
    (select v.completed_at
       from docket.record_validation(docket_test.id('a'), 'style', 'running') as v),
    null, 'what runs is not over');

select results_eq(
    $$ select docket_test.key(v.task_id), v.validation_type::text, v.run_no,
              v.validation_status::text
         from docket.record_validations(jsonb_build_array(
                  jsonb_build_object('task_id', docket_test.id('b'), 'validation_type', 'tests',
                                     'status', 'running'),
                  jsonb_build_object('task_id', docket_test.id('a'), 'validation_type', 'tests',
                                     'status', 'warning'),
                  jsonb_build_object('task_id', docket_test.id('b'), 'validation_type', 'TESTS',
                                     'status', 'passed'))) as v $$,
    $$ values ('b', 'tests', 1, 'running'), ('a', 'tests', 3, 'warning'),
              ('b', 'tests', 2, 'passed') $$,
    'many at once, numbered by task and type, in the order given');
select is(
    (select r.validation_status::text
       from docket.require_validation(docket_test.id('b'), 'tests') as r),
    'passed', 'of one call, too, the last counts');

-- Finding them.
select is(
    (select count(*) from docket.list_validations(docket_test.project_id())), 6::bigint,
    'all of a project');
select results_eq(
    $$ select v.run_no, v.validation_status::text
         from docket.list_validations(
                  docket_test.project_id(), docket_test.id('a'), 'Tests') as v $$,
    $$ values (1, 'passed'), (2, 'failed'), (3, 'warning') $$,
    'how a task got on in one type');
select is(
    (select count(*) from docket.list_validations(docket_test.project_id(), status => 'passed')),
    2::bigint, 'all of one status');
select is(
    (select count(*)
       from docket.list_validations(docket_test.project_id(), page_size => 2) as v
      cross join lateral docket.list_validations(
                docket_test.project_id(), after => v.validation_result_id)),
    9::bigint, 'by pages');

-- Of a pull request.
create temporary table proposed as
select p.pull_request_id
  from docket.record_pull_request(docket_test.project_id(), 'acme/shop', 7) as p;
select is(
    (select v.pull_request_id = p.pull_request_id
       from proposed as p
      cross join lateral docket.record_validation(
                docket_test.id('a'), 'review', 'passed', pull_request_id => p.pull_request_id)
                as v),
    true, 'a result may be about a pull request');
select is(
    (select v.validation_type::text
       from proposed as p
      cross join lateral docket.list_validations(
                docket_test.project_id(), pull_request_id => p.pull_request_id) as v),
    'review', 'and is found by it');
select throws_ok(
    $$ select docket.record_validation(docket_test.id('a'), 'review', 'passed',
                  pull_request_id => '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'the pull request or artifact of a validation is none of this project',
    'one that there is');

-- Whoever has lost the task.
select throws_ok(
    $$ select docket.record_validation(docket_test.id('b'), 'tests', 'passed',
                  attempt_id => h.attempt_id)
         from held as h $$,
    'PD404', null, 'another task''s attempt is none');
select docket.release_task(h.attempt_id) from held as h;
select throws_ok(
    $$ select docket.record_validation(h.task_id, 'tests', 'passed', attempt_id => h.attempt_id)
         from held as h $$,
    'PDLSE', null, 'who has lost the task says nothing about it any more');
create temporary table again as
select t.task_id, t.attempt_id from docket.start_task(docket_test.id('a'), 'agent-8') as t;
select docket.complete_task(g.attempt_id) from again as g;
select lives_ok(
    $$ select docket.record_validation(g.task_id, 'tests', 'passed', attempt_id => g.attempt_id)
         from again as g $$,
    'who has completed it may');

-- Refusals.
create function pg_temp.record(fields jsonb) returns void
language sql
as $$
    select docket.record_validations(jsonb_build_array(
        jsonb_build_object('task_id', docket_test.id('a'), 'validation_type', 'tests',
                           'status', 'passed'),
        jsonb_build_object('task_id', docket_test.id('a'), 'validation_type', 'tests',
                           'status', 'passed') || record.fields));
$$;
select throws_ok(
    format('select pg_temp.record(%L)', w.fields), 'PD422', w.message, w.message)
  from (values ('{"task_id": "a"}', 'validation number 2 has no task_id'),
               ('{"validation_type": null}', 'validation number 2 has no validation_type'),
               ('{"status": null}', 'validation number 2 has no status'),
               ('{"status": "ok"}', 'validation number 2 has the unknown status ''ok'''),
               ('{"verdict": 1}',
                'validation number 2 has a field verdict that validations do not have'),
               ('{"score": 2, "max_score": 1}',
                'validations are refused: a score is between 0 and max_score'),
               ('{"issues_found": 1, "issues_major": 2}',
                'validations are refused: issues_found is at least issues_critical, issues_major and issues_minor together'))
       as w (fields, message);
select throws_ok(
    $$ select pg_temp.record('{"score": "good"}') $$, 'PD422', null, 'what is no number');
select throws_ok(
    $$ select docket.record_validations('[]') $$,
    'PD422', 'validations is not a JSON array of validations', 'nothing at all');
select is(
    (select max(v.run_no)
       from docket.list_validations(
                docket_test.project_id(), docket_test.id('a'), 'tests') as v), 4,
    'what is refused leaves nothing');

-- The same request twice.
select is(
    (select count(distinct v.validation_result_id)
       from (values ('passed'), ('failed')) as twice (status)
      cross join lateral docket.record_validation(
                docket_test.id('b'), 'style', twice.status,
                request_id => '00000000-0000-4000-8000-000000000001') as v), 1::bigint,
    'the same request twice is answered once');

select * from finish();
rollback;
