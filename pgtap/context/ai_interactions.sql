-- An interaction is one row of its month, within what can be meant, and never in the journal.

begin;
select plan(19);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

-- One row, written as plainly as any client could.
create function pg_temp.said(fields jsonb default '{}') returns docket.ai_interactions
language sql
as $$
    insert into docket.ai_interactions
    select (jsonb_populate_record(
               null::docket.ai_interactions,
               jsonb_build_object(
                   'interaction_id', docket_private.new_id(docket_test.project_id()),
                   'project_id', docket_test.project_id(), 'task_id', docket_test.id('a'),
                   'agent_name', 'ann', 'interaction_type', 'review', 'success', true,
                   'finish_reasons', '[]'::jsonb, 'tool_calls', '[]'::jsonb,
                   'request_parameters', '{}'::jsonb, 'metadata', '{}'::jsonb,
                   'conventions_version', '1.41.1', 'created_at', docket.clock(),
                   'created_by', docket.principal())
               || said.fields)).*
    returning *;
$$;

select lives_ok($$ select pg_temp.said() $$, 'an agent, a type and whether it went well are enough');
select is(
    (select i.tableoid::regclass::text from docket.ai_interactions as i),
    'docket.ai_interactions_' || to_char(docket.clock() at time zone 'UTC', 'YYYY_MM'),
    'it is in the partition of its month');
select throws_ok(
    format('select pg_temp.said(%L)', w.fields), '23514', null, 'refused: ' || w.what)
  from (values ('{"agent_name": ""}'::jsonb, 'nobody'),
               (jsonb_build_object('conversation_id', repeat('x', 256)), 'an id of 256 letters'),
               ('{"input_tokens": -1}', 'fewer than no tokens'),
               ('{"execution_time_ms": -1}', 'less than no time'),
               ('{"error_type": "timeout"}', 'a success with an error'),
               ('{"cost_amount": 1}', 'a cost in no currency'),
               ('{"cost_amount": 1, "cost_currency": "usd", "cost_source": "reported"}',
                'a currency in small letters'),
               ('{"cost_amount": "NaN", "cost_currency": "USD", "cost_source": "reported"}',
                'a cost that is no number'),
               ('{"cost_amount": 1, "cost_currency": "USD", "cost_source": "guessed"}',
                'a cost from nowhere'),
               ('{"tool_calls": {}}', 'tool calls in no list'),
               ('{"metadata": []}', 'metadata without names')) as w (fields, what);
select throws_ok(
    $$ select pg_temp.said('{"success": null}') $$, '23502', null,
    'whether it went well has no default');
select lives_ok(
    $$ select pg_temp.said('{"success": false, "error_type": "timeout", "cost_amount": 0.0125,
                             "cost_currency": "EUR", "cost_source": "computed",
                             "finish_reasons": ["stop", "length"]}') $$,
    'all that the conventions have a name for');

select is_empty(
    $$ select from docket.audit_log as l where l.table_name like 'ai\_interactions%' $$,
    'the journal has no second copy of it');
select is(
    (select p.retention from docket.partition_policies as p where p.table_name = 'ai_interactions'),
    null, 'it is kept for ever, unless an operator says otherwise');
select is_empty(
    $$ select i.inhrelid::regclass
         from pg_catalog.pg_inherits as i
         join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'docket.ai_interactions'::regclass
          and not (c.relrowsecurity and c.relforcerowsecurity) $$,
    'every partition has row-level security, enabled and forced');

select docket.purge_task(docket_test.id('a'));
select is_empty(
    $$ select from docket.ai_interactions as i where i.project_id = docket_test.project_id() $$,
    'with the task its interactions go');

select * from finish();
rollback;
