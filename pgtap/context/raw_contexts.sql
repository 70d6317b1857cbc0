-- Any content comes back byte for byte, and is read as what it is.

begin;
select plan(19);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

create function pg_temp.put(context_type text, content bytea,
content_type text default 'application/json') returns docket.task_contexts
language sql
as $$
    select docket.put_context_raw(
        docket_test.id('a'), put.context_type, put.content, put.content_type)
$$;

create temporary table contents (context_type text, content bytea, content_type text);
insert into contents
values ('json', '{ "b":1.0, "a" : [1,2],"a":3 }', 'application/json'),
       ('null', '["\\u0000", "\\ud800"]', 'application/json; charset=utf-8'),
       ('report', '{"a": 1}', 'application/vnd.example+json'),
       ('text', convert_to(e'# Größe\r\n\t"x"\n', 'UTF8'), 'text/markdown'),
       ('empty', '', 'text/plain'),
       ('latin', '\xe9', 'text/plain'),
       ('nul', '\x610062', 'text/plain'),
       ('image', '\x89504e470d0a1a0a00ff', 'image/png'),
       ('all', (select string_agg(set_byte('\x00', 0, b), '' order by b)
                  from generate_series(0, 255) as b), 'application/octet-stream');
select count(*)
  from contents as c
 cross join lateral pg_temp.put(c.context_type, c.content, c.content_type);
select results_eq(
    $$ select c.context_type, r.content, r.content_type, r.content_hash
         from contents as c
        cross join lateral docket.get_context_raw(docket_test.id('a'), c.context_type) as r
        order by c.context_type $$,
    $$ select c.context_type, c.content, c.content_type, sha256(c.content)
         from contents as c
        order by c.context_type $$,
    'every byte comes back');

select is(
    (docket.get_context(docket_test.id('a'), 'json')).data, '{"a": 3, "b": 1.0}'::jsonb,
    'JSON is read as JSON');
select results_eq(
    $$ select c.data, c.is_escaped from docket.get_context(docket_test.id('a'), 'null') as c $$,
    $$ values (jsonb_build_array('␀0000', '␀d800'), true) $$,
    'with what it can not hold in another form');
select is(
    (docket.get_context(docket_test.id('a'), 'text')).data, to_jsonb(e'# Größe\r\n\t"x"\n'::text),
    'a text as a text');
select is(
    (docket.get_context(docket_test.id('a'), 'image')).data, 'null'::jsonb,
    'and what is neither as nothing');
select set_eq(
    $$ select k.context_type from docket.context_contents as k $$,
    array['json', 'latin', 'nul', 'image', 'all'],
    'what the data gives back is kept once');

select is((pg_temp.put('text', convert_to(e'# Größe\r\n\t"x"\n', 'UTF8'), 'text/markdown')).version,
    1, 'the same again makes no version');
select is((pg_temp.put('json', '{"b":1.0, "a" : [1,2],"a":3 }')).version, 2,
    'a space less is another content');
select docket.put_context(docket_test.id('a'), 'plain', '{"a": 1}');
select is((pg_temp.put('plain', '{"a": 1}')).version, 1, 'one way or the other');
select is(
    (docket.get_context_raw(docket_test.id('a'), 'json', 1)).content,
    '{ "b":1.0, "a" : [1,2],"a":3 }',
    'older versions come back too');

select results_eq(
    $$ select c.data, c.is_escaped
         from docket.patch_context(docket_test.id('a'), 'null', '["␀0000"]') as c $$,
    $$ values (jsonb_build_array('␀24000000'), true) $$,
    'a patch means what it says');
select is(
    (docket.get_context_raw(docket_test.id('a'), 'null')).content,
    convert_to('["\u24000000"]', 'UTF8'),
    'also to who reads the bytes');
select throws_ok(
    $$ select docket.patch_context(docket_test.id('a'), 'text', '{}') $$,
    'PD422', 'context "text" is no JSON, but text/markdown', 'a text is not patched');

select throws_ok(
    $$ select pg_temp.put('x', '{') $$, 'PD422', null, 'what calls itself JSON is JSON');
select throws_ok(
    $$ select pg_temp.put('x', '\x22ff22') $$,
    'PD422', 'the content is no JSON: it is not UTF-8', 'in UTF-8');
select throws_ok($$ select pg_temp.put('x', null) $$, 'PD422', null, 'content is content');
select throws_ok($$ select pg_temp.put('x', 'y', '') $$, 'PD422', null, 'of some type');
update docket.settings as s
   set value = '5'
 where s.setting_key = 'max_context_bytes';
select throws_ok(
    $$ select pg_temp.put('x', '      ') $$, 'PD413', 'a context of 6 bytes', 'of bounded size');
select docket.delete_context(docket_test.id('a'), 'image');
select is_empty(
    $$ select from docket.get_context_raw(docket_test.id('a'), 'image') $$,
    'what is deleted is gone');

select * from finish();
rollback;
