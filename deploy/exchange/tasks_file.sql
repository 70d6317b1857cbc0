-- Deploy pgdocket:exchange/tasks_file to pg
-- requires: exchange/json_text
-- requires: tasks/vocabulary

begin;
set local role docket_owner;

-- What a task file has, before anything is written: its shape and its tags. Everything is read
-- with the type json, which keeps order, duplicate keys and spelling; "masked" says that escapes
-- that can't be stored are replaced by the stand-in (exchange/json_text).
create type docket_private.oddity as (
    item_path text[],
    kind      text,
    value     jsonb,
    reason    text
);

comment on type docket_private.oddity is
    'Something in a file that rows can not say as it stands: where, what kind, the value, and what was done.';

create type docket_private.file_tag as (
    tag_no    integer,
    name      text,
    is_first  boolean,
    item_path text[],
    content   json,
    metadata  jsonb
);

comment on type docket_private.file_tag is
    'One list of tasks in a file: its tag, whether its tasks have plain keys, where it stands, the masked object, and the keys beside its tasks.';

-- Of duplicate keys the last one counts, for every reader of JSON there is.
create function docket_private.tag_objects(container json)
returns table (tag_no integer, name text, content json)
language sql
immutable
begin atomic
      with member as materialized (
          select e.n, e.key, e.value
            from json_each(case json_typeof(tag_objects.container)
                               when 'object' then tag_objects.container
                           end) with ordinality as e (key, value, n)
      )
    select m.n::integer, m.key, m.value
      from member as m
     where m.n in (select max(l.n) from member as l group by l.key)
       and json_typeof(m.value) = 'object'
       and json_typeof(m.value -> 'tasks') = 'array'
     order by m.n;
end;

comment on function docket_private.tag_objects(json) is
    'The members of an object that are objects with an array "tasks", in their order.';

create function docket_private.file_shape(document json) returns text
language sql
immutable
begin atomic
    select case
               when json_typeof(file_shape.document) <> 'object' then null
               when exists (select from docket_private.tag_objects(file_shape.document))
               then 'tagged'
               when json_typeof(file_shape.document -> 'tasks') = 'array' then 'flat'
               when exists (
                        select
                          from docket_private.tag_objects(file_shape.document -> '_rawTaggedData'))
               then 'raw_tagged'
           end;
end;

comment on function docket_private.file_shape(json) is
    'flat, tagged or raw_tagged; null for a document that is no task file.';

