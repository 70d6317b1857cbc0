-- One search finds tasks, contexts, documents and interactions, the best of each first.

begin;
select plan(10);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "Paint the bicycle", "description": "In a bright red colour"},
           {"task_key": "b", "title": "Sell the bicycle"},
           {"task_key": "c", "title": "Sleep"}]');
select count(*)
  from docket.put_context(docket_test.id('c'), 'notes', '"Dreams of a bicycle and of the sea"');
select count(*)
  from docket.put_knowledge(
           docket_test.project_id(), 'colours', 'Colours', e'# Red\nA bicycle is red.');

create function pg_temp.found(query text, kinds text[] default null) returns text[]
language sql
as $$
    select array_agg(s.kind || ' ' || s.key order by s.kind, s.key)
      from docket.search(docket_test.project_id(), found.query, found.kinds) as s;
$$;

select is(
    pg_temp.found('bicycle'),
    array['context c notes', 'knowledge colours', 'task a', 'task b'],
    'a word is found in tasks, contexts and documents');
select is(
    array(
        select s.kind
          from docket.search(docket_test.project_id(), 'bicycle', page_size => 3) as s),
    array['context', 'knowledge', 'task'], 'the best of each kind come first');
select is(
    (select count(distinct s.rank)
       from docket.search(docket_test.project_id(), 'bicycle') as s), 2::bigint,
    'with the rank of their place');
select is(
    pg_temp.found('bicycle', '{task,knowledge}'),
    array['knowledge colours', 'task a', 'task b'], 'only the kinds asked for');
select is(pg_temp.found('bicycle -paint', '{task}'), array['task b'], 'as a web search takes it');
select docket.record_interaction(
    docket_test.id('c'), 'ann', 'review', true, response_data => '"Do bicycles dream?"');
select results_eq(
    $$ select s.key, s.title, s.headline
         from docket.search(docket_test.project_id(), 'bicycle', '{interaction}') as s $$,
    $$ values ('c review', 'ann: Sleep', E'review\nDo **bicycles** dream') $$,
    'and in what was said to a model');
select is(
    pg_temp.found('sell the bicicle', '{task}'), array['task b'], 'a slip in a title is forgiven');
select matches(
    (select s.headline
       from docket.search(docket_test.project_id(), 'colour', '{task}') as s),
    '\*\*colour\*\*', 'with the text around what was found');
select is(
    (select count(*) from docket.search(docket_test.project_id(), 'bicycle', page_size => 2)),
    2::bigint, 'no more than a page');
select is(
    (select count(*) from docket.search(docket_test.project_id(), '&|!:*()''"\ %_')),
    0::bigint, 'any text is a query');

select * from finish();
rollback;
