-- What is put into a JSON document stands in the right bytes and looks like the rest.

begin;
select plan(11);

create function pg_temp.members(document text) returns table (key text, value text)
language sql as $$
    select m.key, convert_from(substring(b.bytes from m.value_start for m.value_size), 'UTF8')
      from (select convert_to('  ' || $1, 'UTF8') as bytes) as b
     cross join lateral docket_private.json_members(b.bytes, 3, $1::json) as a
     cross join lateral unnest(a) as m;
$$;

select results_eq(
    $$ select *
         from pg_temp.members(
                  E'{ "a\\"b\\\\" : [1,  2],\n "é":{"x": "\\\\"} ,"\\u0000": 1.0}') $$,
    $$ values (E'a"b\\', '[1,  2]'), ('é', E'{"x": "\\\\"}'), (E'\\u0000', '1.0') $$,
    'members are found, whatever their keys are made of');
select results_eq(
    $$ select *
         from pg_temp.members(format('{"%s":%s"x"}', repeat('k\"', 200), repeat(' ', 300))) $$,
    $$ values (repeat('k"', 200), '"x"') $$,
    'and however long they are');
select is_empty($$ select pg_temp.members('{}') $$, 'an empty object has none');
select is(
    docket_private.json_elements(convert_to(' [ 1, "é" ,3]', 'UTF8'), 2, '{1,4,1}'),
    '{4,7,13,14}', 'elements are found, and where the list ends');
select results_eq(
    $$ select * from docket_private.cut_places('{2,5,8}', '{1,1,1}', '{t,f,t}') $$,
    $$ values (2, 3), (6, 3) $$,
    'what is cut out goes with a comma');
select is(docket_private.json_string('aé😀"', false), '"aé😀\""', 'a string is written as it is');
select is(
    docket_private.json_string('aé😀"', true), '"a\u00e9\ud83d\ude00\""', 'or in ASCII');

create temporary table style as
    select row ('  ', ': ', ', ', false, false)::docket_private.json_style as tall,
           row (null, ':', ',', false, false)::docket_private.json_style as wide,
           row (e'\t', ': ', ', ', false, true)::docket_private.json_style as mixed;

select is(
    docket_private.styled_json('{"a":[1,"x"],"b":{},"c":[{"d":[]}]}', s.tall, e'\n'),
    E'{\n  "a": [\n    1,\n    "x"\n  ],\n  "b": {},\n  "c": [\n    {\n      "d": []\n    }\n  ]\n}',
    'laid out as JSON.stringify() does')
  from style as s;
select is(
    docket_private.styled_json('{"a": [1, {"b": 2.0}]}', s.wide, null),
    '{"a":[1,{"b":2.0}]}', 'on one line')
  from style as s;
select is(
    docket_private.styled_json('{"a": [1, 2], "b": [[1]]}', s.mixed, e'\n'),
    E'{\n\t"a": [1, 2],\n\t"b": [\n\t\t[1]\n\t]\n}', 'or with plain lists on one')
  from style as s;
select is(
    docket_private.space_before(convert_to('x' || repeat(' ', 100) || '1', 'UTF8'), 102),
    repeat(' ', 100), 'white space is seen back to its beginning');

select * from finish();
rollback;
