-- What agents say to models is recorded once, without secrets, and charged to the budgets.

begin;
select plan(32);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
select count(*)
  from docket.create_tasks(docket_test.project_id(), jsonb_build_array(
           '{"task_key": "a", "title": "A"}'::jsonb,
           jsonb_build_object('task_key', 'f', 'title', 'F',
                              'workflow_id', (select f.workflow_id from flows as f))));
create temporary table held as
select t.attempt_id from docket.start_task(docket_test.id('a'), 'ann') as t;
grant select on held, flows to public;

create temporary table said as
select i.*
  from docket.record_interaction(
           docket_test.id('a'), 'ann', 'code_generation', true,
           request_data => '{"messages": [{"content": "hi"}], "headers": {"Authorization": "x1"}}',
           response_data => '{"text": "hello", "auth": [{"token": "x1"}]}',
           execution_time_ms => 900, attempt_id => (select h.attempt_id from held as h),
           session_id => 's-1', conversation_id => 'c-1', agent_id => 'asst_1',
           agent_version => '2.0', operation_name => 'chat', provider_name => 'acme',
           request_model => 'm', request_parameters => '{"temperature": 0.2, "api_key": "x1"}',
           response_model => 'm-2026', response_id => 'r-1', finish_reasons => '{stop}',
           input_tokens => 100, output_tokens => 20, cache_read_input_tokens => 60,
           cache_creation_input_tokens => 10, reasoning_output_tokens => 5,
           time_to_first_chunk_ms => 80, tool_calls => '[{"name": "grep", "secret": "x1"}]',
           cost_amount => 0.25, metadata => '{"password": "x1"}',
           request_id => '00000000-0000-4000-8000-0000000000a1') as i;
grant select on said to public;

select results_eq(
    $$ select s.agent_name, s.interaction_type, s.success, s.execution_time_ms, s.session_id,
              s.conversation_id, s.agent_id, s.agent_version, s.operation_name, s.provider_name
         from said as s $$,
    $$ values ('ann', 'code_generation', true, 900::bigint, 's-1', 'c-1', 'asst_1', '2.0', 'chat',
               'acme') $$,
    'who said what for, and how long it took');
select results_eq(
    $$ select s.request_model, s.response_model, s.response_id, s.finish_reasons, s.input_tokens,
              s.output_tokens, s.cache_read_input_tokens, s.cache_creation_input_tokens,
              s.reasoning_output_tokens, s.time_to_first_chunk_ms, s.conventions_version
         from said as s $$,
    $$ values ('m', 'm-2026', 'r-1', '{stop}'::text[], 100::bigint, 20::bigint, 60::bigint,
               10::bigint, 5::bigint, 80::bigint, '1.41.1') $$,
    'with what model, and what it used');
select results_eq(
    $$ select s.cost_amount, s.cost_currency, s.cost_source from said as s $$,
    $$ values (0.25, 'USD', 'reported') $$,
    'a cost is in the project''s currency, and reported, unless it is said otherwise');
select is(
    (select s.attempt_id from said as s), (select h.attempt_id from held as h),
    'by which attempt');
select is((select count(*) from said as s where s::text like '%x1%'), 0::bigint,
    'what stands under a secret key is not stored');
