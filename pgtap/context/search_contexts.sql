-- Contexts are found by their words, tasks by the paths that they are about.

begin;
select plan(25);

select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"title": "Login", "task_key": "a", "affected_files": ["src/auth/login.py"]},
           {"title": "Logout", "task_key": "b", "affected_files": ["src/auth/"]},
           {"title": "Docs", "task_key": "c", "affected_files": ["README.md"]}]');

create function pg_temp.put(key text, context_type text, data text) returns docket.task_contexts
language sql
as $$ select docket.put_context(docket_test.id(put.key), put.context_type, put.data::jsonb) $$;
select pg_temp.put('a', 'requirements',
                   '{"goal": "Sessions expire after an hour.", "x": [1, null]}');
select pg_temp.put('b', 'requirements', '{"goal": "A session ends when its user leaves."}');
select pg_temp.put('b', 'ai', '"Sessions, sessions, and the session store."');
select pg_temp.put('c', 'requirements', '["Nothing of the kind."]');

create function pg_temp.found(query text) returns text[]
language sql
as $$
    select coalesce(array_agg(docket_test.key(s.task_id) || ' ' || s.context_type), '{}')
      from docket.search_contexts(docket_test.project_id(), found.query) as s
$$;
select is(pg_temp.found('sessions'), array['b ai', 'a requirements', 'b requirements'],
    'the best is first');
select is(pg_temp.found('"session store"'), array['b ai'], 'a phrase is meant as one');
select is(pg_temp.found('session -leaves -store'), array['a requirements'],
    'a word may be left out');
select is(pg_temp.found('goal'), '{}', 'keys are no words');
select is(pg_temp.found(''), '{}', 'nothing finds nothing');
select is(pg_temp.found(null), '{}', 'nor does null');
select is(pg_temp.found('a & | ! b'':* \ <->'), '{}', 'any text is a query');
select results_eq(
    $$ select s.task_key, s.title, s.version, s.headline
         from docket.search_contexts(docket_test.project_id(), 'expire') as s $$,
    $$ values ('a', 'Login', 1, 'Sessions **expire** after an hour') $$,
    'it is shown where it is said');
select is(
    (select array_agg(s.task_key)
       from docket.search_contexts(
                docket_test.project_id(), 'session', array['requirements']) as s),
    array['a', 'b'],
    'of some types only');

-- In pages.
create function pg_temp.pages() returns text[]
language sql
as $$
    with recursive pages as (
        (select s.*
           from docket.search_contexts(docket_test.project_id(), 'session', page_size => 1) as s)
         union all
        select n.*
          from pages as p
         cross join lateral docket.search_contexts(
                   docket_test.project_id(), 'session', after => p.place, page_size => 1) as n
    )
    select array_agg(p.task_key || ' ' || p.context_type) from pages as p
$$;
select is(pg_temp.pages(), pg_temp.found('session'), 'page by page it is the same');
select is_empty(
    $$ select from docket.search_contexts(docket_test.project_id(), 'session', after => 'x') $$,
    'after a place that is none comes nothing');

-- Only what counts is found.
select pg_temp.put('a', 'requirements', '{"goal": "They stay for ever."}');
select is(pg_temp.found('expire'), '{}', 'what was said before is not found');
select is(pg_temp.found('forever or stay'), array['a requirements'], 'what is said now is');
select docket.delete_context(docket_test.id('b'), 'ai');
select is(pg_temp.found('store'), '{}', 'nor what is deleted');
select docket.delete_task(docket_test.id('b'));
select is(pg_temp.found('leaves'), '{}', 'nor what is put away');

-- Size fails nothing.
select lives_ok(
    $$ select pg_temp.put('c', 'large', (
           select to_jsonb(string_agg(to_hex(n) || 'q' || n, ' '))::text
             from generate_series(1, 40000) as n)) $$,
    'a text of many words');
select is(pg_temp.found('1q1'), array['c large'], 'is found by the first');
select is(pg_temp.found('9c40q40000'), '{}', 'and not by the last');
select lives_ok(
    $$ select docket.put_context_raw(docket_test.id('c'), 'wide', convert_to((
           select string_agg(chr(20000 + n % 20000) || chr(30000 + n % 9000), ' ')
             from generate_series(1, 66000) as n), 'UTF8'), 'text/plain') $$,
    'one of many letters');
select lives_ok(
    $$ select pg_temp.put('c', 'deep', repeat('[', 4000) || '"x"' || repeat(']', 4000)) $$,
    'one that is deep');

-- Paths.
create function pg_temp.touching(path text) returns text[]
language sql
as $$
    select coalesce(array_agg(t.task_key || ' ' || array_to_string(t.named_by, '+')), '{}')
      from docket.tasks_touching(docket_test.project_id(), touching.path) as t
$$;
select pg_temp.put('c', 'codebase', '{
    "files": ["src/auth/login.py", {"path": "src/main.py"}],
    "symbols": [{"name": "main", "path": "src/main.py"}],
    "links": [{"from": "src/main.py", "to": "src/auth/login.py", "kind": "imports"}]}');
select is(pg_temp.touching('src/auth/login.py'), array['a affected_files', 'c codebase'],
    'a file is named by its task or in its context');
select is(pg_temp.touching('src/main.py'), array['c codebase'], 'here only there');
select docket.create_task(docket_test.project_id(), 'All', task_key => 'd',
                          affected_files => array['src']);
select results_eq(
    $$ select t.task_key, t.named_paths
         from docket.tasks_touching(docket_test.project_id(), 'src/new/file.py') as t $$,
    $$ values ('d', array['src']) $$,
    'who is about a directory is about what lies in it');
select pg_temp.put('c', 'codebase', '{}');
select is(pg_temp.touching('src/main.py'), array['d affected_files'],
    'what is named no longer is not found');

create role tap_stranger in role docket_app;
set local role tap_stranger;
select is_empty(
    $$ select from docket.search_contexts(docket_test.project_id(), 'stay') $$,
    'a stranger finds nothing');

select * from finish();
rollback;
