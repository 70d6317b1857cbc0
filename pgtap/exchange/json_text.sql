-- JSON is read from bytes with the place of what is wrong, and what can't be stored is set aside.

begin;
select plan(23);

select is(docket_private.read_text('f', '\xc3a4'), 'ä', 'bytes are read as UTF-8');
select throws_ok(
    $$ select docket_private.read_text('f', '\x0a61c32020') $$,
    'PD422', 'f, line 2, column 2: the byte 0xC3 is not valid UTF-8 here',
    'a byte that begins no character has a place');
select throws_ok(
    $$ select docket_private.read_text('f', '\x61e282') $$,
    'PD422', 'f, line 1, column 2: the byte 0xE2 is not valid UTF-8 here',
    'so has a character that the end cuts off');
select throws_ok(
    $$ select docket_private.read_text('f', '\x6100') $$,
    'PD422', 'f, line 1, column 2: the byte 0x00 is not valid UTF-8 here',
    'a byte of zero is no text');
select is(
    docket_private.readable_prefix('\x61c3a4ff61'), 'aä', 'what reads well before it is found');

select is(
    docket_private.read_json('f', '{"b": 8.10, "a": 1, "a": 2}')::text,
    '{"b": 8.10, "a": 1, "a": 2}',
    'order, spelling and duplicates are kept');
select throws_ok(
    $$ select docket_private.read_json('f', E'{\n  "a": 1,\n  "b" 2\n}') $$,
    'PD422', 'f, line 3, column 7: Expected ":", but found "2"',
    'an error is found in its line and column');
select throws_ok(
    $$ select docket_private.read_json('f', '[1, 2') $$,
    'PD422', 'f, line 1, column 6: the document ends too early',
    'a document that is cut off ends too early');
select throws_ok(
    $$ select docket_private.read_json('f', E'[1]\n[2]') $$,
    'PD422', 'f, line 2, column 1: there is text after the end of the document',
    'two documents are not one');
select throws_ok(
    $$ select docket_private.read_json('f', '') $$,
    'PD422', 'f, line 1, column 1: the file is empty', 'an empty file is none');
select throws_ok(
    $$ select docket_private.read_json('f', E'[\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> b\n]') $$,
    'PD422', 'f, line 2, column 1: a conflict of a merge is not resolved',
    'the marks of a conflict are known');
select throws_ok(
    $$ select docket_private.read_json('f', repeat('[', 200000)) $$,
    'PD413', 'f is nested too deeply to be read', 'depth has a limit');

select is(docket_private.json_error_place('["a", "b\q"]'), 7, 'a string is one token');
select is(docket_private.json_error_place('["same" "same"]'), 9, 'and the right one of two alike');

create temporary table masked as
    select m.content, m.stand_in
      from docket_private.mask_json('["a\u0000b\ud83d", "\\u0000", "\ud83d\ude00", "\ude00"]') as m;

select isnt((select m.stand_in from masked as m), null, 'what can not be stored is masked');
select is(
    (select docket_private.unmasked_json(m.content, m.stand_in) from masked as m),
    '["a\u0000b\ud83d", "\\u0000", "\ud83d\ude00", "\ude00"]',
    'and can be unmasked');
select results_eq(
    $$ select docket_private.plain_text(e.value, m.stand_in)
         from masked as m
        cross join json_array_elements(m.content::json) as e $$,
    array['ab' || chr(65533), '\u0000', chr(128512), chr(65533)],
    'a text goes without U+0000 and with U+FFFD for half a pair');
select is(
    (select docket_private.kept_jsonb(m.content::json, m.stand_in) from masked as m),
    jsonb_build_array('a\u0000b\ud83d', '\u0000', chr(128512), '\ude00'),
    'jsonb has the escapes as they were written');
select is(
    (select m.stand_in from docket_private.mask_json('["C:\\users", "\u00e4"]') as m), null,
    'what can be stored is left alone');
select results_eq(
    $$ select u.c
         from unnest(docket_private.unused_characters(chr(64976) || '\ufdd1', 2)) as u (c) $$,
    array[chr(64978), chr(64979)],
    'a stand-in occurs nowhere, escaped or not');

select is(
    docket_private.kept_jsonb('{"a": 1e999999, "b": [1]}', null), '{"a": "1e999999", "b": [1]}',
    'a number that jsonb refuses becomes a string');
select is(docket_private.is_json('{}'), true, 'an object is JSON');
select is(docket_private.is_json('{'), false, 'half an object is not');

select * from finish();
rollback;
