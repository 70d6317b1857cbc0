-- Interactions are found by what was asked and answered, for as long as they are kept.

begin;
select plan(21);

create role tap_search_ops;
grant docket_maintenance to tap_search_ops;

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Login', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Logout', task_key => 'b');

create function pg_temp.said(
    key text, response jsonb, request jsonb default null, agent text default 'ann'
) returns uuid
language sql
as $$
    select (docket.record_interaction(
               docket_test.id(said.key), said.agent, 'review', true, said.request,
               said.response)).interaction_id;
$$;
create function pg_temp.found(query text, agent text default null) returns text[]
language sql
as $$
    select array_agg(s.task_key order by s.rank desc, s.task_key)
      from docket.search_interactions(docket_test.project_id(), found.query, found.agent) as s;
$$;

select pg_temp.said('a', '{"content": "Sessions expire after an hour"}',
                    '{"messages": [{"role": "user", "content": "How long does a session last?"}]}');
select pg_temp.said('b', '"The session, the session store and sessions"', agent => 'ben');
select pg_temp.said('b', '{"password": "opensesame", "content": "Nothing else"}');

select is(pg_temp.found('sessions'), '{b,a}', 'the best is first');
select is(pg_temp.found('"session store"'), '{b}', 'a phrase is meant as one');
select is(pg_temp.found('session -store'), '{a}', 'a word may be left out');
select is(pg_temp.found('last'), '{a}', 'what was asked is found too');
select is(pg_temp.found('session', 'ann'), '{a}', 'of one agent only');
select is(pg_temp.found('opensesame'), null, 'a secret is not');
select is(pg_temp.found('content'), null, 'keys are no words');
select is(pg_temp.found(null), null, 'nothing finds nothing');
select is(pg_temp.found('a & | ! b'':* \ <->'), null, 'any text is a query');
select results_eq(
    $$ select s.agent_name, s.interaction_type, s.title, s.success, s.headline
         from docket.search_interactions(docket_test.project_id(), 'expire') as s $$,
    $$ values ('ann', 'review', 'Login', true,
               E'review\nSessions **expire** after an hour\nuser\nHow long does a session last') $$,
    'it is shown where it is said');
select is(
    (select count(*)
       from docket.search_interactions(docket_test.project_id(), 'session', page_size => 1)),
    1::bigint, 'no more than a page');

-- What is long is found by its beginning, and by the end of what was asked.
select pg_temp.said('a', to_jsonb('beginning ' || repeat('many words ', 1000) || 'middle'),
                    to_jsonb('overture ' || repeat('many words ', 1000) || 'finale'));
select is(
    concat(pg_temp.found('beginning'), pg_temp.found('finale')), '{a}{a}',
    'the beginning of the answer and the end of the question are found');
select is(
    concat(pg_temp.found('middle'), pg_temp.found('overture')), '',
    'what is further in is not');

-- A batch.
select count(*)
  from docket.record_interactions((
           select jsonb_agg(jsonb_build_object(
                      'task_id', docket_test.id('a'), 'agent_name', 'ann', 'success', true,
                      'interaction_type', 'review', 'response_data', 'giraffe number ' || n))
             from generate_series(1, 11) as n));
select is(pg_temp.found('giraffe'), null, 'a large batch is not found at once');
set local role tap_search_ops;
select results_eq(
    $$ select m.outcome, m.done, m.problem from docket.maintain('{words}') as m $$,
    $$ values ('done', 11::bigint, null::text) $$, 'but once maintenance has read it');
reset role;
select is(cardinality(pg_temp.found('giraffe')), 11, 'all of it');
set local role tap_search_ops;
select is(
    (select m.done from docket.maintain('{words}') as m), 0::bigint, 'which it does once');
reset role;

-- As long as they are.
select docket.purge_task(docket_test.id('b'));
select is(pg_temp.found('session'), '{a}', 'with a task its interactions are found no more');
select is(
    (select count(*) from docket.interaction_search as s
      where s.project_id = docket_test.project_id()),
    (select count(*) from docket.ai_interactions as i
      where i.project_id = docket_test.project_id()), 'and nothing is left of them');
set local role docket_admin;
select docket.set_retention('ai_interactions', '1 year');
reset role;
select is(
    (select p.retention from docket.partition_policies as p
      where p.table_name = 'interaction_search'),
    interval '1 year', 'words are kept as long as interactions');
select is(
    (select array_agg(p.lower_bound)
       from docket_private.partitions_of('interaction_search') as p),
    (select array_agg(p.lower_bound)
       from docket_private.partitions_of('ai_interactions') as p),
    'in the same months');

select * from finish();
rollback;
