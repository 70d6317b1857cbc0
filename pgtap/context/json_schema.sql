-- A JSON Schema says what is wrong with a document, and where; what it can't hold is refused.

begin;
select plan(42);

create function pg_temp.errors(schema text, document text) returns text[]
language sql
as $$
    select array_agg(format('%s %s', e.path, e.keyword) order by e.path, e.keyword)
      from docket.validate_json(errors.schema::jsonb, errors.document::jsonb) as e
$$;

-- Every keyword: a schema, what it lets through, and what not.
create temporary table cases (schema text, good text, bad text, said text);
insert into cases
values ('{"type": "integer"}', '1.0', '1.5', ' type'),
       ('{"type": ["string", "null"]}', 'null', '{}', ' type'),
       ('{"enum": [1, {"a": [2]}]}', '{"a": [2.0]}', '"1"', ' enum'),
       ('{"const": {"a": 1, "b": 2}}', '{"b": 2, "a": 1}', '{"a": 1}', ' const'),
       ('{"multipleOf": 0.01}', '0.07', '0.075', ' multipleOf'),
       ('{"minimum": 3}', '3', '2.99', ' minimum'),
       ('{"maximum": 3}', '3', '1e400', ' maximum'),
       ('{"exclusiveMinimum": 3}', '3.001', '3', ' exclusiveMinimum'),
       ('{"exclusiveMaximum": 3}', '-7', '3', ' exclusiveMaximum'),
       ('{"minLength": 2}', '"é𝄞"', '"𝄞"', ' minLength'),
       ('{"maxLength": 2}', '"é𝄞"', '"abc"', ' maxLength'),
       ('{"minItems": 1}', '[0]', '[]', ' minItems'),
       ('{"maxItems": 1}', '[0]', '[0, 0]', ' maxItems'),
       ('{"uniqueItems": true}', '[1, true, "1"]', '[{"a": 1}, {"a": 1.0}]', ' uniqueItems'),
       ('{"minProperties": 1}', '{"a": 1}', '{}', ' minProperties'),
       ('{"maxProperties": 1}', '{"a": 1}', '{"a": 1, "b": 2}', ' maxProperties'),
       ('{"required": ["a"]}', '{"a": null}', '{}', ' required'),
       ('{"dependentRequired": {"a": ["b"]}}', '{"b": 1}', '{"a": 1}', ' dependentRequired'),
       ('{"properties": {"a/~": {"type": "null"}}}', '{"b": 1}', '{"a/~": 1}', '/a~1~0 type'),
       ('{"patternProperties": {"^a": false}}', '{"ba": 1}', '{"ab": 1}', '/ab false'),
       ('{"properties": {"a": true}, "patternProperties": {"^b": true},
          "additionalProperties": false}', '{"a": 1, "b1": 1}', '{"c": 1}', '/c false'),
       ('{"propertyNames": {"maxLength": 1}}', '{"a": 1}', '{"ab": 1}', '/ab maxLength'),
       ('{"dependentSchemas": {"a": {"required": ["b"]}}}', '{}', '{"a": 1}', ' required'),
       ('{"items": {"type": "number"}}', '[1, 2]', '[1, "2"]', '/1 type'),
       ('{"prefixItems": [true, false], "items": false}', '[1]', '[1, 2]', '/1 false'),
       ('{"contains": {"const": 1}, "maxContains": 1}', '[1, 2]', '[1, 1]', ' contains'),
       ('{"allOf": [{"minimum": 1}, {"maximum": 2}]}', '1', '3', ' maximum'),
       ('{"anyOf": [{"minimum": 5}, {"maximum": 2}]}', '1', '3', ' anyOf'),
       ('{"oneOf": [{"minimum": 1}, {"maximum": 2}]}', '0', '1', ' oneOf'),
       ('{"not": {"type": "number"}}', '"1"', '1', ' not'),
       ('{"if": {"type": "number"}, "then": {"minimum": 0}, "else": {"type": "null"}}', '1', '-1',
        ' minimum'),
       ('{"$ref": "#/$defs/a%25b", "$defs": {"a%b": {"type": "null"}}}', 'null', '1', ' type'),
       ('{"type": "object", "properties": {"next": {"$ref": "#"}}}', '{"next": {"next": {}}}',
        '{"next": {"next": 1}}', '/next/next type'),
       ('{"pattern": "^\\d{2}\\b.$"}', '"12."', '"12\n"', ' pattern'),
       ('false', null, '1', ' false');
select is_empty(
    $$ select c.*
         from cases as c
        where c.good is not null
          and pg_temp.errors(c.schema, c.good) is not null $$,
    'what a schema allows passes');
select is_empty(
    $$ select c.schema, pg_temp.errors(c.schema, c.bad)
         from cases as c
        where pg_temp.errors(c.schema, c.bad) is distinct from array[c.said] $$,
    'what it does not is told, with its place and the keyword');
select is(
    pg_temp.errors('{"type": "array", "items": {"required": ["a"], "maxProperties": 1}}',
                   '[{"b": 1, "c": 2}, {"a": 1}, {}]'),
    array['/0 maxProperties', '/0 required', '/2 required'],
    'all that is wrong is told');
select is(
    pg_temp.errors('{"unheard of": 1, "format": "date", "title": 7, "default": 1}', '"x"'), null,
    'what is no keyword says nothing');

