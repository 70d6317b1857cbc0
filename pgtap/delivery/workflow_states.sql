-- An orchestrator tells where it stands with a workflow, a task or a pull request, and what each
-- stay took.

begin;
select plan(33);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;

select lives_ok(
    $$ select s::docket.workflow_state
         from unnest(array['created', 'planning', 'development', 'testing', 'review', 'deployment',
                           'completed', 'failed', 'cancelled']) as s $$,
    'the nine states');

select results_eq(
    $$ select s.state::text, s.step_name, s.step_number, s.entered_at, s.left_at, s.duration_ms,
              s.attempt, s.metadata
         from docket.enter_workflow_state(
                  'planning', task_id => docket_test.id('a'), step_name => 'outline',
                  step_number => 1, metadata => '{"by": "planner"}') as s $$,
    $$ values ('planning', 'outline', 1, '2026-01-01 09:00+00'::timestamptz, null::timestamptz,
               null::bigint, 1, '{"by": "planner"}'::jsonb) $$,
    'a task enters a state, with its step and what belongs to it');

select docket_test.pass('1 minute 30.5 seconds');
select docket.enter_workflow_state('development', task_id => docket_test.id('a'));
select results_eq(
    $$ select s.state::text, s.left_at, s.duration_ms
         from docket.list_workflow_states(task_id => docket_test.id('a')) as s $$,
    $$ values ('planning', '2026-01-01 09:01:30.5+00'::timestamptz, 90500::bigint),
              ('development', null, null) $$,
    'the next leaves it, and its duration is kept by itself');

-- Steps that go wrong.
select results_eq(
    $$ select s.state::text, s.attempt, s.last_error, s.next_retry_at
         from docket.retry_workflow_step(
                  'the compiler died', task_id => docket_test.id('a'),
                  next_retry_at => docket.clock() + interval '1 minute') as s $$,
    $$ values ('development', 2, 'the compiler died', '2026-01-01 09:02:30.5+00'::timestamptz) $$,
    'a step that failed is counted, with its error and when it is tried again');
select is(
    (docket.retry_workflow_step('again', task_id => docket_test.id('a'))).attempt, 3,
    'each time');
select docket_test.pass('9.5 seconds');
select docket.enter_workflow_state('testing', task_id => docket_test.id('a'));
select results_eq(
    $$ select s.attempt, s.last_error, s.next_retry_at, s.duration_ms
         from docket.list_workflow_states(task_id => docket_test.id('a')) as s
        where s.state = 'development' $$,
    $$ values (3, 'again', null::timestamptz, 9500::bigint) $$,
    'what is left is tried no more, and keeps its last error');

-- Task rows are not touched.
select is(
    (select t.version
       from docket.tasks as t
      where t.task_id = docket_test.id('a')), 1::bigint,
    'all the while the task itself is as it was');

-- Workflows.
select docket.enter_workflow_state('created', workflow_id => f.workflow_id) from flows as f;
select docket_test.pass('10 seconds');
select docket.enter_workflow_state('planning', workflow_id => f.workflow_id, step_name => 'outline')
  from flows as f;
select docket_test.pass('19.5 seconds');
select docket.enter_workflow_state('cancelled', workflow_id => f.workflow_id) from flows as f;
select results_eq(
    $$ select s.state::text, s.duration_ms
         from flows as f
        cross join lateral docket.list_workflow_states(workflow_id => f.workflow_id) as s $$,
    $$ values ('created', 10000::bigint), ('planning', 19500), ('cancelled', null) $$,
    'a workflow has its states as well');

-- Pull requests.
create temporary table proposed as
select p.pull_request_id
  from docket.record_pull_request(docket_test.project_id(), 'acme/shop', 7) as p;
select docket.enter_workflow_state('review', pull_request_id => p.pull_request_id)
  from proposed as p;
select is(
    (select (docket.retry_workflow_step(
                'the checks failed', pull_request_id => p.pull_request_id)).attempt
       from proposed as p), 2, 'a pull request''s step is tried again as well');
select docket_test.pass('1 second');
select docket.enter_workflow_state('completed', pull_request_id => p.pull_request_id)
  from proposed as p;
select results_eq(
    $$ select s.state::text, s.attempt, s.duration_ms
         from proposed as p
        cross join lateral docket.list_workflow_states(
                  pull_request_id => p.pull_request_id) as s $$,
    $$ values ('review', 2, 1000::bigint), ('completed', 1, null) $$,
    'and has its states');

select results_eq(
    $$ select m.state::text, m.step_name, m.stays, m.attempts, m.avg_duration_ms, m.p95_duration_ms
         from docket.workflow_state_metrics(docket_test.project_id()) as m $$,
    $$ values ('cancelled',   null,      1::bigint, 1::bigint, null::bigint, null::bigint),
              ('completed',   null,      1,         1,         null,         null),
              ('created',     null,      1,         1,         10000,        10000),
              ('development', null,      1,         3,         9500,         9500),
              ('planning',    'outline', 2,         2,         55000,        86950),
              ('review',      null,      1,         2,         1000,         1000),
              ('testing',     null,      1,         1,         null,         null) $$,
    'how long stays take is known by state and step');

