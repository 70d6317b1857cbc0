-- Interactions are found by whose they are and when, go by pages, and add up.

begin;
select plan(26);

select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(),
                           '[{"task_key": "a", "title": "A"}, {"task_key": "b", "title": "B"}]');

-- n counts up; every tenth of ann's fails, and each takes n ms.
select docket_test.at('2026-01-31 23:00+00');
select count(*)
  from docket.record_interactions((
           select jsonb_agg(jsonb_build_object(
                      'task_id', docket_test.id('a'), 'agent_name', 'ann',
                      'interaction_type', 'review', 'success', n % 10 <> 0,
                      'execution_time_ms', n, 'input_tokens', n, 'output_tokens', 1,
                      'request_model', 'm1', 'conversation_id', 'c1', 'session_id', 's1',
                      'cost_amount', 0.01, 'metadata', jsonb_build_object('n', n)) order by n)
             from generate_series(1, 20) as n));
select docket_test.at('2026-02-01 01:00+00');
select docket.update_project(docket_test.project_id(), '{"settings": {"currency": "EUR"}}');
select count(*)
  from docket.record_interactions((
           select jsonb_agg(jsonb_build_object(
                      'task_id', docket_test.id('b'), 'agent_name', 'bob',
                      'interaction_type', 'test', 'success', true, 'request_model', 'm1',
                      'response_model', 'm2', 'conversation_id', 'c1',
                      'cost_amount', 2, 'metadata', jsonb_build_object('n', n)) order by n)
             from generate_series(21, 23) as n));

create function pg_temp.numbers(found docket.ai_interactions[]) returns text
language sql
as $$
    select string_agg(f.metadata ->> 'n', ',' order by f.place)
      from rows from (unnest(numbers.found)) with ordinality as f (
               interaction_id, project_id, task_id, attempt_id, prompt_build_id, session_id,
               conversation_id, agent_name, agent_id, agent_version, interaction_type,
               operation_name,
               provider_name, request_model, request_parameters, response_model, response_id,
               finish_reasons, input_tokens, output_tokens, cache_read_input_tokens,
               cache_creation_input_tokens, reasoning_output_tokens, time_to_first_chunk_ms,
               execution_time_ms, tool_calls, success, error_type, cost_amount, cost_currency,
               cost_source, request_data, response_data, conventions_version, metadata,
               created_at, created_by, place);
$$;

create function pg_temp.found(
    task_key        text        default null,
    agent_name      text        default null,
    type            text        default null,
    session_id      text        default null,
    conversation_id text        default null,
    success         boolean     default null,
    since           timestamptz default null,
    until           timestamptz default null,
    after           uuid        default null,
    page_size       integer     default 3
) returns text
language sql
as $$
    select pg_temp.numbers(array(
        select i
          from docket.list_interactions(
                   docket_test.project_id(),
                   (select docket_test.id(found.task_key) where found.task_key is not null),
                   found.agent_name, found.type, found.session_id, found.conversation_id,
                   found.success, found.since, found.until, found.after, found.page_size) as i));
$$;

create function pg_temp.number(n integer) returns uuid
language sql
as $$
    select i.interaction_id from docket.ai_interactions as i
     where i.project_id = docket_test.project_id()
       and i.metadata = jsonb_build_object('n', number.n);
$$;

select is(pg_temp.found(), '23,22,21', 'the newest come first');
select is(pg_temp.found(after => pg_temp.number(21)), '20,19,18', 'the next page goes on');
select is(pg_temp.found(after => pg_temp.number(3)), '2,1', 'to the end');
select is(pg_temp.found('a'), '20,19,18', 'those of a task');
select is(pg_temp.found('a', after => pg_temp.number(2)), '1', 'by pages too');
select is(pg_temp.found('b', agent_name => 'ann'), null, 'every condition counts');
select is(pg_temp.found(agent_name => 'ann'), '20,19,18', 'those of an agent');
select is(pg_temp.found(type => 'test'), '23,22,21', 'of a type');
select is(pg_temp.found(session_id => 's1'), '20,19,18', 'of a session');
select is(pg_temp.found(conversation_id => 'c1'), '23,22,21', 'of a conversation');
select is(pg_temp.found(success => false), '20,10', 'those that failed');
select is(pg_temp.found(since => '2026-02-01'), '23,22,21', 'since a time');
select is(pg_temp.found(until => '2026-02-01 01:00+00'), '20,19,18', 'before a time');
select is_empty(
    $$ select from docket.list_interactions(gen_random_uuid()) $$, 'none of another project');

select is(
    pg_temp.numbers(array(select i from docket.conversation(
                                            docket_test.project_id(), 'c1', page_size => 2) as i)),
    '1,2', 'a conversation is in the order in which it went');
select is(
    pg_temp.numbers(array(
        select i
          from docket.conversation(docket_test.project_id(), 'c1', pg_temp.number(19)) as i)),
    '20,21,22,23', 'through all its tasks, by pages');
select is(
    pg_temp.numbers(array(
        select i
          from docket.conversation(docket_test.project_id(), session_id => 's1',
                                   after => pg_temp.number(17)) as i)),
    '18,19,20', 'or what was said in a session');
select is(
    pg_temp.numbers(array(
        select i
          from docket.conversation(docket_test.project_id(), 'c1', pg_temp.number(18),
                                   session_id => 's1') as i)),
    '19,20', 'or of a conversation in a session');
select is_empty(
    $$ select from docket.conversation(docket_test.project_id()) $$, 'of nothing there is nothing');
select results_eq(
    $$ select (e ->> 'input_tokens')::integer
         from docket.export_interactions(docket_test.id('a'), page_size => 1000) as e $$,
    $$ select n from generate_series(1, 20) as n $$, 'an export has all of a task in order');
select is(
    (select count(*) from docket.export_interactions(docket_test.id('a'), pg_temp.number(15))),
    5::bigint, 'by pages');

select results_eq(
    $$ select p.agent_name, p.model, p.interactions, p.successes, p.success_rate, p.latency_p50_ms,
              p.latency_p95_ms, p.input_tokens, p.output_tokens, p.costs
         from docket.agent_performance(docket_test.project_id()) as p $$,
    $$ values ('ann', null::text, 20::bigint, 18::bigint, 0.9, 10::bigint, 19::bigint, 210::bigint,
               20::bigint, '{"USD": 0.20}'::jsonb),
              ('bob', null, 3, 3, 1, null, null, 0, 0, '{"EUR": 6}') $$,
    'agents in figures, money by its currency');
select results_eq(
    $$ select p.model, p.interaction_type, p.period_start, p.interactions
         from docket.agent_performance(docket_test.project_id(), group_by => '{model,type,period}')
              as p $$,
    $$ values ('m1', 'review', '2026-01-31 00:00+00'::timestamptz, 20::bigint),
              ('m2', 'test', '2026-02-01 00:00+00', 3) $$,
    'by model, type and day');
select results_eq(
    $$ select p.interactions, p.costs
         from docket.agent_performance(
                  docket_test.project_id(), '2026-01-01', '2026-02-01 01:00+00', '{}') as p $$,
    $$ values (20::bigint, '{"USD": 0.20}'::jsonb) $$, 'all together, within a time');
select throws_ok(
    $$ select docket.agent_performance(docket_test.project_id(), group_by => '{sex}') $$,
    'PD422', 'interactions are not grouped by sex', 'by nothing else');
select throws_ok(
    $$ select docket.agent_performance(docket_test.project_id(), period => 'fortnight') $$,
    'PD422', '''fortnight'' is no period', 'nor any period');

select * from finish();
rollback;
