-- Documents are patched as RFC 7396 and RFC 6902 say, and what differs between two is such a patch.

begin;
select plan(32);

-- RFC 7396, appendix A.
create temporary table examples (original text, patch text, result text);
insert into examples
values ('{"a": "b"}', '{"a": "c"}', '{"a": "c"}'),
       ('{"a": "b"}', '{"b": "c"}', '{"a": "b", "b": "c"}'),
       ('{"a": "b"}', '{"a": null}', '{}'),
       ('{"a": "b", "b": "c"}', '{"a": null}', '{"b": "c"}'),
       ('{"a": ["b"]}', '{"a": "c"}', '{"a": "c"}'),
       ('{"a": "c"}', '{"a": ["b"]}', '{"a": ["b"]}'),
       ('{"a": {"b": "c"}}', '{"a": {"b": "d", "c": null}}', '{"a": {"b": "d"}}'),
       ('{"a": [{"b": "c"}]}', '{"a": [1]}', '{"a": [1]}'),
       ('["a", "b"]', '["c", "d"]', '["c", "d"]'),
       ('{"a": "b"}', '["c"]', '["c"]'),
       ('{"a": "foo"}', 'null', 'null'),
       ('{"a": "foo"}', '"bar"', '"bar"'),
       ('{"e": null}', '{"a": 1}', '{"e": null, "a": 1}'),
       ('[1, 2]', '{"a": "b", "c": null}', '{"a": "b"}'),
       ('{}', '{"a": {"bb": {"ccc": null}}}', '{"a": {"bb": {}}}');
select is_empty(
    $$ select m.*, docket_private.merge_patched(m.original::jsonb, m.patch::jsonb)
         from examples as m
        where docket_private.merge_patched(m.original::jsonb, m.patch::jsonb) <> m.result::jsonb $$,
    'the examples of RFC 7396');
select is(
    docket_private.merge_patched(null, '{"a": {"b": 1, "c": null}}'), '{"a": {"b": 1}}'::jsonb,
    'what is not there begins with nothing');

-- RFC 6902, appendix A; a result that is null is a failure.
create temporary table patches (name text, original text, patch text, result text);
insert into patches
values ('A.1', '{"foo": "bar"}', '[{"op": "add", "path": "/baz", "value": "qux"}]',
        '{"baz": "qux", "foo": "bar"}'),
       ('A.2', '{"foo": ["bar", "baz"]}', '[{"op": "add", "path": "/foo/1", "value": "qux"}]',
        '{"foo": ["bar", "qux", "baz"]}'),
       ('A.3', '{"baz": "qux", "foo": "bar"}', '[{"op": "remove", "path": "/baz"}]',
        '{"foo": "bar"}'),
       ('A.4', '{"foo": ["bar", "qux", "baz"]}', '[{"op": "remove", "path": "/foo/1"}]',
        '{"foo": ["bar", "baz"]}'),
       ('A.5', '{"baz": "qux", "foo": "bar"}',
        '[{"op": "replace", "path": "/baz", "value": "boo"}]', '{"baz": "boo", "foo": "bar"}'),
       ('A.6', '{"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}',
        '[{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]',
        '{"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}'),
       ('A.7', '{"foo": ["all", "grass", "cows", "eat"]}',
        '[{"op": "move", "from": "/foo/1", "path": "/foo/3"}]',
        '{"foo": ["all", "cows", "eat", "grass"]}'),
       ('A.8', '{"baz": "qux", "foo": ["a", 2, "c"]}',
        '[{"op": "test", "path": "/baz", "value": "qux"},
          {"op": "test", "path": "/foo/1", "value": 2}]', '{"baz": "qux", "foo": ["a", 2, "c"]}'),
       ('A.9', '{"baz": "qux"}', '[{"op": "test", "path": "/baz", "value": "bar"}]', null),
       ('A.10', '{"foo": "bar"}',
        '[{"op": "add", "path": "/child", "value": {"grandchild": {}}}]',
        '{"foo": "bar", "child": {"grandchild": {}}}'),
       ('A.11', '{"foo": "bar"}',
        '[{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]',
        '{"foo": "bar", "baz": "qux"}'),
       ('A.12', '{"foo": "bar"}', '[{"op": "add", "path": "/baz/bat", "value": "qux"}]', null),
       ('A.13', '{"foo": "bar"}',
        '[{"op": "add", "path": "/baz", "value": "qux", "op": "remove"}]', null),
       ('A.14', '{"/": 9, "~1": 10}', '[{"op": "test", "path": "/~01", "value": 10}]',
        '{"/": 9, "~1": 10}'),
       ('A.15', '{"/": 9, "~1": 10}', '[{"op": "test", "path": "/~01", "value": "10"}]', null),
       ('A.16', '{"foo": ["bar"]}',
        '[{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]',
        '{"foo": ["bar", ["abc", "def"]]}'),
       ('whole', '{"a": 1}', '[{"op": "replace", "path": "", "value": [2]},
                               {"op": "add", "path": "/0", "value": 1}]', '[1, 2]'),
       ('copy', '{"a": [1]}', '[{"op": "copy", "from": "/a", "path": "/b"},
                                {"op": "add", "path": "/b/0", "value": 0}]',
        '{"a": [1], "b": [0, 1]}'),
       ('names', '{"": {"0": 1}, "a/b": 2}',
        '[{"op": "replace", "path": "//0", "value": 3}, {"op": "remove", "path": "/a~1b"}]',
        '{"": {"0": 3}}'),
       ('in its place', '{"a": 1}', '[{"op": "move", "from": "/a", "path": "/a"}]', '{"a": 1}');