select results_eq(
    $$ select s.state::text
         from docket.list_workflow_states(task_id => docket_test.id('a'), page_size => 1) as p
        cross join lateral docket.list_workflow_states(
                  task_id => docket_test.id('a'), after => p.workflow_state_id) as s $$,
    array['development', 'testing'],
    'the list has pages');

-- Refusals.
select throws_ok(
    $$ select docket.enter_workflow_state('resting', task_id => docket_test.id('a')) $$,
    'PD422', '''resting'' is no state of a workflow, or its step number or metadata is none',
    'a state that is none is refused');
select throws_ok(
    $$ select docket.enter_workflow_state(
                  'review', task_id => docket_test.id('a'), step_number => 0) $$,
    'PD422', null, 'so is step 0');
select throws_ok(
    $$ select docket.enter_workflow_state(
                  'review', task_id => docket_test.id('a'), metadata => '[]') $$,
    'PD422', null, 'so is metadata of another kind');
select throws_ok(
    $$ select docket.enter_workflow_state('review') $$,
    'PD422', 'give one of workflow_id, task_id and pull_request_id', 'one of the three is needed');
select throws_ok(
    $$ select docket.enter_workflow_state(
                  'review', (select f.workflow_id from flows as f), docket_test.id('a')) $$,
    'PD422', 'give one of workflow_id, task_id and pull_request_id', 'and one alone');
select throws_ok(
    $$ select docket.enter_workflow_state(
                  'review', task_id => '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'the task exists');
select throws_ok(
    $$ select docket.enter_workflow_state(
                  'review', workflow_id => '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'workflow 00000000-0000-7000-8000-000000000000 does not exist',
    'so does the workflow');
select throws_ok(
    $$ select docket.enter_workflow_state(
                  'review', pull_request_id => '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'pull request 00000000-0000-7000-8000-000000000000 does not exist',
    'and the pull request');
select throws_ok(
    $$ select docket.enter_workflow_state(
                  'review', task_id => docket_test.id('a'), pull_request_id => p.pull_request_id)
         from proposed as p $$,
    'PD422', 'give one of workflow_id, task_id and pull_request_id',
    'a state is of one thing alone');
select is(
    (select s.state::text
       from docket.list_workflow_states(task_id => docket_test.id('a')) as s
      where s.left_at is null), 'testing',
    'what is refused leaves the state as it is');

select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');
select throws_ok(
    $$ select docket.retry_workflow_step('error', task_id => docket_test.id('b')) $$,
    'PD409', 'it is in no state that could be tried again', 'nothing to try again is said so');

-- The same request twice.
select is(
    (select count(distinct s.workflow_state_id)
       from (values ('planning'), ('review')) as twice (state)
      cross join lateral docket.enter_workflow_state(
                twice.state, task_id => docket_test.id('b'),
                request_id => '00000000-0000-4000-8000-000000000001') as s), 1::bigint,
    'the same request twice enters one state');
select is(
    (select max(s.attempt)
       from (values ('error 1'), ('error 2')) as twice (error)
      cross join lateral docket.retry_workflow_step(
                twice.error, task_id => docket_test.id('b'),
                request_id => '00000000-0000-4000-8000-000000000002') as s), 2,
    'and counts one attempt');

-- What the table itself promises.
create function pg_temp.insert_state(state jsonb) returns void
language sql
as $$
    insert into docket.workflow_states
    select (jsonb_populate_record(
               s, jsonb_build_object('workflow_state_id', docket_private.new_id(s.project_id))
                  || insert_state.state)).*
      from docket.workflow_states as s
     where s.task_id = docket_test.id('a')
     order by s.workflow_state_id
     limit 1
$$;
select lives_ok($$ select pg_temp.insert_state('{}') $$, 'a stay that is over may be there twice');
select throws_ok(
    $$ select pg_temp.insert_state('{"left_at": null, "duration_ms": null}') $$,
    '23505', null, 'a task is in one state at a time');
select throws_ok(
    $$ select pg_temp.insert_state('{"task_id": null}') $$, '23514', null, 'a stay is somebody''s');
select throws_ok(
    $$ select pg_temp.insert_state('{"attempt": 0}') $$, '23514', null, 'attempts count from 1');
select throws_ok(
    $$ select pg_temp.insert_state('{"left_at": "2020-01-01"}') $$,
    '23514', null, 'nothing is left before it is entered');
select throws_ok(
    $$ select pg_temp.insert_state('{"duration_ms": null}') $$,
    '23514', null, 'what is left has its duration');

select isnt_empty(
    $$ select
         from docket.audit_log as l
        where l.table_name = 'workflow_states'
          and l.project_id = docket_test.project_id()
          and l.operation = 'update'
          and l.new_values ? 'duration_ms' $$,
    'the journal has every stay');
select docket.purge_task(docket_test.id('a'));
select is_empty(
    $$ select from docket.workflow_states as s
        where s.state = 'development' and s.task_id is not null
          and s.project_id = docket_test.project_id() $$,
    'with the task its states go');

select * from finish();
rollback;
