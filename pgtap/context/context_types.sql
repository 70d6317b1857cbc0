-- A type says what its contexts look like, how large they are, how long they stay; none is needed.

begin;
select plan(23);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

create function pg_temp.put(context_type text, data text) returns docket.task_contexts
language sql
as $$ select docket.put_context(docket_test.id('a'), put.context_type, put.data::jsonb) $$;

select set_has(
    $$ select y.context_type, y.project_id
         from docket.list_context_types(docket_test.project_id()) as y $$,
    $$ values ('requirements', null::uuid), ('constraints', null), ('codebase', null),
              ('ai', null), ('status', null) $$,
    'some types are there from the beginning');
select lives_ok($$ select pg_temp.put('unheard of', '1') $$, 'but any word is one');
select throws_ok(
    $$ select pg_temp.put('codebase', '{"files": [{"lines": 3}]}') $$,
    'PD422', 'a context "codebase" does not look like this: /files/0 fits no alternative',
    'what a type looks like is asked for');
select lives_ok(
    $$ select pg_temp.put('codebase', '{"files": ["a.py", {"path": "b.py"}],
                           "links": [{"from": "a.py", "to": "b.py", "kind": "imports"}]}') $$,
    'and looked at');

select results_eq(
    $$ select y.project_id, y.context_type, y.description, y.json_schema, y.keep_versions,
              y.keep_days, y.max_bytes, y.version
         from docket.register_context_type(
                  docket_test.project_id(), 'note', 'What to note.',
                  '{"$id": "note", "type": "object"}', 5, 30, 20) as y $$,
    $$ values (docket_test.project_id(), 'note', 'What to note.', '{"type": "object"}'::jsonb,
               5, 30, 20::bigint, 1::bigint) $$,
    'one call makes a type');
select throws_ok(
    $$ select pg_temp.put('note', '"text"') $$,
    'PD422', 'a context "note" does not look like this: the whole is no object, but string',
    'which counts from then on');
select throws_ok(
    $$ select docket.put_context_raw(docket_test.id('a'), 'note', '[1]') $$,
    'PD422', null, 'for all who write');
select throws_ok(
    $$ select docket.patch_context(docket_test.id('a'), 'note', '[]') $$,
    'PD422', null, 'whichever way');
select throws_ok(
    $$ select pg_temp.put('note', '{"a": "123456789012"}') $$,
    'PD413', 'a context of 21 bytes', 'its size too');
select is((pg_temp.put('note', '{"a": "12345678901"}')).version, 1, 'what fits is stored');
select is(
    (docket.register_context_type(docket_test.project_id(), 'note')).version, 2::bigint,
    'another call says it anew');
select lives_ok($$ select pg_temp.put('note', '"text"') $$, 'and then that counts');

select docket.register_context_type(docket_test.project_id(), 'codebase', 'Ours.');
select results_eq(
    $$ select y.description
         from docket.list_context_types(docket_test.project_id()) as y
        where y.context_type = 'codebase' $$,
    array['Ours.'],
    'the project''s own type goes before the one that is there');
select results_eq(
    $$ select y.context_type, y.description
         from docket.list_context_types(
                  docket_test.project_id(), after => 'ai', page_size => 2) as y $$,
    $$ values ('codebase', 'Ours.'), ('constraints', 'What has to be respected on the way.') $$,
    'also on a page');
select is_empty(
    $$ select from docket.list_context_types(docket_test.project_id(), after => 'zzz') $$,
    'behind the last there is none');
select lives_ok($$ select pg_temp.put('codebase', '1') $$, 'in that project');

create temporary table refused (call text, because text);
insert into refused
values ($$ '' $$, 'a type has a name'), ($$ null $$, 'always'),
       ($$ 'x', json_schema => '{"type": "text"}' $$, 'its schema is one'),
       ($$ 'x', keep_versions => 0 $$, 'something is kept');
select throws_ok(
    format('select docket.register_context_type(docket_test.project_id(), %s)', r.call),
    'PD422', null, r.because)
  from refused as r;

create role tap_type_writer in role docket_app;
select docket_test.member('tap_type_writer', 'writer');
set local role tap_type_writer;
select throws_ok(
    $$ select docket.register_context_type(null, 'x') $$, 'PD403', null,
    'what counts for all is for an operator to say');
select throws_ok(
    $$ select docket.register_context_type('00000000-0000-7000-8000-000000000000', 'x') $$,
    'PD404', null, 'and for one project for those who write there');
select lives_ok(
    $$ select docket.register_context_type(docket_test.project_id(), 'y') $$, 'who may');

select * from finish();
rollback;
