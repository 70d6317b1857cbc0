-- Deploy pgdocket:context/json_schema to pg
-- requires: context/json_patch
-- requires: platform/settings

begin;
set local role docket_owner;

-- JSON Schema, draft 2020-12, but for what needs other documents or what other keywords have seen:
-- those keywords are refused, so that no schema promises what is not looked at.

-- ECMA-262 writes regular expressions a little differently. What would mean something else here is
-- translated or refused. What is left can't run for ever: the server's engine goes through a text
-- once, as long as nothing refers back (refused) or looks around (only in short texts).
create function docket_private.ecma_class(token text) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when ecma_class.token = '\d' then '0-9'
               when ecma_class.token = '\w' then 'A-Za-z0-9_'
               when ecma_class.token = '\s' then
                   ' \t\n\v\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff'
               when ecma_class.token = '\b' then '\u0008'
               when ecma_class.token = '[' then '\['
               when ecma_class.token like '\\x__' then '\u00' || right(ecma_class.token, 2)
               else ecma_class.token
           end;
end;

comment on function docket_private.ecma_class(text) is
    'A part of a bracket expression of ECMA-262, as PostgreSQL writes it.';

create function docket_private.read_pattern(pattern text) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_escape constant text := '\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\c[A-Za-z]|\\.';
    v_result text;
begin
    if length(read_pattern.pattern) > 1000
       or read_pattern.pattern ~ '\(\?<?[^:=!<]|\(\?<[^=!]|\[\^?\]'
       or read_pattern.pattern
          ~ '(^|[^\\])(\\\\)*\\([0-9AZmMyYaekpPUN]|u[^0-9A-Fa-f]|u[dD][89a-fA-F])'
    then
        return null;
    end if;

    select '(?:' || string_agg(
               case
                   when t.token = '.' then '[^\n\r\u2028\u2029]'
                   when t.token = '\b' then '\y'
                   when t.token = '\B' then '\Y'
                   when t.token in ('\d', '\w', '\s')
                       then '[' || docket_private.ecma_class(t.token) || ']'
                   when t.token in ('\D', '\W', '\S')
                       then '[^' || docket_private.ecma_class(lower(t.token)) || ']'
                   when t.token like '\\x__' then docket_private.ecma_class(t.token)
                   when t.token like '[_%]' then '[' || (
                       select string_agg(docket_private.ecma_class(c.found[1]), '' order by c.place)
                         from regexp_matches(
                                  substr(t.token, 2, length(t.token) - 2), v_escape || '|.', 'g')
                              with ordinality as c (found, place)) || ']'
                   else t.token
               end, '' order by t.place) || ')'
      into v_result
      from (
          select m.found[1] as token, m.place
            from regexp_matches(
                     read_pattern.pattern, v_escape || '|\[(?:\\.|[^\]\\])*\]|.', 'g')
                 with ordinality as m (found, place)
      ) as t;

    v_result := coalesce(v_result, '');
    perform '' ~ v_result;
    return v_result;
exception
    when invalid_regular_expression then
        return null;
end;
$$;

comment on function docket_private.read_pattern(text) is
    'A regular expression of ECMA-262 as PostgreSQL writes it; null for one that is none, or has no counterpart.';

create function docket_private.json_error(
    path    text,
    keyword text,
    message text
) returns jsonb
language sql
immutable
parallel safe
begin atomic
    select jsonb_build_array(jsonb_build_object(
               'path', left(json_error.path, 300), 'keyword', json_error.keyword,
               'message', json_error.message));
end;

comment on function docket_private.json_error(text, text, text) is
    'What is wrong at a place of a document, as a list of one.';

create function docket_private.child_path(
    path text,
    key  text
) returns text
language sql
immutable
parallel safe
begin atomic
    select left(child_path.path, 1000) || '/'
           || replace(replace(left(child_path.key, 200), '~', '~0'), '/', '~1');
end;

comment on function docket_private.child_path(text, text) is
    'The JSON pointer of what stands under a key; of very long ones the beginning.';

