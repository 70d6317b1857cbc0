-- What validations said is read with its task, run by run, and as one score of all.

begin;
select plan(15);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
create temporary table held as
select t.task_id, t.attempt_id from docket.start_task(docket_test.id('a'), 'anna') as t;
create temporary table proposed as
select p.pull_request_id
  from docket.record_pull_request(docket_test.project_id(), 'acme/shop', 7) as p;

-- Asked, told, validated, told again, better.
create temporary table told as
select b.prompt_build_id
  from held as h
 cross join lateral docket.build_prompt_context(h.task_id, attempt_id => h.attempt_id) as b;
create temporary table failed as
select r.validation_result_id
  from held as h
 cross join proposed as p
 cross join lateral docket.record_validation(
           h.task_id, 'tests', 'failed', 'pytest', 6, 10, 4, attempt_id => h.attempt_id,
           pull_request_id => p.pull_request_id) as r;
create temporary table told_again as
select b.prompt_build_id
  from held as h
 cross join lateral docket.build_prompt_context(h.task_id, attempt_id => h.attempt_id) as b;
select docket.record_validation(h.task_id, 'tests', 'passed', 'pytest', 10, 10, 0,
                                attempt_id => h.attempt_id)
  from held as h;
select docket.record_validation(docket_test.id('a'), 'style', 'warning', 'ruff', issues_minor => 2);

select results_eq(
    $$ select v.task_key, v.task_title, v.task_status::text, v.validation_type::text, v.run_no
         from docket.list_validations(docket_test.project_id()) as v $$,
    $$ values ('a', 'A task', 'in_progress', 'tests', 1),
              ('a', 'A task', 'in_progress', 'tests', 2),
              ('a', 'A task', 'in_progress', 'style', 1) $$,
    'results come with their task');
select results_eq(
    $$ select v.validation_type::text
         from docket.list_validations(docket_test.project_id(), validator_name => 'ruff') as v $$,
    array['style'], 'by validator');
select is_empty(
    $$ select from docket.list_validations(
                       docket_test.project_id(), since => '2026-01-01 09:00:01+00') $$,
    'from a time on');
select isnt_empty(
    $$ select from docket.list_validations(
                       docket_test.project_id(), until => '2026-01-01 09:00:01+00') $$,
    'before a time');
select results_eq(
    $$ select v.run_no
         from proposed as p
        cross join lateral docket.list_validations(
                  docket_test.project_id(), pull_request_id => p.pull_request_id) as v $$,
    array[1], 'of a pull request');
select results_eq(
    $$ select t.run_no, t.validation_status::text, t.score_change, t.issues_change, t.agent
         from docket.validation_trend(docket_test.id('a'), 'Tests') as t $$,
    $$ values (1, 'failed', null::numeric, null::integer, 'anna'),
              (2, 'passed', 4::numeric, -4, 'anna') $$,
    'a trend says what became better from run to run');
select results_eq(
    $$ select t.prompt_build_id, t.feedback_build_id
         from docket.validation_trend(docket_test.id('a'), 'tests') as t $$,
    $$ select t.prompt_build_id, a.prompt_build_id from told as t, told_again as a
       union all
       select a.prompt_build_id, null from told_again as a $$,
    'which prompt the work was done by, and which took the result up');
select results_eq(
    $$ select t.validation_type::text, t.run_no
         from docket.validation_trend(docket_test.id('a'), max_runs => 1) as t $$,
    $$ values ('style', 1), ('tests', 2) $$,
    'the last runs of each type');
select results_eq(
    $$ select t.run_no
         from proposed as p
        cross join lateral docket.validation_trend(
                  docket_test.id('a'), pull_request_id => p.pull_request_id) as t $$,
    array[1], 'or those of a pull request');
select throws_ok(
    $$ select docket.validation_trend(gen_random_uuid()) $$,
    'PD404', null, 'of a task that exists');

select results_eq(
    $$ select s.score, s.types, s.types_passed, s.issues_found, s.issues_minor
         from docket.validation_score(docket_test.id('a')) as s $$,
    $$ values (75.00, 2, 2, 2::bigint, 2::bigint) $$,
    'the newest results are one score: 100 for tests, 50 for a warning');
select docket.update_project(
    docket_test.project_id(), '{"settings": {"validation_weights": {"tests": 3}}}');
select is(
    (select s.score from docket.validation_score(docket_test.id('a')) as s), 87.50,
    'types weigh what the project says');
select docket.update_project(
    docket_test.project_id(), '{"settings": {"validation_weights": {"style": 0}}}');
select is(
    (select s.parts
       from docket.validation_score(docket_test.id('a')) as s),
    '[{"validation_type": "style", "run_no": 1, "status": "warning", "weight": 0, "score": 50.00},
      {"validation_type": "tests", "run_no": 2, "status": "passed", "weight": 1, "score": 100.00}]',
    'and its parts are told');
select docket.create_task(docket_test.project_id(), 'Untouched', task_key => 'b');
select results_eq(
    $$ select s.score, s.types from docket.validation_score(docket_test.id('b')) as s $$,
    $$ values (null::numeric, 0) $$,
    'what nobody has looked at has no score');
select throws_ok(
    $$ select docket.validation_score(gen_random_uuid()) $$,
    'PD404', null, 'of a task that exists');

select * from finish();
rollback;
