-- All that is known about a task is had in one call.

begin;
select plan(8);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');

select is(
    docket.full_context(docket_test.id('b')) - 'task',
    '{"contexts": [], "attempts": [], "validations": [], "interactions": []}'::jsonb,
    'of a new task there is nothing but itself');

create temporary table tokens as
select t.attempt_id from docket.start_task(docket_test.id('a'), 'ann') as t;
select docket.put_context(docket_test.id('a'), 'note', to_jsonb(n))
  from generate_series(1, 2) as n;
select docket.put_context(docket_test.id('a'), 'gone', '1');
select docket.delete_context(docket_test.id('a'), 'gone');
select docket.record_validation(docket_test.id('a'), 'tests', s)
  from unnest(array['passed', 'failed']) as s;
select docket.record_interaction(
           docket_test.id('a'), 'ann', 'review', true, to_jsonb('question ' || n))
  from generate_series(1, 3) as n;
select docket.fail_task(t.attempt_id, 'It broke.', 'bug') from tokens as t;

create temporary table known as
select docket.full_context(docket_test.id('a')) as k;
select is((select k -> 'task' ->> 'task_key' from known), 'a', 'the task');
select is(
    (select jsonb_path_query_array(k, '$.contexts[*].data') || jsonb_path_query_array(
                k, '$.contexts[*].version') from known),
    '[2, 2]'::jsonb,
    'the latest of each context that is there');
select is(
    (select jsonb_path_query_array(k, '$.attempts[*].error') from known), '["It broke."]'::jsonb,
    'its attempts, and why they failed');
select is(
    (select jsonb_path_query_array(k, '$.validations[*].validation_status') from known),
    '["failed"]'::jsonb,
    'what its validations said last');
select is(
    (select jsonb_path_query_array(k, '$.interactions[*].request_data') from known),
    '["question 1", "question 2", "question 3"]'::jsonb,
    'what was said to models');
select is(
    jsonb_path_query_array(
        docket.full_context(docket_test.id('a'), 1), '$.interactions[*].request_data'),
    '["question 3"]'::jsonb,
    'or the last of it');
select throws_ok(
    $$ select docket.full_context('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'of no task nothing');

select * from finish();
rollback;
