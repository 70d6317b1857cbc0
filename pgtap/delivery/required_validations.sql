-- A task that has to pass validations can not be completed, in any way, before it has passed them.

begin;
select plan(38);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"},
           {"task_key": "c", "title": "C"}, {"task_key": "d", "title": "D", "status": "done"}]');

create function pg_temp.say(task text, type text, status text) returns integer
language sql
as $$
    select v.run_no
      from docket.record_validation(docket_test.id(say.task), say.type, say.status) as v;
$$;

create function pg_temp.gates(task text) returns integer
language sql
as $$
    select t.unmet_gates from docket.tasks as t where t.task_id = docket_test.id(gates.task);
$$;

select is(pg_temp.gates('a'), 0, 'a task has no gates');
select results_eq(
    $$ select docket_test.key(r.task_id), r.validation_type::text, r.run_no,
              r.validation_status::text, r.is_met, r.waived_at
         from docket.require_validations(
                  array[docket_test.id('b'), docket_test.id('a')], '{Tests,style,tests}') as r $$,
    $$ values ('a', 'style', null::integer, null::text, false, null::timestamptz),
              ('a', 'tests', null, null, false, null), ('b', 'style', null, null, false, null),
              ('b', 'tests', null, null, false, null) $$,
    'several tasks get several gates, each once');
select is(pg_temp.gates('a'), 2, 'and know how many');

-- Every way to complete it.
create temporary table held as
select t.task_key, t.attempt_id
  from docket.claim_tasks(docket_test.project_id(), 'agent', 3) as t;
create function pg_temp.attempt(task text) returns uuid
language sql
as $$ select h.attempt_id from held as h where h.task_key = attempt.task $$;

select throws_ok(
    $$ select docket.complete_task(pg_temp.attempt('a')) $$,
    'PDGAT', 'task a can not be completed: missing style, tests', 'by the agent that has it');
select throws_ok(
    $$ select docket.mark_task_completed(docket_test.id('a')) $$, 'PDGAT', null, 'by a person');
select throws_ok(
    $$ select docket.complete_and_claim(pg_temp.attempt('a')) $$,
    'PDGAT', null, 'on the way to the next');
select throws_ok(
    $$ update docket.tasks set status = 'completed' where task_key = 'a' $$,
    'PDTRN', 'task a is claimed, and completed by who holds it, by the queue alone',
    'not behind the queue''s back');
select throws_ok(
    $$ select docket.complete_tasks(jsonb_build_array(
                  jsonb_build_object('attempt_id', pg_temp.attempt('c')),
                  jsonb_build_object('attempt_id', pg_temp.attempt('b')))) $$,
    'PDGAT', 'task b can not be completed: missing style, tests', 'among others');
select is(
    (select string_agg(t.task_key || ' ' || t.status, ', ' order by t.task_key)
       from docket.tasks as t
      where t.project_id = docket_test.project_id()),
    'a in_progress, b in_progress, c in_progress, d completed', 'nothing of it has happened');
select lives_ok(
    $$ select docket.complete_task(pg_temp.attempt('c')) $$, 'without gates nothing is asked');

-- What opens a gate.
select pg_temp.say('a', 'style', 'failed');
select throws_ok(
    $$ select docket.complete_task(pg_temp.attempt('a')) $$,
    'PDGAT', 'task a can not be completed: missing tests; failed style',
    'it is told what is missing and what has failed');
select is(pg_temp.gates('a'), 2, 'a failure opens nothing');
select is(pg_temp.say('a', 'style', 'passed'), 2, 'a run after a run');
select is(pg_temp.gates('a'), 1, 'passed opens it');
select pg_temp.say('a', 'style', status)
  from unnest(array['error', 'pending', 'running', 'skipped']) as s (status);
select is(pg_temp.gates('a'), 2, 'the newest counts, and what has said nothing opens nothing');
select pg_temp.say('a', 'style', 'warning');
select is(pg_temp.gates('a'), 1, 'a warning opens it as well');
select pg_temp.say('a', 'security', 'failed');
select is(pg_temp.gates('a'), 1, 'what nobody asks for is in nobody''s way');
select pg_temp.say('a', 'tests', 'passed');
select results_eq(
    $$ select r.validation_type::text, r.run_no, r.validation_status::text, r.is_met
         from docket.list_required_validations(docket_test.id('a')) as r $$,
    $$ values ('style', 7, 'warning', true), ('tests', 1, 'passed', true) $$,
    'one can look at the gates');
