-- Embeddings are kept anywhere and go with what they are of; where they can be compared, they find.

begin;
select plan(31);

create role tap_embeddings_ops;
grant docket_maintenance to tap_embeddings_ops;

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Task ' || k, task_key => k)
  from unnest(array['a', 'b', 'c']) as k;
select docket.put_context(docket_test.id('a'), 'notes', '"Of the sea"');
select docket.put_knowledge(docket_test.project_id(), 'guide', 'Guide', 'Text');
select docket.record_interaction(docket_test.id('c'), 'ann', 'review', true,
                                 response_data => '"Fine"');
create temp table known as
    select k.knowledge_id, i.interaction_id
      from docket.knowledge_base as k
     cross join docket.ai_interactions as i
     where k.project_id = docket_test.project_id()
       and i.project_id = docket_test.project_id();

create function pg_temp.put(
    kind text, row_id uuid, embedding double precision[], context_type text default null,
    chunk bigint default 1
) returns docket.embeddings
language sql
as $$
    select docket.put_embedding(docket_test.project_id(), put.kind, put.row_id, 'm', put.embedding,
                                put.context_type, put.chunk);
$$;
create function pg_temp.kept() returns text[]
language sql
as $$
    select array_agg(distinct e.kind order by e.kind)
      from docket.embeddings as e
     where e.project_id = docket_test.project_id();
$$;

select set_eq(
    $$ select m.kind, m.context_type, m.texts
         from docket.missing_embeddings(docket_test.project_id(), 'm') as m $$,
    $$ values ('task', '', 'Task a'), ('task', '', 'Task b'), ('task', '', 'Task c'),
              ('context', 'notes', 'Of the sea'), ('knowledge', '', E'Guide\nText'),
              ('interaction', '', E'review\nFine') $$, 'at first all have none');
select is(
    (pg_temp.put('task', docket_test.id('a'), '{1,0}')).embedding, '{1,0}', 'a task has one');
select is(
    docket.put_embeddings(
        docket_test.project_id(), 'm',
        jsonb_build_array(
            jsonb_build_object('kind', 'context', 'row_id', docket_test.id('a'),
                               'context_type', 'notes', 'embedding', '[0, 1]'::jsonb),
            jsonb_build_object('kind', 'knowledge', 'row_id', k.knowledge_id,
                               'embedding', '[0.6, 0.8]'::jsonb),
            jsonb_build_object('kind', 'interaction', 'row_id', k.interaction_id,
                               'embedding', '[-1, 0]'::jsonb),
            jsonb_build_object('kind', 'task', 'row_id', docket_test.id('b'),
                               'embedding', '[0, -1]'::jsonb),
            jsonb_build_object('kind', 'task', 'row_id', docket_test.id('b'),
                               'embedding', '[0.5, 0.5]'::jsonb)),
        '00000000-0000-4000-8000-0000000000e1'), 4::bigint, 'as have many, the last of the same')
  from known as k;
select is(
    docket.put_embeddings(docket_test.project_id(), 'm', '[]',
                          '00000000-0000-4000-8000-0000000000e1'),
    4::bigint, 'the same request changes nothing');
select is(
    (select array_agg(m.texts)
       from docket.missing_embeddings(docket_test.project_id(), 'm') as m), '{Task c}',
    'what has one is missing no more');
select is(
    (select count(*)
       from docket.missing_embeddings(docket_test.project_id(), 'n', '{task}', 2)), 2::bigint,
    'by another model all are, in pages');
select is(
    (pg_temp.put('task', docket_test.id('a'), '{0.8,0.6}')).embedding, '{0.8,0.6}',
    'a new one takes the place of the old');
select pg_temp.put('task', docket_test.id('a'), '{0,1}', chunk => 2);