-- What can't be held is refused, and not left out silently.
create temporary table refused (schema text, because text);
insert into refused
values ('{"unevaluatedProperties": false}', 'what needs to know what others have seen'),
       ('{"properties": {"a": {"unevaluatedItems": false}}}', 'anywhere'),
       ('{"$dynamicRef": "#a"}', 'references that depend on the way'),
       ('{"$ref": "https://example.org/schema"}', 'other documents'),
       ('{"$ref": "#/$defs/a"}', 'references to nothing'),
       ('{"$ref": "#/examples/0", "examples": [{"type": 1}]}', 'or to what is no schema'),
       ('{"items": {"$id": "x"}}', 'schemas with a name of their own'),
       ('{"$schema": "http://json-schema.org/draft-07/schema#"}', 'other drafts'),
       ('{"dependencies": {"a": ["b"]}}', 'keywords of other drafts'),
       ('{"items": [true]}', 'as in other drafts'),
       ('{"type": "text"}', 'types that are none'),
       ('{"required": "a"}', 'rules that are none'),
       ('{"minLength": -1}', 'less than nothing'),
       ('{"multipleOf": 0}', 'multiples of nothing'),
       ('{"allOf": []}', 'no alternatives'),
       ('{"properties": {"a": 1}}', 'schemas that are none'),
       ('{"pattern": "("}', 'patterns that are none'),
       ('{"pattern": "(a)\\1"}', 'patterns that refer back'),
       ('{"pattern": "\\p{L}"}', 'patterns that mean something else here'),
       ('{"patternProperties": {"[a": true}}', 'half a class'),
       ('{"pattern": "((((a{255}){255}){255}){255})"}', 'patterns of any size'),
       ('1', 'what is no schema'),
       ('null', 'nothing');
select throws_ok(
    format('select * from docket.validate_json(%L, %L)', r.schema, '{}'),
    'PD422', null, r.because || ' is refused')
  from refused as r;
select throws_ok(
    $$ select * from docket.validate_json('{"properties": {"a": {"type": "x"}}}', '1') $$,
    'PD422', 'the JSON Schema can not be used: /properties/a/type fits no alternative',
    'the place is told');
select throws_ok(
    $$ select * from docket.validate_json(null, '1') $$, 'PD422', null, 'a schema is needed');

-- Nothing runs for ever.
select throws_ok(
    $$ select * from docket.validate_json('{"$ref": "#"}', '1') $$,
    'PD413', null, 'a schema that never comes to an end');
create temporary table doubling as
select jsonb_build_object(
           '$ref', '#/$defs/s0',
           '$defs', (select jsonb_object_agg(
                                's' || n,
                                jsonb_build_object('allOf', jsonb_build_array(
                                    jsonb_build_object('$ref', '#/$defs/s' || (n + 1)),
                                    jsonb_build_object('$ref', '#/$defs/s' || (n + 1)))))
                            || '{"s30": true}'
                       from generate_series(0, 29) as n)) as schema;
select throws_ok(
    $$ select docket_private.json_check(d.schema, d.schema, '1', '', 0, 5000)
         from doubling as d $$,
    'PD413', null, 'or doubles at each step');
select throws_ok(
    format('select * from docket.validate_json(%L, %L)',
           '{"items": {"$ref": "#"}}', repeat('[', 1000) || repeat(']', 1000)),
    'PD413', null, 'or goes too deep');
select is(
    pg_temp.errors('{"pattern": "(a+)+$"}', to_jsonb(repeat('a', 50000) || 'b')::text),
    array[' pattern'],
    'a pattern that would take ages elsewhere takes none here');
select is(
    pg_temp.errors('{"pattern": "(?=.*b)a"}', to_jsonb(repeat('a', 5001))::text),
    array[' pattern'],
    'who looks around does so in short texts only');
select is(
    (select count(*)
       from docket.validate_json('{"items": false}',
                                 (select jsonb_agg(n) from generate_series(1, 1000) as n))),
    100::bigint,
    'a hundred errors are enough');

-- Regular expressions of ECMA-262 mean what they mean there.
create temporary table patterns (pattern text, good text, bad text);
insert into patterns
values ('\bcat\b', 'a cat', 'cats'),
       ('^[\w.-]+$', 'a_b.c-1', 'é'),
       ('^.$', 'x', e'\n'),
       ('^\s$', chr(160), 'x'),
       ('^[^\s]$', 'x', ' '),
       ('^\x41\u0042\/$', 'AB/', 'AB'),
       ('^[[\]]$', '[', 'x'),
       ('a{2}(?!b)', 'aac', 'aab'),
       ('^(?:a|b)*?c$', 'abc', 'ab'),
       ('^$', '', 'x'),
       ('^[$.*]$', '$', 'x');
select is_empty(
    $$ select p.*
         from patterns as p
        where docket_private.read_pattern(p.pattern) is null
           or p.good !~ docket_private.read_pattern(p.pattern)
           or p.bad ~ docket_private.read_pattern(p.pattern) $$,
    'patterns mean here what they mean there');
select is(docket_private.read_pattern('(?i)a'), null, 'options are no part of them');
select is(docket_private.read_pattern('***=a'), null, 'nor are directors');
select is(docket_private.read_pattern('(?<name>a)'), null, 'nor, here, are names');
select is(docket_private.read_pattern(repeat('a', 1001)), null, 'and they have an end');

set local role docket_agent;
select is(
    (select count(*) from docket.validate_json('{"type": "null"}', '1')), 1::bigint,
    'agents may ask');
reset role;
set local role docket_metrics;
select throws_ok(
    $$ select * from docket.validate_json('true', '1') $$, '42501', null, 'not everybody may');

select * from finish();
rollback;