create function docket_private.refuse_shape(
    source_name text,
    content     text,
    document    json
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.refuse_file(
        refuse_shape.source_name,
        refuse_shape.content,
        length(refuse_shape.content) - length(ltrim(refuse_shape.content, e' \t\n\r')) + 1,
        'this is no task file, but '
        || case json_typeof(refuse_shape.document)
               when 'array'
               then format('an array of %s values', json_array_length(refuse_shape.document))
               when 'object' then 'an object without a list of tasks'
               else format('a %s', json_typeof(refuse_shape.document))
           end,
        'A task file is an object with an array "tasks", or with such an object for each tag.');
end;
$$;

comment on function docket_private.refuse_shape(text, text, json) is
    'Raises PD422 for a document that is JSON, but no task file.';

-- All keys of an object but some, for metadata.
create function docket_private.other_keys(
    source   json,
    but      text[],
    stand_in text
) returns jsonb
language sql
immutable
begin atomic
    select docket_private.kept_jsonb(
               json_object_agg(e.key, e.value order by e.n)
                   filter (where e.key <> all (other_keys.but)),
               other_keys.stand_in)
      from json_each(other_keys.source) with ordinality as e (key, value, n);
end;

comment on function docket_private.other_keys(json, text[], text) is
    'The members of a masked object as jsonb, without some; null when there are no others.';

create function docket_private.repeated_keys(
    source    json,
    item_path text[],
    stand_in  text
) returns setof docket_private.oddity
language sql
immutable
begin atomic
    select repeated_keys.item_path || docket_private.unmasked_json(e.key, repeated_keys.stand_in),
           'duplicate_key', null::jsonb,
           format('the key stands there %s times; the last one counts', count(*))
      from json_each(repeated_keys.source) as e
     group by e.key
    having count(*) > 1;
end;

comment on function docket_private.repeated_keys(json, text[], text) is
    'The keys that a masked object has more than once, as oddities.';

create function docket_private.file_tags(
    document json,
    shape    text,
    stand_in text
) returns docket_private.file_tag[]
language sql
immutable
begin atomic
      with tag as (
          select 1 as tag_no, 'master' as name, array[]::text[] as item_path,
                 file_tags.document as content
           where file_tags.shape = 'flat'
           union all
          select t.tag_no, t.name, array[t.name], t.content
            from docket_private.tag_objects(file_tags.document) as t
           where file_tags.shape = 'tagged'
           union all
          select t.tag_no, t.name, array['_rawTaggedData', t.name], t.content
            from docket_private.tag_objects(file_tags.document -> '_rawTaggedData') as t
           where file_tags.shape = 'raw_tagged'
      ), ordered as (
          select t.tag_no, t.name, t.item_path, t.content,
                 row_number() over (order by t.name = 'master' desc, t.tag_no) = 1 as is_first
            from tag as t
      )
    select array_agg(
               row (t.tag_no,
                    docket_private.unmasked_json(t.name, file_tags.stand_in),
                    t.is_first,
                    array(select docket_private.unmasked_json(p.step, file_tags.stand_in)
                            from unnest(t.item_path) with ordinality as p (step, n)
                           order by p.n),
                    t.content,
                    docket_private.other_keys(t.content, array['tasks'], file_tags.stand_in)
               )::docket_private.file_tag
               order by t.tag_no)
      from ordered as t;
end;

comment on function docket_private.file_tags(json, text, text) is
    'The tags of a masked task file of a shape, in their order; a flat file has one, "master". The first is "master" where there is one.';

-- Values as a report shows them: short.
create function docket_private.shown_json(
    value    json,
    stand_in text
) returns jsonb
language sql
immutable
begin atomic
    select case
               when length(shown_json.value::text) <= 200
               then docket_private.kept_jsonb(shown_json.value, shown_json.stand_in)
               else to_jsonb(left(docket_private.unmasked_json(
                        shown_json.value::text, shown_json.stand_in), 200) || '...')
           end;
end;

comment on function docket_private.shown_json(json, text) is
    'A masked JSON value for a report: as it is, or the first 200 characters of its text.';

-- The readers of single values: what the vocabulary does not know is null here, never an error.
create function docket_private.known_status(status json) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if json_typeof(known_status.status) <> 'string' then
        return null;
    end if;
    return docket_private.read_status(known_status.status #>> '{}');
exception
    when others then
        return null;
end;
$$;

comment on function docket_private.known_status(json) is
    'A status as the vocabulary has it; null when it is none.';

create function docket_private.known_priority(priority json) returns smallint
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if json_typeof(known_priority.priority) not in ('string', 'number') then
        return null;
    end if;
    return docket_private.read_priority(known_priority.priority::jsonb);
exception
    when others then
        return null;
end;
$$;

comment on function docket_private.known_priority(json) is
    'A priority as the vocabulary has it; null when it is none.';

create function docket_private.known_time(value json) returns timestamptz
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
begin
    if value #>> '{}' ~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d|$)' then
        return (value #>> '{}')::timestamptz;
    end if;
    return null;
exception
    when others then
        return null;
end;
$$;

comment on function docket_private.known_time(json) is
    'An ISO 8601 time, in UTC where it names no zone; null when it is none.';

revoke all on function docket_private.tag_objects(json) from public;
revoke all on function docket_private.file_shape(json) from public;
revoke all on function docket_private.refuse_shape(text, text, json) from public;
revoke all on function docket_private.other_keys(json, text[], text) from public;
revoke all on function docket_private.repeated_keys(json, text[], text) from public;
revoke all on function docket_private.file_tags(json, text, text) from public;
revoke all on function docket_private.shown_json(json, text) from public;
revoke all on function docket_private.known_status(json) from public;
revoke all on function docket_private.known_priority(json) from public;
revoke all on function docket_private.known_time(json) from public;

commit;