-- What a schema says at one place of a document: every rule on numbers, texts, arrays and objects
-- that asks for no schema of its own. A loop over the keywords that are there, one dispatch each.
create function docket_private.breaks_rule(
    keyword  text,
    rule     jsonb,
    document jsonb
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type   text    := jsonb_typeof(breaks_rule.document);
    v_number numeric := case v_type
                            when 'number' then (breaks_rule.document #>> '{}')::numeric
                            when 'string' then length(breaks_rule.document #>> '{}')
                            when 'array' then jsonb_array_length(breaks_rule.document)
                        end;
    v_bound  numeric := case jsonb_typeof(breaks_rule.rule)
                            when 'number' then (breaks_rule.rule #>> '{}')::numeric
                        end;
begin
    case breaks_rule.keyword
        when 'type' then
            if not (breaks_rule.rule ? v_type
                    or breaks_rule.rule ? 'integer'
                       and v_type = 'number'
                       and trunc(v_number) = v_number) then
                return format('is no %s, but %s', replace(
                           btrim(breaks_rule.rule::text, '[]"'), '", "', ' or '), v_type);
            end if;
        when 'const' then
            if breaks_rule.document <> breaks_rule.rule then
                return 'is not ' || left(breaks_rule.rule::text, 100);
            end if;
        when 'enum' then
            if not exists (
                select
                  from jsonb_array_elements(breaks_rule.rule) as e (value)
                 where e.value = breaks_rule.document
            ) then
                return 'is none of ' || left(breaks_rule.rule::text, 100);
            end if;
        when 'minimum' then
            if v_type = 'number' and v_number < v_bound then
                return 'is less than ' || left(breaks_rule.rule::text, 100);
            end if;
        when 'maximum' then
            if v_type = 'number' and v_number > v_bound then
                return 'is greater than ' || left(breaks_rule.rule::text, 100);
            end if;
        when 'exclusiveMinimum' then
            if v_type = 'number' and v_number <= v_bound then
                return 'is not greater than ' || left(breaks_rule.rule::text, 100);
            end if;
        when 'exclusiveMaximum' then
            if v_type = 'number' and v_number >= v_bound then
                return 'is not less than ' || left(breaks_rule.rule::text, 100);
            end if;
        when 'multipleOf' then
            if v_type = 'number' and v_bound > 0 and v_number % v_bound <> 0 then
                return 'is no multiple of ' || left(breaks_rule.rule::text, 100);
            end if;
        when 'minLength' then
            if v_type = 'string' and v_number < v_bound then
                return format('has %s characters, fewer than %s', v_number, trunc(v_bound));
            end if;
        when 'maxLength' then
            if v_type = 'string' and v_number > v_bound then
                return format('has %s characters, more than %s', v_number, trunc(v_bound));
            end if;
        when 'pattern' then
            -- What looks ahead or behind may do so from each character of the text.
            if v_type = 'string'
               and v_number > (case
                                   when breaks_rule.rule #>> '{}' ~ '\(\?<?[=!]' then 5000
                                   else 100000
                               end) then
                return format('has %s characters, too many for its pattern', v_number);
            elsif v_type = 'string'
                  and (breaks_rule.document #>> '{}')
                      !~ docket_private.read_pattern(breaks_rule.rule #>> '{}') then
                return 'does not match ' || left(breaks_rule.rule #>> '{}', 100);
            end if;
        when 'minItems' then
            if v_type = 'array' and v_number < v_bound then
                return format('has %s items, fewer than %s', v_number, trunc(v_bound));
            end if;
        when 'maxItems' then
            if v_type = 'array' and v_number > v_bound then
                return format('has %s items, more than %s', v_number, trunc(v_bound));
            end if;
        when 'uniqueItems' then
            if v_type = 'array' and breaks_rule.rule = 'true' and (
                   select count(*) <> count(distinct e.value)
                     from jsonb_array_elements(breaks_rule.document) as e (value)) then
                return 'has an item twice';
            end if;
        when 'minProperties', 'maxProperties' then
            if v_type = 'object' then
                v_number := (
                    select count(*)
                      from jsonb_object_keys(breaks_rule.document) as k (key));
                if breaks_rule.keyword = 'minProperties' and v_number < v_bound then
                    return format('has %s properties, fewer than %s', v_number, trunc(v_bound));
                elsif breaks_rule.keyword = 'maxProperties' and v_number > v_bound then
                    return format('has %s properties, more than %s', v_number, trunc(v_bound));
                end if;
            end if;
        when 'required' then
            if v_type = 'object' then
                return (
                    select 'has no property ' || left(r.name, 100)
                      from jsonb_array_elements_text(breaks_rule.rule) as r (name)
                     where not breaks_rule.document ? r.name
                     limit 1);
            end if;
        when 'dependentRequired' then
            if v_type = 'object' then
                return (
                    select format('has no property %s, which %s needs',
                                  left(n.name, 100), left(r.key, 100))
                      from jsonb_each(breaks_rule.rule) as r
                     cross join lateral jsonb_array_elements_text(r.value) as n (name)
                     where breaks_rule.document ? r.key
                       and not breaks_rule.document ? n.name
                     limit 1);
            end if;
        else
            null;
    end case;

    return null;
end;
$$;

comment on function docket_private.breaks_rule(text, jsonb, jsonb) is
    'What is wrong with a value by one rule of a schema that has no schema within; null: nothing.';

-- The schemas within a schema that are for a part of the document, or for all of it once more:
-- (where, what, by which schema). `any_of` and the like are judged apart.
create function docket_private.parts_to_check(
    keyword  text,
    schema   jsonb,
    document jsonb,
    path     text
) returns table (
    part_path     text,
    part          jsonb,
    part_schema   jsonb
)
language plpgsql
immutable
rows 10
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rule jsonb := parts_to_check.schema -> parts_to_check.keyword;
    v_type text  := jsonb_typeof(parts_to_check.document);
begin
    if parts_to_check.keyword = 'allOf' then
        return query
        select parts_to_check.path, parts_to_check.document, s.value
          from jsonb_array_elements(v_rule) as s;
    elsif parts_to_check.keyword = 'properties' and v_type = 'object' then
        return query
        select docket_private.child_path(parts_to_check.path, s.key),
               parts_to_check.document -> s.key, s.value
          from jsonb_each(v_rule) as s
         where parts_to_check.document ? s.key;
    elsif parts_to_check.keyword = 'patternProperties' and v_type = 'object' then
        return query
        select docket_private.child_path(parts_to_check.path, d.key), d.value, s.value
          from jsonb_each(v_rule) as s
         cross join lateral docket_private.read_pattern(s.key) as p (pattern)
          join jsonb_each(parts_to_check.document) as d on d.key ~ p.pattern;
    elsif parts_to_check.keyword = 'additionalProperties' and v_type = 'object' then
        return query
        select docket_private.child_path(parts_to_check.path, d.key), d.value, v_rule
          from jsonb_each(parts_to_check.document) as d
         where not coalesce(parts_to_check.schema -> 'properties' ? d.key, false)
           and not exists (
                   select
                     from jsonb_object_keys(
                              coalesce(parts_to_check.schema -> 'patternProperties', '{}'))
                              as k (key)
                    where d.key ~ docket_private.read_pattern(k.key));
    elsif parts_to_check.keyword = 'propertyNames' and v_type = 'object' then
        return query
        select docket_private.child_path(parts_to_check.path, k.key), to_jsonb(k.key), v_rule
          from jsonb_object_keys(parts_to_check.document) as k (key);
    elsif parts_to_check.keyword = 'dependentSchemas' and v_type = 'object' then
        return query
        select parts_to_check.path, parts_to_check.document, s.value
          from jsonb_each(v_rule) as s
         where parts_to_check.document ? s.key;
    elsif parts_to_check.keyword = 'prefixItems' and v_type = 'array' then
        return query
        select parts_to_check.path || '/' || (d.place - 1), d.value, s.value
          from jsonb_array_elements(v_rule) with ordinality as s (value, place)
          join jsonb_array_elements(parts_to_check.document) with ordinality as d (value, place)
            on d.place = s.place;
    elsif parts_to_check.keyword = 'items' and v_type = 'array' then
        return query
        select parts_to_check.path || '/' || (d.place - 1), d.value, v_rule
          from jsonb_array_elements(parts_to_check.document) with ordinality as d (value, place)
         where d.place > jsonb_array_length(
                             coalesce(parts_to_check.schema -> 'prefixItems', '[]'));
    end if;
end;
$$;

comment on function docket_private.parts_to_check(text, jsonb, jsonb, text) is
    'What of a document one keyword of a schema hands on, and to which schemas.';

-- `steps` is how many schemas may still be applied to something: a few references to references
-- are enough to ask for more than anybody waits for.
create function docket_private.json_check(
    root     jsonb,
    schema   jsonb,
    document jsonb,
    path     text,
    depth    integer,
    inout steps  integer,
    out   errors jsonb
) returns record
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rule    record;
    v_part    record;
    v_found   record;
    v_problem text;
    v_count   integer;
    v_path    text[];
begin
    steps  := steps - 1;
    errors := '[]';

    if steps < 0 or json_check.depth > 200 then
        raise exception 'the schema and the document are too much for each other'
            using errcode = 'PD413',
                  hint    = 'At most 200 levels deep, references counted, and 200,000 comparisons.';
    end if;

    if json_check.schema = 'false' then
        errors := docket_private.json_error(json_check.path, 'false', 'is not allowed here');
        return;
    elsif json_check.schema = 'true' then
        return;
    end if;

    for v_rule in
        select s.key, s.value from jsonb_each(json_check.schema) as s
    loop
        exit when jsonb_array_length(errors) >= 100;
        v_problem := null;

        if v_rule.key in ('properties', 'items', 'allOf', 'additionalProperties', 'prefixItems',
                          'patternProperties', 'propertyNames', 'dependentSchemas') then
            for v_part in
                select p.*
                  from docket_private.parts_to_check(
                           v_rule.key, json_check.schema, json_check.document, json_check.path) as p
            loop
                v_found := docket_private.json_check(
                    json_check.root, v_part.part_schema, v_part.part, v_part.part_path,
                    json_check.depth + 1, steps);
                steps := v_found.steps;
                errors := errors || v_found.errors;
                exit when jsonb_array_length(errors) >= 100;
            end loop;
        elsif v_rule.key = '$ref' then
            v_path := docket_private.reference_path(v_rule.value #>> '{}');
            v_found := docket_private.json_check(
                json_check.root, docket_private.json_at(json_check.root, v_path),
                json_check.document, json_check.path, json_check.depth + 1, steps);
            steps := v_found.steps;
            errors := errors || v_found.errors;
        elsif v_rule.key in ('anyOf', 'oneOf', 'not', 'if', 'contains') then
            v_count := 0;
            for v_part in
                select e.value
                  from jsonb_array_elements(
                           case v_rule.key
                               when 'contains' then case jsonb_typeof(json_check.document)
                                   when 'array' then json_check.document
                                   else '[]'
                               end
                               when 'anyOf' then v_rule.value
                               when 'oneOf' then v_rule.value
                               else jsonb_build_array(v_rule.value)
                           end) as e (value)
            loop
                v_found := docket_private.json_check(
                    json_check.root,
                    case v_rule.key when 'contains' then v_rule.value else v_part.value end,
                    case v_rule.key
                        when 'contains' then v_part.value
                        else json_check.document
                    end,
                    json_check.path, json_check.depth + 1, steps);
                steps := v_found.steps;
                v_count := v_count + (v_found.errors = '[]')::integer;
                exit when v_rule.key = 'anyOf' and v_count = 1;
            end loop;

            v_problem := case
                             when v_rule.key = 'anyOf' and v_count = 0 then 'fits no alternative'
                             when v_rule.key = 'oneOf' and v_count <> 1
                                 then format('fits %s alternatives instead of one', v_count)
                             when v_rule.key = 'not' and v_count = 1 then 'is what it may not be'
                             when v_rule.key = 'contains'
                                  and jsonb_typeof(json_check.document) = 'array'
                                  and (v_count < coalesce(
                                           (json_check.schema ->> 'minContains')::numeric, 1)
                                       or v_count > (json_check.schema ->> 'maxContains')::numeric)
                                 then format('contains %s such items', v_count)
                         end;

            if v_rule.key = 'if' then
                v_found := docket_private.json_check(
                    json_check.root,
                    coalesce(
                        json_check.schema -> case v_count when 1 then 'then' else 'else' end,
                        'true'),
                    json_check.document, json_check.path,
                    json_check.depth + 1, steps);
                steps := v_found.steps;
                errors := errors || v_found.errors;
            end if;
        else
            v_problem := docket_private.breaks_rule(
                v_rule.key, v_rule.value, json_check.document);
        end if;

        if v_problem is not null then
            errors := errors
                      || docket_private.json_error(json_check.path, v_rule.key, v_problem);
        end if;
    end loop;
end;
$$;

comment on function docket_private.json_check(jsonb, jsonb, jsonb, text, integer, integer) is
    'What is wrong with a document, or a part of it, by a schema that has been read: a list of {path, keyword, message}, at most about 100. Raises PD413.';

create function docket_private.reference_path(reference text) returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if strpos(reference_path.reference, '%') = 0 then
        return docket_private.pointer_path(substr(reference_path.reference, 2));
    end if;

    -- A reference is a URI: what is no letter of one is written %XX.
    return docket_private.pointer_path((
        select convert_from(
                   string_agg(
                       case
                           when t.found[1] ~ '^%..$' then decode(substr(t.found[1], 2), 'hex')
                           else convert_to(t.found[1], 'UTF8')
                       end, '' order by t.place), 'UTF8')
          from regexp_matches(
                   substr(reference_path.reference, 2), '%[0-9A-Fa-f]{2}|[^%]+|%', 'g')
               with ordinality as t (found, place)));
exception
    when character_not_in_repertoire or untranslatable_character then
        raise exception '% is no reference', quote_literal(left(reference_path.reference, 100))
            using errcode = 'PD422';
end;
$$;

comment on function docket_private.reference_path(text) is
    'Where in its own document a reference (#/$defs/name) points. Raises PD422.';

-- What a schema may have, as a schema: the metaschema of the draft, less what is not supported.
create function docket_private.json_metaschema() returns jsonb
language sql
immutable
parallel safe
begin atomic
    select jsonb '{
        "type": ["object", "boolean"],
        "properties": {
            "$schema": {"enum": ["https://json-schema.org/draft/2020-12/schema",
                                 "https://json-schema.org/draft/2020-12/schema#"]},
            "$ref": {"type": "string", "pattern": "^#(/|$)"},
            "$defs": {"$ref": "#/$defs/schemas"},
            "definitions": {"$ref": "#/$defs/schemas"},
            "type": {"anyOf": [{"$ref": "#/$defs/type"},
                               {"type": "array", "items": {"$ref": "#/$defs/type"},
                                "minItems": 1, "uniqueItems": true}]},
            "enum": {"type": "array"},
            "multipleOf": {"type": "number", "exclusiveMinimum": 0},
            "maximum": {"type": "number"},
            "exclusiveMaximum": {"type": "number"},
            "minimum": {"type": "number"},
            "exclusiveMinimum": {"type": "number"},
            "maxLength": {"$ref": "#/$defs/count"},
            "minLength": {"$ref": "#/$defs/count"},
            "pattern": {"type": "string"},
            "maxItems": {"$ref": "#/$defs/count"},
            "minItems": {"$ref": "#/$defs/count"},
            "uniqueItems": {"type": "boolean"},
            "maxContains": {"$ref": "#/$defs/count"},
            "minContains": {"$ref": "#/$defs/count"},
            "maxProperties": {"$ref": "#/$defs/count"},
            "minProperties": {"$ref": "#/$defs/count"},
            "required": {"$ref": "#/$defs/names"},
            "dependentRequired": {"type": "object",
                                  "additionalProperties": {"$ref": "#/$defs/names"}},
            "properties": {"$ref": "#/$defs/schemas"},
            "patternProperties": {"$ref": "#/$defs/schemas"},
            "additionalProperties": {"$ref": "#"},
            "propertyNames": {"$ref": "#"},
            "dependentSchemas": {"$ref": "#/$defs/schemas"},
            "items": {"$ref": "#"},
            "prefixItems": {"$ref": "#/$defs/list"},
            "contains": {"$ref": "#"},
            "allOf": {"$ref": "#/$defs/list"},
            "anyOf": {"$ref": "#/$defs/list"},
            "oneOf": {"$ref": "#/$defs/list"},
            "not": {"$ref": "#"},
            "if": {"$ref": "#"},
            "then": {"$ref": "#"},
            "else": {"$ref": "#"},
            "$id": false, "$anchor": false, "$dynamicRef": false, "$dynamicAnchor": false,
            "$recursiveRef": false, "$vocabulary": false, "unevaluatedItems": false,
            "unevaluatedProperties": false, "additionalItems": false, "dependencies": false
        },
        "$defs": {
            "type": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
            "count": {"type": "integer", "minimum": 0},
            "names": {"type": "array", "items": {"type": "string"}},
            "schemas": {"type": "object", "additionalProperties": {"$ref": "#"}},
            "list": {"type": "array", "minItems": 1, "items": {"$ref": "#"}}
        }
    }';
end;

comment on function docket_private.json_metaschema() is
    'What a JSON Schema may have here, as a JSON Schema.';

create function docket_private.read_schema(schema jsonb) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    -- The name of the whole changes nothing as long as nothing refers to another document.
    v_schema jsonb := case jsonb_typeof(read_schema.schema)
                          when 'object' then read_schema.schema - '$id'
                          else read_schema.schema
                      end;
    v_errors jsonb;
begin
    v_errors := (
        select c.errors
          from docket_private.json_check(
                   docket_private.json_metaschema(), docket_private.json_metaschema(),
                   coalesce(v_schema, 'null'), '', 0, 200000) as c);

    if v_errors = '[]' then
        with recursive subschemas (path, schema) as (
            select array[]::text[], v_schema
             union all
            select s.path || k.key || child.token, child.schema
              from subschemas as s
             cross join lateral jsonb_each(
                       case jsonb_typeof(s.schema) when 'object' then s.schema else '{}' end) as k
             cross join lateral (
                       select array[e.key] as token, e.value as schema
                         from jsonb_each(
                                  case
                                      when k.key in ('properties', 'patternProperties', '$defs',
                                                     'definitions', 'dependentSchemas')
                                          then k.value
                                      else '{}'
                                  end) as e
                        union all
                       select array[(e.place - 1)::text], e.value
                         from jsonb_array_elements(
                                  case
                                      when k.key in ('allOf', 'anyOf', 'oneOf', 'prefixItems')
                                          then k.value
                                      else '[]'
                                  end) with ordinality as e (value, place)
                        union all
                       select array[]::text[], k.value
                        where k.key in (
                                  'items', 'additionalProperties', 'propertyNames', 'contains',
                                  'not', 'if', 'then', 'else')
                   ) as child
        ), rules as (
            select s.path, k.key, k.value
              from subschemas as s
             cross join lateral jsonb_each(
                       case jsonb_typeof(s.schema) when 'object' then s.schema else '{}' end) as k
             where k.key in ('$ref', 'pattern', 'patternProperties')
        ), problems as (
            select r.path || r.key as path, 'pattern' as keyword,
                   'is no regular expression that can be used here' as message
              from rules as r
             cross join lateral (
                       select r.value #>> '{}' as pattern where r.key = 'pattern'
                        union all
                       select k.key
                         from jsonb_object_keys(
                                  case r.key when 'patternProperties' then r.value else '{}' end)
                              as k (key)
                   ) as p
             where docket_private.read_pattern(p.pattern) is null
             union all
            select r.path || r.key, '$ref', 'refers to no schema of this document'
              from rules as r
             where r.key = '$ref'
               and not exists (
                       select
                         from subschemas as s
                        where s.path = docket_private.reference_path(r.value #>> '{}'))
        )
        select jsonb_agg(docket_private.json_error(
                   '/' || array_to_string(p.path, '/'), p.keyword, p.message) -> 0)
          into v_errors
          from problems as p;
    end if;

    if v_errors <> '[]' then
        raise exception 'the JSON Schema can not be used: % %',
                        coalesce(nullif(v_errors #>> '{0,path}', ''), 'it'),
                        v_errors #>> '{0,message}'
            using errcode = 'PD422',
                  detail  = left((v_errors -> 0)::text, 1000),
                  hint    = 'docs/context.md lists the keywords of draft 2020-12 that are supported.';
    end if;

    return v_schema;
end;
$$;

comment on function docket_private.read_schema(jsonb) is
    'A schema that can be used, as it can. Raises PD422 for one that has what is not supported, or is none.';

create function docket_private.schema_errors(
    schema   jsonb,
    document jsonb
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select c.errors
          from docket_private.json_check(
                   schema_errors.schema, schema_errors.schema, schema_errors.document, '', 0,
                   200000) as c);
exception
    when statement_too_complex then
        raise exception 'the document is nested too deeply to be checked'
            using errcode = 'PD413';
end;
$$;

comment on function docket_private.schema_errors(jsonb, jsonb) is
    'What is wrong with a document by a schema that read_schema() has let through. Raises PD413.';

create function docket.validate_json(
    schema   jsonb,
    document jsonb
) returns table (
    path    text,
    keyword text,
    message text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.value ->> 'path', e.value ->> 'keyword', e.value ->> 'message'
      from jsonb_array_elements(
               docket_private.schema_errors(
                   docket_private.read_schema(validate_json.schema),
                   coalesce(validate_json.document, 'null'))) as e (value);
end;
$$;

comment on function docket.validate_json(jsonb, jsonb) is
'What is wrong with a JSON document by a JSON Schema of draft 2020-12.

`schema` is the schema: type, enum, const, the bounds of numbers, texts, arrays and objects,
pattern, uniqueItems, required, dependentRequired, properties, patternProperties,
additionalProperties, propertyNames, dependentSchemas, items, prefixItems, contains, allOf, anyOf,
oneOf, not, if, and $ref within the schema. Unknown keywords and format say nothing; keywords of
the draft that are not supported are refused. `document` is the document.
Returns a row for each error, about 100 at most: where (a JSON pointer), by which keyword, and
what. Raises PD422 (the schema can not be used), PD413 (too deep, or too much to compare).';

revoke all on function docket_private.ecma_class(text) from public;
revoke all on function docket_private.read_pattern(text) from public;
revoke all on function docket_private.json_error(text, text, text) from public;
revoke all on function docket_private.child_path(text, text) from public;
revoke all on function docket_private.breaks_rule(text, jsonb, jsonb) from public;
revoke all on function docket_private.parts_to_check(text, jsonb, jsonb, text) from public;
revoke all on function docket_private.json_check(jsonb, jsonb, jsonb, text, integer, integer)
  from public;
revoke all on function docket_private.reference_path(text) from public;
revoke all on function docket_private.json_metaschema() from public;
revoke all on function docket_private.read_schema(jsonb) from public;
revoke all on function docket_private.schema_errors(jsonb, jsonb) from public;
revoke all on function docket.validate_json(jsonb, jsonb) from public;
grant execute on function docket.validate_json(jsonb, jsonb)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