select throws_ok(w.call, w.code, w.message, 'refused: ' || w.what)
  from (values ($$ select pg_temp.put('task', docket_test.id('c'), '{1,2,3}') $$, 'PD422',
                'an embedding of 3 numbers, where those of ''m'' have 2', 'another length'),
               ($$ select pg_temp.put('task', docket_test.id('c'), '{0,0}') $$, 'PD422',
                'embedding number 1 has no embedding: numbers, not all of them 0', 'nothing but 0'),
               ($$ select pg_temp.put('task', docket_test.id('c'), '{1,NaN}') $$, 'PD422', null,
                'what is no number'),
               ($$ select pg_temp.put('task', docket_test.id('c'), null) $$, 'PD422', null, 'none'),
               ($$ select pg_temp.put('colour', docket_test.id('c'), '{1,1}') $$, 'PD422',
                'embeddings are refused: an embedding is of a task, context, knowledge or interaction',
                'a kind that there is not'),
               ($$ select pg_temp.put('task', docket_test.project_id(), '{1,1}') $$, 'PD404', null,
                'a task that is not there'),
               ($$ select pg_temp.put('context', docket_test.id('a'), '{1,1}', 'plan') $$, 'PD404',
                null, 'a context that is not there'),
               ($$ select docket.put_embeddings(docket_test.project_id(), 'm', '{}') $$, 'PD422',
                'embeddings is not a JSON array of embeddings', 'no list'),
               ($$ select docket.put_embeddings(docket_test.project_id(), 'm', '[{}]') $$,
                'PD422', 'embedding number 1 has no row_id', 'of nothing'))
       as w (call, code, message, what);

-- Found, where the server has the extension.
create function pg_temp.near(
    embedding double precision[], query text default null, kinds text[] default null
) returns text[]
language sql
as $$
    select array_agg(s.key || ' ' || s.rank)
      from docket.search(docket_test.project_id(), near.query, near.kinds,
                         embedding => near.embedding, model => 'm') as s;
$$;
select throws_ok(
    $$ select pg_temp.near('{1,0}') $$, 'PD422', 'this database can not compare embeddings',
    'without the extension a search by them is refused');
select is(
    (select array_agg(s.key) from docket.search(docket_test.project_id(), 'sea') as s),
    '{"a notes"}', 'and a search by words is not');
select exists (
           select from pg_catalog.pg_available_extensions as x where x.name = 'vector'
       ) as has_vector \gset
\if :has_vector
create extension vector schema docket_ext;
select is(
    pg_temp.near('{0,2}'),
    array['a notes 0.016393', 'a 0.016129', 'guide 0.015873', 'b 0.015625', 'c review 0.015385'],
    'with it the nearest is first, by its nearest part');
select is(
    pg_temp.near('{0,2}', 'guide'),
    array['guide 0.032266', 'a notes 0.016393', 'a 0.016129', 'b 0.015625', 'c review 0.015385'],
    'what is found by its words too comes before');
select is(
    pg_temp.near('{1,0}', kinds => '{task}'), array['a 0.016393', 'b 0.016129'],
    'only the kinds asked for');
select results_eq(
    $$ select s.title, s.headline
         from docket.search(docket_test.project_id(), '', '{interaction}',
                            embedding => '{1,1}', model => 'm') as s $$,
    $$ values ('ann: Task c', null::text) $$, 'with its title');
select is(
    (select count(*)
       from docket.search(docket_test.project_id(), '', embedding => '{1,1}', model => 'n')),
    0::bigint, 'a model that made none finds nothing');
select throws_ok(
    $$ select pg_temp.near('{1}') $$, 'PD422',
    'not an embedding of 2 numbers, not all of them 0, as those of ''m'' have',
    'one of another length is refused');
\else
select skip('the server has no extension vector', 6);
\endif

-- They go with what they are of.
select docket.update_task(docket_test.id('a'), '{"priority": 9}');
select is(
    (select count(*) from docket.embeddings as e where e.task_id = docket_test.id('a')),
    3::bigint, 'what does not change the text changes nothing');
select docket.update_task(docket_test.id('a'), '{"title": "Another"}');
select is(
    (select array_agg(e.kind) from docket.embeddings as e where e.task_id = docket_test.id('a')),
    '{context}', 'a task that changes has none');
select docket.put_context(docket_test.id('a'), 'notes', '"Of the land"');
select is(pg_temp.kept(), '{interaction,knowledge,task}', 'nor has a context');
select docket.put_knowledge(docket_test.project_id(), 'guide', 'Guide', 'Other text');
select is(pg_temp.kept(), '{interaction,task}', 'nor has a document');
select docket.delete_task(docket_test.id('b'));
select is(pg_temp.kept(), '{interaction}', 'nor what is put away');

update docket.embeddings as e
   set said_at = '2000-01-01'
 where e.kind = 'interaction';
set local role tap_embeddings_ops;
select is(
    (select m.done from docket.maintain('{embeddings}') as m), 1::bigint,
    'those of interactions that are kept no longer go by and by');
reset role;
select is(pg_temp.kept(), null, 'and nothing is left');

select * from finish();
rollback;