select results_eq(
    $$ select p.name, docket_private.json_patched(p.original::jsonb, p.patch::jsonb)
         from patches as p
        where p.result is not null
        order by p.name $$,
    $$ select p.name, p.result::jsonb
         from patches as p
        where p.result is not null
        order by p.name $$,
    'the examples of RFC 6902, and some more');
select throws_ok(
    format('select docket_private.json_patched(%L, %L)', p.original, p.patch),
    'PD409', null, p.name || ' is refused')
  from patches as p
 where p.result is null;

-- What is no patch, and what does not fit.
create temporary table refused (patch text, code text, because text);
insert into refused
values ('{}', 'PD422', 'a patch is a list'),
       ('[1]', 'PD422', 'of objects'),
       ('[{"op": "put", "path": "/a", "value": 1}]', 'PD422', 'with a known operation'),
       ('[{"op": "add", "path": "/a"}]', 'PD422', 'with a value'),
       ('[{"op": "add", "value": 1}]', 'PD422', 'with a path'),
       ('[{"op": "add", "path": "a", "value": 1}]', 'PD422', 'that is a pointer'),
       ('[{"op": "add", "path": "/~2", "value": 1}]', 'PD422', 'well escaped'),
       ('[{"op": "move", "path": "/b"}]', 'PD422', 'from somewhere'),
       ('[{"op": "move", "from": "/o", "path": "/o/p"}]', 'PD422', 'and not into itself'),
       ('[{"op": "remove", "path": ""}]', 'PD422', 'the whole stays'),
       ('[{"op": "add", "path": "/l/3", "value": 1}]', 'PD409', 'no gap in an array'),
       ('[{"op": "add", "path": "/l/01", "value": 1}]', 'PD409', 'no number written otherwise'),
       ('[{"op": "add", "path": "/l/-1", "value": 1}]', 'PD409', 'none from the end'),
       ('[{"op": "remove", "path": "/l/-"}]', 'PD409', 'nothing is behind the end'),
       ('[{"op": "replace", "path": "/x", "value": 1}]', 'PD409', 'what is not there'),
       ('[{"op": "add", "path": "/n/x", "value": 1}]', 'PD409', 'nothing is within a number');
select throws_ok(
    format('select docket_private.json_patched(%L, %L)', '{"l": [1, 2], "o": {}, "n": 1}', r.patch),
    'PD422', null, r.because)
  from refused as r
 where r.code = 'PD422';
select throws_ok(
    format('select docket_private.json_patched(%L, %L)', '{"l": [1, 2], "o": {}, "n": 1}', r.patch),
    'PD409', null, r.because)
  from refused as r
 where r.code = 'PD409';

-- Differences, and back again.
select results_eq(
    $$ select d.path, d.operation, d.before, d.after
         from docket_private.json_differences(
                  '{"a": 1, "b": [1, 2, 3], "c/d": {"~": true}, "gone": null}',
                  '{"a": 1, "b": [1, 5], "c/d": {"~": false}, "new": {"x": 1}}') as d $$,
    $$ values ('/b/1', 'replace', '2'::jsonb, '5'::jsonb), ('/b/2', 'remove', '3', null),
              ('/c~1d/~0', 'replace', 'true', 'false'), ('/gone', 'remove', 'null', null),
              ('/new', 'add', null, '{"x": 1}') $$,
    'what differs, by its place');
select results_eq(
    $$ select d.path, d.operation from docket_private.json_differences('[1]', '{"0": 1}') as d $$,
    $$ values ('', 'replace') $$,
    'an array and an object have nothing in common');
select is_empty(
    $$ select from docket_private.json_differences('{"a": [1.0], "b": 2}', '{"b": 2, "a": [1]}') $$,
    'what is equal does not differ');
create temporary table documents as
select d.document::jsonb
  from (values ('{}'), ('[]'), ('null'), ('{"a": [1, 2, [3, {"b": 4}]]}'), ('[1, 2, 3, 4, 5, 6]'),
               ('[1, 2]'), ('[[], [[]], {"x": [1]}]'), ('{"a": [[1], 2], "b": {"c": {}}}'),
               ('{"a": {"0": 1}, "": {"": null}}'), ('[1, [3, 4, 5], 2, {"x": [2, 1]}]'))
       as d (document);
select is_empty(
    $$ select f.document, n.document
         from documents as f
        cross join documents as n
        where docket_private.json_patched(
                  f.document,
                  coalesce(
                      (select jsonb_agg(
                                  jsonb_build_object('op', d.operation, 'path', d.path)
                                  || case
                                         when d.operation = 'remove' then '{}'
                                         else jsonb_build_object('value', d.after)
                                     end
                                  order by d.ordinality)
                         from docket_private.json_differences(f.document, n.document)
                              with ordinality as d),
                      '[]')) <> n.document $$,
    'the differences are a patch that makes the one of the other');
select is(
    docket_private.json_at('{"a": [{"b/c": 7}]}', docket_private.pointer_path('/a/0/b~1c')),
    '7'::jsonb,
    'a pointer leads to its place');
select is(docket_private.pointer_path('/'), array[''], 'a key may be empty');
select is(docket_private.pointer_path(''), array[]::text[], 'no key is the whole');
select is(docket_private.json_at('[1, 2]', array['-1']), null, 'there is no last element by -1');
select is(docket_private.json_at('"ab"', array['0']), null, 'nothing is within a text');

select * from finish();
rollback;
