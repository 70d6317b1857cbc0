-- A context is read as it is, as it was, and what has become of it.

begin;
select plan(24);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

create function pg_temp.put(context_type text, data text) returns docket.task_contexts
language sql
as $$ select docket.put_context(docket_test.id('a'), put.context_type, put.data::jsonb) $$;

select pg_temp.put('note', d)
  from unnest(array['{"b": 2, "a": "é"}', '{"b": 3}', '{"a": "é", "b": 2}']) as d;
select pg_temp.put('code', '[1]');
select pg_temp.put('any', d)
  from unnest(array['null', 'true', '"x"', '1.50', '[]', '{}']) as d;

select results_eq(
    $$ select c.version, c.data from docket.get_context(docket_test.id('a'), 'note') as c $$,
    $$ values (3, '{"a": "é", "b": 2}'::jsonb) $$,
    'the latest version is what is read');
select results_eq(
    $$ select c.version, c.data from docket.get_context(docket_test.id('a'), 'note', 2) as c $$,
    $$ values (2, '{"b": 3}'::jsonb) $$,
    'unless an older one is named');
select is_empty(
    $$ select from docket.get_context(docket_test.id('a'), 'note', 4) $$,
    'a version that is not there');
select is_empty(
    $$ select from docket.get_context(docket_test.id('a'), 'unheard of') $$,
    'or a type, is no row');
select results_eq(
    $$ select c.context_type, c.version from docket.latest_contexts(docket_test.id('a')) as c $$,
    $$ values ('any', 6), ('code', 1), ('note', 3) $$,
    'all types at once, the latest of each');
select results_eq(
    $$ select c.version from docket.context_history(docket_test.id('a'), 'note') as c $$,
    array[1, 2, 3],
    'the history has every version, the first first');
select results_eq(
    $$ select c.version
         from docket.context_history(
                  docket_test.id('a'), 'note', after => 1, page_size => 1) as c $$,
    array[2],
    'in pages');

-- As it was.
select docket_test.pass('1 hour');
create temporary table tokens as
select t.attempt_id from docket.start_task(docket_test.id('a'), 'ann') as t;
select docket_test.pass('1 hour');
select docket.put_context(docket_test.id('a'), 'note', '"by ann"', attempt_id => t.attempt_id)
  from tokens as t;
select docket_test.pass('1 hour');
select docket.release_task(t.attempt_id) from tokens as t;
select docket_test.pass('1 hour');
select pg_temp.put('note', '"after her"');

create function pg_temp.was(at timestamptz default null, attempt_id uuid default null)
returns integer
language sql
as $$
    select c.version
      from docket.get_context(
               docket_test.id('a'), 'note', at => was.at, attempt_id => was.attempt_id) as c
$$;
select is(pg_temp.was('2026-01-01 10:59+00'), 3, 'at a time');
select is(pg_temp.was('2026-01-01 11:00+00'), 4, 'from the moment on');
select is(pg_temp.was('2025-12-31'), null, 'before it, nothing');
select is(pg_temp.was(attempt_id => t.attempt_id), 4, 'as an attempt has left it')
  from tokens as t;
select is(pg_temp.was(attempt_id => '00000000-0000-7000-8000-000000000000'), null,
    'as no attempt has, nothing');

select results_eq(
    $$ select v.* from docket.context_version(docket_test.id('a'), 'note') as v $$,
    $$ values (5, sha256('"after her"')) $$,
    'which version it is can be asked for alone');

-- Deleted.
select docket_test.pass('1 hour');
select docket.delete_context(docket_test.id('a'), 'note');
select is_empty(
    $$ select from docket.get_context(docket_test.id('a'), 'note') $$, 'what is deleted is gone');
select is_empty(
    $$ select from docket.context_version(docket_test.id('a'), 'note') $$, 'with its version');
select results_eq(
    $$ select c.context_type from docket.latest_contexts(docket_test.id('a')) as c $$,
    array['any', 'code'],
    'from everything that is there');
select docket.put_context(docket_test.id('a'), 'zeal', '1');
select results_eq(
    $$ select c.context_type
         from docket.latest_contexts(docket_test.id('a'), after => 'any', page_size => 2) as c $$,
    array['code', 'zeal'], 'and a page is full without it');
select results_eq(
    $$ select c.context_type
         from docket.latest_contexts(docket_test.id('a'), page_size => 1) as c $$,
    array['any'], 'or as short as it is asked for');
select is_empty(
    $$ select from docket.latest_contexts(docket_test.id('a'), after => 'zeal') $$,
    'and after the last comes none');
select is(pg_temp.was('2026-01-01 13:00+00'), 5, 'but not from what was');
select results_eq(
    $$ select c.version, c.is_tombstone
         from docket.context_history(docket_test.id('a'), 'note', after => 4) as c $$,
    $$ values (5, false), (6, true) $$,
    'and its history says so');

-- Differences.
select results_eq(
    $$ select d.* from docket.diff_contexts(docket_test.id('a'), 'note', 1, 2) as d $$,
    $$ values ('/a', 'remove', '"é"'::jsonb, null::jsonb), ('/b', 'replace', '2', '3') $$,
    'between two versions');
select results_eq(
    $$ select d.path, d.after
         from docket.diff_contexts(docket_test.id('a'), 'any', 5) as d $$,
    $$ values ('', '{}'::jsonb) $$,
    'to the latest');
select is_empty(
    $$ select from docket.diff_contexts(docket_test.id('a'), 'note', 1, 3) $$,
    'there may be none');

select * from finish();
rollback;
