-- What jsonb can't hold is kept in another form, and comes back as it was.

begin;
select plan(10);

create function pg_temp.there_and_back(content text) returns text
language sql
as $$
    select docket_private.unescaped(d.data, d.is_escaped)
      from docket_private.read_document(there_and_back.content) as d
$$;

select results_eq(
    $$ select d.data, d.is_escaped
         from docket_private.read_document('{"a": "x\u0000y", "\u0000": "\ud800"}') as d $$,
    $$ values (jsonb_build_object('a', 'x␀0000y', '␀0000', '␀d800'), true) $$,
    'U+0000 and half a pair have four digits behind a sign');
select results_eq(
    $$ select d.data, d.is_escaped
         from docket_private.read_document('["␀0000", "\\u0000"]') as d $$,
    $$ values (jsonb_build_array('␀0000', '\u0000'), false) $$,
    'which in all other documents means nothing');
select is_empty(
    $$ select c.content, pg_temp.there_and_back(c.content)
         from (values ('["\u0000"]'), ('["\u0000\u0000␀", "\u0000"]'), ('["\u00000000"]'),
                      ('["\\u0000\u0000\\\\\u0000"]'), ('["␀0000\u0000"]'), ('["\ud800"]'),
                      ('["\udc00\ud800"]'), ('["\ud800\ud800"]'), ('["\udc00\udc00\u0000"]'),
                      ('["\ud800x\udc00"]'), ('{"\u0000": 1, "␀0000": 2}')) as c (content)
        where pg_temp.there_and_back(c.content) <> replace(c.content, '␀', '\u2400') $$,
    'whatever stands beside them, they come back');
select is(pg_temp.there_and_back('["\u2400\u0000"]'), '["\u2400\u0000"]',
    'and so does the sign itself');
select is(pg_temp.there_and_back('["\ud83d\ude00\u0000"]'), '["😀\u0000"]',
    'whole pairs are characters');
select results_eq(
    $$ select d.data, d.is_escaped from docket_private.read_document('["\ud83d\ude00"]') as d $$,
    $$ values ('["😀"]'::jsonb, false) $$,
    'as ever');
select is(
    (select count(*) from jsonb_object_keys(
        (docket_private.read_document('{"\u0000": 1, "␀0000": 2}')).data)), 2::bigint,
    'no two keys become one');
select throws_ok(
    $$ select docket_private.read_document('{"a": "\u0000"') $$, 'PD422', null,
    'what is no JSON is refused');
select throws_ok(
    $$ select docket_private.read_document('[1e200000]') $$, 'PD422', null,
    'so is a number without end');
select throws_ok(
    format('select docket_private.read_document(%L)', repeat('[', 100000)), 'PD413', null,
    'and what is too deep');

select * from finish();
rollback;
