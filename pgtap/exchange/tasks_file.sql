-- A task file has one of three shapes, and tags with a first one among them.

begin;
select plan(20);

select is(docket_private.file_shape('{"tasks": [], "metadata": {}}'), 'flat', 'a list is flat');
select is(
    docket_private.file_shape('{"master": {"tasks": []}, "tag": "x"}'), 'tagged',
    'lists by tag are tagged');
select is(
    docket_private.file_shape('{"tasks": [], "master": {"tasks": []}}'), 'tagged',
    'so are lists by tag beside a list');
select is(
    docket_private.file_shape('{"_rawTaggedData": {"master": {"tasks": []}}}'), 'raw_tagged',
    'leaked internals are known');
select is(docket_private.file_shape('[{"tasks": []}]'), null, 'an array is no task file');
select is(docket_private.file_shape('{"tasks": {}}'), null, 'nor is an object without a list');

select throws_ok(
    $$ select docket_private.refuse_shape('f', E'\n [1, 2]', '[1, 2]') $$,
    'PD422', 'f, line 2, column 2: this is no task file, but an array of 2 values',
    'what it is instead is said, and where');

select results_eq(
    $$ select t.tag_no, t.name, t.is_first, t.item_path, t.metadata
         from unnest(docket_private.file_tags(
                  '{"b": {"tasks": [], "x": 1}, "c": 1, "master": {"tasks": []}}',
                  'tagged', null)) as t $$,
    $$ values (1, 'b',      false, '{b}'::text[],      '{"x": 1}'::jsonb),
              (3, 'master', true,  '{master}'::text[], null) $$,
    'tags stand in the order of the file, and master is the first');
select results_eq(
    $$ select t.name, t.is_first, t.item_path
         from unnest(docket_private.file_tags('{"tasks": []}', 'flat', null)) as t $$,
    $$ values ('master', true, '{}'::text[]) $$,
    'a flat file is the tag master');
select is(
    (select t.content::text
       from docket_private.tag_objects('{"a": {"tasks": [1]}, "a": {"tasks": [2]}}') as t),
    '{"tasks": [2]}',
    'of two tags of one name the last counts');

select is(
    docket_private.other_keys('{"a": 1, "b": 2, "a": 3}', array['b'], null), '{"a": 3}',
    'the other keys of an object are kept');
select is(docket_private.other_keys('{"b": 2}', array['b'], null), null, 'where there are any');
select results_eq(
    $$ select o.item_path, o.kind
         from docket_private.repeated_keys('{"a": 1, "b": 2, "a": 3}', '{x}', null) as o $$,
    $$ values ('{x,a}'::text[], 'duplicate_key') $$,
    'a key that stands there twice is named');

select is(docket_private.shown_json('[1]', null), '[1]', 'a short value is shown as it is');
select is(
    length(docket_private.shown_json(to_json(repeat('x', 300)), null) #>> '{}'), 203,
    'of a long one the beginning');

select is(docket_private.known_status('"in-progress"'), 'in_progress', 'a status is read');
select is(docket_private.known_status('60'), null, 'an unknown one is null');
select is(docket_private.known_priority('"Haute"'), null, 'an unknown priority is null');
select is(
    docket_private.known_time('"2026-01-01T10:00:00"'), '2026-01-01 10:00+00',
    'a time without a zone is in UTC');
select is(docket_private.known_time('"now"'), null, 'a word is no time');

select * from finish();
rollback;
