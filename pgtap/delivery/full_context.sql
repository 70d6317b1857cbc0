-- All that is known about a task is had in one call.

begin;
select plan(13);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');

select is(
    docket.full_context(docket_test.id('b'))::jsonb - 'task',
    '{"contexts": [], "attempts": [], "failures": [], "pull_requests": [], "validations": [],
      "interactions": []}'::jsonb,
    'of a new task there is nothing but itself');

create temporary table tokens as
select t.attempt_id from docket.start_task(docket_test.id('a'), 'ann') as t;
select docket.put_context(docket_test.id('a'), 'note', to_jsonb(n))
  from generate_series(1, 2) as n;
select docket.put_context(docket_test.id('a'), 'gone', '1');
select docket.delete_context(docket_test.id('a'), 'gone');
select docket.record_validation(
           docket_test.id('a'), s.validation_type, s.said, attempt_id => t.attempt_id)
  from tokens as t
 cross join (values ('tests', 'passed'), ('tests', 'failed'),
                    ('style', 'failed'), ('style', 'passed')) as s (validation_type, said);
select docket.record_interaction(
           docket_test.id('a'), 'ann', 'review', true, to_jsonb('question ' || n))
  from generate_series(1, 3) as n;
select docket.fail_task(t.attempt_id, 'It broke.', 'bug') from tokens as t;
select docket.link_pull_request(docket_test.id('a'), p.pull_request_id)
  from unnest('{"open", "closed"}'::text[]) with ordinality as n (status, number)
 cross join lateral docket.record_pull_request(
           docket_test.project_id(), 'acme/shop', n.number, jsonb_build_object(
               'status', n.status, 'checks_status', 'failure',
               'review_status', 'changes_requested')) as p;

create temporary table known as
select docket.full_context(docket_test.id('a'))::jsonb as k;
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
    (select (k #> '{failures,0}') - '{attempt_id,ended_at}'::text[] from known),
    '{"attempt_no": 1, "agent": "ann", "outcome": "failed", "failure_class": "bug",
      "error": "It broke.", "details": null,
      "validations": [{"validation_type": "tests", "validation_status": "failed",
                       "issues_found": 0, "details": null, "suggestions": []}]}'::jsonb,
    'how the last attempts failed, and the validations that failed in them in the end');
select is(
    (select jsonb_path_query_array(k, '$.pull_requests[*].number') from known), '[2, 1]'::jsonb,
    'its pull requests, the newest first');
select is(
    (select jsonb_path_query_array(
                k, '$.pull_requests[1].*') @> '["open", "failure", "changes_requested"]'
       from known), true, 'and where each stands');
select is(
    (select jsonb_path_query_array(k, '$.validations[*].validation_status') from known),
    '["passed", "failed"]'::jsonb,
    'what its validations said last');
select is(
    (select jsonb_path_query_array(k, '$.interactions[*].request_data') from known),
    '["question 1", "question 2", "question 3"]'::jsonb,
    'what was said to models');
select is(
    jsonb_path_query_array(
        docket.full_context(docket_test.id('a'), 1)::jsonb, '$.interactions[*].request_data'),
    '["question 3"]'::jsonb,
    'or the last of it');

-- However often it was tried.
select docket_test.pass('1 day');
do $$
begin
    for n in 1 .. 101 loop
        perform docket.release_task(t.attempt_id, 'not today')
           from docket.start_task(docket_test.id('a'), 'bob') as t;
    end loop;
end;
$$;
select is(
    jsonb_path_query_array(
        docket.full_context(docket_test.id('a'))::jsonb, '$.attempts[*].attempt_no'),
    (select jsonb_agg(n) from generate_series(3, 102) as n), 'of its attempts the last hundred');
select is(
    jsonb_path_query_array(
        docket.full_context(docket_test.id('a'))::jsonb, '$.failures[*].attempt_no'),
    '[1]'::jsonb, 'but the last failures, however long ago');
select throws_ok(
    $$ select docket.full_context('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'of no task nothing');

select * from finish();
rollback;
