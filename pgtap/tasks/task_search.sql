-- What tasks are found by is kept with every change, and each way of finding them has its index.

begin;
select plan(13);

select docket_test.project('one');
insert into docket.tasks (project_id, title, task_key, description, details, test_strategy, tags,
                          affected_files, requirements, metadata)
values (docket_test.project_id(), 'Parse the grammar', 'a', 'of many languages', 'with a lexer',
        'fuzzing', array['compiler'], array['src/parse.py'], '{"speed": {"min": 1}}',
        '{"team": "x"}');

create function pg_temp.found(query text) returns setof text
language sql
as $$
    select t.task_key
      from docket_private.find_tasks(
               docket_test.project_id(), found.query, null, null, null, null, null) as f
      join docket.tasks as t on t.task_id = f.task_id
     order by 1
$$;

select results_eq(
    $$ select w.word, (select count(*) from pg_temp.found(w.word))
         from unnest(array['grammars', 'language', 'lexers', 'fuzz', 'compiler']) as w (word) $$,
    $$ values ('grammars', 1::bigint), ('language', 1), ('lexers', 1), ('fuzz', 1),
              ('compiler', 1) $$,
    'a task is found by the words of all its texts, in any form of the word');
select results_eq(
    $$ select pg_temp.found('parse the gramar') $$, array['a'],
    'a slip in the title is forgiven');
select is_empty($$ select pg_temp.found('unheard') $$, 'other words find nothing');

update docket.tasks
   set title       = 'Write the printer',
       description = 'for people'
 where task_key = 'a'
   and project_id = docket_test.project_id();
select is_empty($$ select pg_temp.found('grammar') $$, 'what it said before finds it no more');
select results_eq($$ select pg_temp.found('printer') $$, array['a'], 'what it says now does');

update docket.tasks
   set tags           = array['printer'],
       affected_files = array['src/print.py'],
       requirements   = '{"speed": {"max": 2}}',
       metadata       = '{"team": "y"}'
 where task_key = 'a'
   and project_id = docket_test.project_id();
select results_eq(
    $$ select s.tags, s.affected_files, s.requirements, s.metadata
         from docket_private.task_search as s
        where s.task_id = docket_test.id('a') $$,
    $$ values (array['printer'], array['src/print.py'], '{"speed": {"max": 2}}'::jsonb,
               '{"team": "y"}'::jsonb) $$,
    'tags, paths, requirements and metadata are kept up too');

-- A text of any size is stored, and its beginning is found.
insert into docket.tasks (project_id, title, task_key, details)
select docket_test.project_id(), 'Huge', 'huge',
       'beginning ' || repeat('many more words ', 80000) || ' ending';
select results_eq(
    $$ select pg_temp.found('beginning') $$, array['huge'],
    'of a text of more than a megabyte the beginning is indexed');

delete from docket.tasks
 where task_key = 'huge'
   and project_id = docket_test.project_id();
select is(
    (select count(*)
       from docket_private.task_search as s
      where s.project_id = docket_test.project_id()), 1::bigint,
    'with the task goes what it was found by');

-- Each condition alone is answered by its index. Enough rows for that, without their tasks; the
-- entries are still in the pending lists of the indexes, which makes a full scan look cheap.
set local session_replication_role = replica;
insert into docket_private.task_search (
    task_id, project_id, title, language, search_vector, tags, affected_files, requirements,
    metadata)
select gen_random_uuid(), docket_test.project_id(), 'Task ' || n, 'english',
       to_tsvector('word' || n), array['tag' || n], array['file' || n], jsonb_build_object('r', n),
       jsonb_build_object('m', n)
  from generate_series(1, 600) as n;
reset session_replication_role;
set local enable_seqscan = off;
set local jit = off;
analyze docket_private.task_search;

create function pg_temp.index_read(arguments text) returns text
language plpgsql
as $$
declare
    v_before jsonb;
    v_after  jsonb;
    v_count  bigint;
begin
    v_before := (
        select jsonb_object_agg(i.indexrelid::regclass, pg_stat_get_xact_numscans(i.indexrelid))
          from pg_catalog.pg_index as i
         where i.indrelid = 'docket_private.task_search'::regclass);
    execute format('select count(*) from docket_private.find_tasks(docket_test.project_id(), %s)',
                   index_read.arguments) into v_count;
    v_after := (
        select jsonb_object_agg(i.indexrelid::regclass, pg_stat_get_xact_numscans(i.indexrelid))
          from pg_catalog.pg_index as i
         where i.indrelid = 'docket_private.task_search'::regclass);

    return v_count || ' by ' || (
        select string_agg(replace(e.key, 'docket_private.', ''), ', ')
          from jsonb_each(v_after) as e
         where e.value <> v_before -> e.key);
end;
$$;

select is(
    pg_temp.index_read($$ null, array['tag7'], null, null, null, null $$),
    '1 by task_search_tags_idx', 'all of some tags are found by an index');
select is(
    pg_temp.index_read($$ null, null, array['tag7', 'tag8'], null, null, null $$),
    '2 by task_search_tags_idx', 'so are any of some');
select is(
    pg_temp.index_read($$ null, null, null, 'file7', null, null $$),
    '1 by task_search_files_idx', 'so is a path');
select is(
    pg_temp.index_read($$ null, null, null, null, '{"r": 7}', null $$),
    '1 by task_search_requirements_idx', 'so are requirements');
select is(
    pg_temp.index_read($$ null, null, null, null, null, '{"m": 7}' $$),
    '1 by task_search_metadata_idx', 'so is metadata');

select * from finish();
rollback;