select is(
    (select s.request_data #>> '{headers,Authorization}' from said as s), '********',
    'but that there was something is');
select is(
    (select s.request_data #>> '{messages,0,content}' from said as s), 'hi', 'all else is');
select is(
    (select i.interaction_id
       from docket.record_interaction(
                docket_test.id('a'), 'ann', 'code_generation', true, input_tokens => 100,
                request_id => '00000000-0000-4000-8000-0000000000a1') as i),
    (select s.interaction_id from said as s), 'the same request is answered with the same row');
select is((select count(*) from docket.ai_interactions as i
            where i.project_id = docket_test.project_id()), 1::bigint, 'and records nothing');
select results_eq(
    $$ select docket_test.key(b.task_id), b.used_tokens, b.used_cost
         from docket.budgets as b
        where b.project_id = docket_test.project_id()
        order by b.task_id nulls first $$,
    $$ values (null::text, 120::bigint, 0.25), ('a', 120, 0.25) $$,
    'tokens and cost are charged once, to the task and the project');

select docket.set_budget(docket_test.project_id(), (select f.workflow_id from flows as f),
                         max_tokens => 30);
create temporary table batch as
select i.*
  from docket.record_interactions(jsonb_build_array(
           jsonb_build_object('task_id', docket_test.id('f'), 'agent_name', 'bob',
                              'interaction_type', 'review', 'success', false,
                              'error_type', 'timeout', 'input_tokens', 10),
           jsonb_build_object('task_id', docket_test.id('a'), 'agent_name', 'ann',
                              'interaction_type', 'tool', 'success', true),
           jsonb_build_object('task_id', docket_test.id('f'), 'agent_name', 'bob',
                              'interaction_type', 'review', 'success', true,
                              'output_tokens', 20, 'cost_amount', 1.5, 'cost_currency', 'USD',
                              'cost_source', 'estimated')),
           '00000000-0000-4000-8000-0000000000b1') as i;
select results_eq(
    $$ select b.interaction_type || coalesce(':' || b.error_type, '') from batch as b
        order by b.interaction_id $$,
    array['review:timeout', 'tool', 'review'], 'a batch comes back in its order');
select results_eq(
    $$ select case when b.workflow_id is not null then 'flow' else docket_test.key(b.task_id) end,
              b.used_tokens, b.used_cost, b.is_exhausted
         from docket.budgets as b
        where b.project_id = docket_test.project_id()
        order by 1 nulls first $$,
    $$ values (null::text, 150::bigint, 1.75, false), ('a', 120, 0.25, false),
              ('f', 30, 1.5, false), ('flow', 30, 1.5, true) $$,
    'it is charged as a whole, to the workflow too, whose limit it reaches');
select set_eq(
    $$ select i.interaction_id
         from docket.record_interactions(
                  '[]', '00000000-0000-4000-8000-0000000000b1') as i $$,
    $$ select b.interaction_id from batch as b $$,
    'the same request is answered with the same rows');

select throws_ok(
    format('select docket.record_interactions(%L)', w.given), 'PD422', null, 'refused: ' || w.what)
  from (values (null, 'nothing'), ('{}', 'an object'), ('[]', 'no interaction'),
               ('[1]', 'a number'), ('[{"success": true}]', 'no task')) as w (given, what);
select throws_ok(
    format('select docket.record_interactions(%L)',
           jsonb_build_array(jsonb_build_object('task_id', docket_test.id('a'), 'agent_name', 'x',
                                                'interaction_type', 'y', 'success', true)
                             || w.fields)),
    'PD422', w.message, 'refused: ' || w.what)
  from (values ('{"agent_name": null}'::jsonb, 'interaction number 1 has no agent_name',
                'no agent'),
               ('{"interaction_type": ""}', 'interaction number 1 has no interaction_type',
                'no type'),
               ('{"success": null}', 'interaction number 1 does not say whether it was a success',
                'no outcome'),
               ('{"tokens": 1}', 'interaction number 1 has a field tokens that interactions do not have',
                'an unknown field'),
               ('{"error_type": "e"}',
                'interactions are refused: an interaction that succeeded has no error_type',
                'a success with an error'),
               ('{"cost_amount": 1, "cost_currency": "EUR"}',
                'a cost is in ''EUR'', and the project reckons in ''USD''', 'another currency'))
       as w (fields, message, what);
select throws_ok(
    format('select docket.record_interaction(%L, %L, %L, true)', gen_random_uuid(), 'a', 'b'),
    'PD404', null, 'a task that does not exist');
insert into docket.prompt_builds (
    prompt_build_id, project_id, task_id, sections, token_budget, token_estimate, token_estimator,
    included, left_out, content, content_hash, source_hash)
select docket_private.new_id(docket_test.project_id(), 7), docket_test.project_id(),
       docket_test.id('a'), '{task}', 100, 1, 'bytes/4', '[]', '[]', '{}', '', '';
select is(
    (select i.prompt_build_id
       from docket.prompt_builds as b
      cross join lateral docket.record_interaction(
                b.task_id, 'a', 'b', true, prompt_build_id => b.prompt_build_id) as i),
    (select b.prompt_build_id from docket.prompt_builds as b), 'and which prompt was sent');
select throws_ok(
    format('select docket.record_interaction(%L, %L, %L, true, prompt_build_id => %L)',
           docket_test.id('f'), 'a', 'b',
           (select b.prompt_build_id from docket.prompt_builds as b)),
    'PD404', null, 'one that was built for the task');
select throws_ok(
    format('select docket.record_interaction(%L, %L, %L, true, attempt_id => %L)',
           docket_test.id('f'), 'a', 'b', (select h.attempt_id from held as h)),
    'PD404', null, 'an attempt at another task');

select docket.update_project(docket_test.project_id(), '{"settings": {"currency": "EUR"}}');
select is(
    (docket.record_interaction(docket_test.id('a'), 'ann', 'x', true,
                               cost_amount => 1)).cost_currency,
    'EUR', 'a project may reckon in its own currency');

update docket.settings set value = '1500' where setting_key = 'max_interaction_bytes';
select throws_ok(
    format('select docket.record_interaction(%L, %L, %L, true, %L)', docket_test.id('a'), 'a', 'b',
           to_jsonb(repeat('x', 1500))),
    'PD413', null, 'one that is too large');

select docket_test.member('docket_agent');
select docket_test.member('docket_reader', 'reader');
set local role docket_agent;
select lives_ok(
    $$ select docket.record_interaction(docket_test.id('a'), 'ann', 'x', true) $$,
    'an agent says what it has said');
reset role;
set local role docket_reader;
select throws_ok(
    $$ select docket.record_interaction(docket_test.id('a'), 'ann', 'x', true) $$,
    '42501', null, 'a reader says nothing');
reset role;

select * from finish();
rollback;