select lives_ok(
    $$ select docket.complete_task(pg_temp.attempt('a')) $$, 'when all are open it is completed');
select pg_temp.say('a', 'tests', 'failed');
select results_eq(
    $$ select t.status::text, t.unmet_gates from docket.get_task(docket_test.id('a')) as t $$,
    $$ values ('completed', 1) $$,
    'what fails later does not reopen it, and is told');
select docket.update_task_status(docket_test.id('a'), 'pending');
select throws_ok(
    $$ select docket.mark_task_completed(docket_test.id('a')) $$,
    'PDGAT', null, 'but reopened it would have to pass again');

-- Gates that come late.
select pg_temp.say('d', 'security', 'passed');
select results_eq(
    $$ select r.run_no, r.is_met
         from docket.require_validation(docket_test.id('d'), 'security') as r $$,
    $$ values (1, true) $$, 'what was recorded before counts');
select results_eq(
    $$ select t.status::text, t.unmet_gates
         from docket.require_validation(docket_test.id('d'), 'tests') as r
        cross join lateral docket.get_task(r.task_id) as t $$,
    $$ values ('completed', 0) $$, 'a completed task stays so');
select is(pg_temp.gates('d'), 1, 'with a gate that is not met');

-- A person may let it go.
select throws_ok(
    $$ select docket.waive_validation(docket_test.id('b'), 'tests', '') $$,
    'PD422', 'a validation is not waived without a reason', 'not without a reason');
select throws_ok(
    $$ select docket.waive_validation(docket_test.id('b'), 'security', 'no time') $$,
    'PD404', 'task b does not require security', 'nor what nobody requires');
select results_eq(
    $$ select r.is_met, r.waived_at, r.waived_by, r.waive_reason, r.validation_status::text
         from docket.waive_validation(docket_test.id('b'), 'tests', 'nothing to test') as r $$,
    $$ values (true, docket.clock(), docket.principal(), 'nothing to test', null::text) $$,
    'a person lets it go, and says why');
select is(
    (select l.new_values ->> 'waive_reason'
       from docket.audit_log as l
      where l.table_name = 'required_validations' and l.row_id = docket_test.id('b')
        and l.operation = 'update'),
    'nothing to test', 'the journal knows it');
select pg_temp.say('b', 'tests', 'failed');
select is(pg_temp.gates('b'), 1, 'what is waived does not count, whatever it says');
select is(
    (select r.validation_type::text
       from docket.list_required_validations(docket_test.id('b'), unmet_only => true) as r),
    'style', 'one is left');
select docket.require_validation(docket_test.id('b'), 'tests');
select throws_ok(
    $$ select docket.complete_task(pg_temp.attempt('b')) $$,
    'PDGAT', 'task b can not be completed: missing style; failed tests',
    'what is required again counts again');

-- Refusals.
select throws_ok(
    $$ select docket.require_validations('{}', '{tests}') $$, 'PD404', null, 'no task');
select throws_ok(
    $$ select docket.require_validations(array[docket_test.id('a')], '{}') $$,
    'PD422', 'no type of validation is given', 'no type');
select throws_ok(
    $$ select docket.require_validation(docket_test.id('a'), 'two words') $$,
    'PD422', null, 'a type that is none');
select throws_ok(
    $$ select docket.require_validation('00000000-0000-7000-8000-000000000000', 'tests') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'a task there is not');

-- The same request twice.
select docket.require_validation(
    docket_test.id('c'), type, '00000000-0000-4000-8000-000000000001')
  from unnest(array['tests', 'style']) as t (type);
select is(pg_temp.gates('c'), 1, 'the same request twice is answered once');

-- Agents keep their hands off.
select docket_test.member('docket_agent');
set local role docket_agent;
select lives_ok(
    $$ select docket.require_validation(docket_test.id('c'), 'style') $$,
    'an agent may ask for more');
select throws_ok(
    $$ select docket.waive_validation(docket_test.id('c'), 'style', 'no time') $$,
    '42501', null, 'and not for less');
reset role;

select * from finish();
rollback;
