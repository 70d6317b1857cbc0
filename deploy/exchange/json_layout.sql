-- Deploy pgdocket:exchange/json_layout to pg
-- requires: exchange/json_text

begin;
set local role docket_owner;

-- Where the values of a JSON document stand, in bytes, and how it is laid out, so that what is
-- put into it looks like the rest. All of it works on bytes: in a text, whose characters differ
-- in size, each look at a place would count from the beginning.
create type docket_private.json_style as (
    unit     text,
    colon    text,
    comma    text,
    is_ascii boolean,
    is_flat  boolean
);

comment on type docket_private.json_style is
    'How a document is laid out: what a level is indented by (null: all on one line), what stands between key and value and between values on one line, whether it is written in ASCII alone, and whether lists of plain values stand on one line.';

create type docket_private.json_member as (
    key         text,
    key_start   integer,
    value_start integer,
    value_size  integer
);

comment on type docket_private.json_member is
    'A member of an object: its key, and where key and value stand, in bytes from 1.';

create function docket_private.next_token(
    content bytea,
    place   integer
) returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_place integer := place;
    v_part  bytea   := substring(content from place for 64);
    -- Without space, tab, line feed, carriage return, comma and colon.
    v_rest  integer := octet_length(ltrim(v_part, '\x20090a0d2c3a'));
begin
    while v_rest = 0 and octet_length(v_part) > 0 loop
        v_place := v_place + octet_length(v_part);
        v_part  := substring(content from v_place for 64);
        v_rest  := octet_length(ltrim(v_part, '\x20090a0d2c3a'));
    end loop;

    return v_place + octet_length(v_part) - v_rest;
end;
$$;

comment on function docket_private.next_token(bytea, integer) is
    'The place of the first byte, at a place or after it, that is no white space, comma or colon.';

create function docket_private.string_end(
    content bytea,
    place   integer
) returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_from    integer := place + 1;
    v_size    integer := 64;
    v_is_open boolean := true;
    v_part    bytea;
    v_quote   integer;
begin
    while v_is_open loop
        v_part  := substring(content from v_from for v_size);
        v_quote := position('\x22'::bytea in v_part);
        if v_quote > 0 then
            v_part := substring(v_part from 1 for v_quote - 1);
            v_from := v_from + v_quote;
            v_size := 64;
            -- An even number of backslashes before a quote are pairs.
            v_is_open :=
                (octet_length(v_part) - octet_length(rtrim(v_part, '\x5c'))) % 2 = 1;
        else
            -- What may end in a backslash is looked at again, with what comes after it.
            v_is_open := octet_length(v_part) = v_size;
            v_size    := v_size * 2;
        end if;
    end loop;

    return v_from;
end;
$$;

comment on function docket_private.string_end(bytea, integer) is
    'The place after the end of the JSON string that begins at a place.';

create function docket_private.json_members(
    content bytea,
    start   integer,
    source  json
) returns docket_private.json_member[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_masked  record;
    v_member  record;
    v_place   integer := start + 1;
    v_found   docket_private.json_member;
    v_members docket_private.json_member[] := '{}';
begin
    select m.content, m.stand_in into v_masked
      from docket_private.mask_json(source::text) as m;

    for v_member in
        select e.key, e.value
          from json_each(v_masked.content::json) with ordinality as e (key, value, n)
         order by e.n
    loop
        v_found.key         := docket_private.unmasked_json(v_member.key, v_masked.stand_in);
        v_found.key_start   := docket_private.next_token(content, v_place);
        v_found.value_start := docket_private.next_token(
            content, docket_private.string_end(content, v_found.key_start));
        v_found.value_size  := octet_length(docket_private.unmasked_json(
            v_member.value::text, v_masked.stand_in));
        v_place             := v_found.value_start + v_found.value_size;
        v_members           := v_members || v_found;
    end loop;

    return v_members;
end;
$$;

comment on function docket_private.json_members(bytea, integer, json) is
    'The members of the object `source`, which begins at byte `start` of a document, in their order.';

create function docket_private.json_elements(
    content bytea,
    start   integer,
    sizes   integer[]
) returns integer[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_place  integer   := start + 1;
    v_size   integer;
    v_starts integer[] := array_fill(0, array[coalesce(cardinality(sizes), 0)]);
    v_n      integer   := 0;
begin
    foreach v_size in array sizes loop
        v_n           := v_n + 1;
        v_place       := docket_private.next_token(content, v_place);
        v_starts[v_n] := v_place;
        v_place       := v_place + v_size;
    end loop;

    return v_starts || docket_private.next_token(content, v_place);
end;
$$;

comment on function docket_private.json_elements(bytea, integer, integer[]) is
    'Where the elements of an array stand, whose sizes are given and which begins at byte `start`; and last, where its "]" does.';

-- Of things that stand in a row, separated by commas, some are taken out: each with the comma
-- before it, or where nothing is left before it, with the one after it.
create function docket_private.cut_places(
    starts     integer[],
    sizes      integer[],
    is_removed boolean[]
) returns table (start integer, size integer)
language sql
immutable
begin atomic
      with item as (
          select i.n, i.start, i.start + i.size as stop, i.is_removed,
                 lag(i.start + i.size) over in_order as last_stop,
                 lead(i.start) over in_order as next_start,
                 coalesce(bool_or(not i.is_removed) over (
                     order by i.n rows between unbounded preceding and 1 preceding), false)
                     as has_kept_before
            from unnest(cut_places.starts, cut_places.sizes, cut_places.is_removed)
                 with ordinality as i (start, size, is_removed, n)
          window in_order as (order by i.n)
      )
    select case when i.has_kept_before then i.last_stop else i.start end,
           case
               when i.has_kept_before then i.stop - i.last_stop
               else coalesce(i.next_start, i.stop) - i.start
           end
      from item as i
     where i.is_removed
     order by i.n;
end;

comment on function docket_private.cut_places(integer[], integer[], boolean[]) is
    'The places to empty so that elements or members that are removed are gone, with their commas.';

create function docket_private.json_string(
    value    text,
    is_ascii boolean
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := to_json(value)::text;
begin
    if not is_ascii or octet_length(v_text) = length(v_text) then
        return v_text;
    end if;

    return (
        select string_agg(
                   case
                       when c.code < 128 then c.letter
                       when c.code < 65536 then '\u' || lpad(to_hex(c.code), 4, '0')
                       else '\u' || to_hex(55296 + ((c.code - 65536) >> 10))
                            || '\u' || to_hex(56320 + ((c.code - 65536) & 1023))
                   end,
                   '' order by c.n)
          from (
              select s.letter, ascii(s.letter) as code, s.n
                from regexp_split_to_table(v_text, '') with ordinality as s (letter, n)
          ) as c);
end;
$$;

comment on function docket_private.json_string(text, boolean) is
    'A text as a JSON string, in ASCII alone where that is asked for.';

-- `gap` is what stands before the value's own closing bracket: the end of a line and its indent.
create function docket_private.json_list(
    items text[],
    marks text,
    style docket_private.json_style,
    gap   text,
    is_flat boolean default false
) returns text
language sql
immutable
begin atomic
    select case
               when coalesce(cardinality(json_list.items), 0) = 0 then json_list.marks
               when (json_list.style).unit is null or json_list.is_flat
               then left(json_list.marks, 1)
                    || array_to_string(json_list.items, (json_list.style).comma)
                    || right(json_list.marks, 1)
               else left(json_list.marks, 1)
                    || json_list.gap || (json_list.style).unit
                    || array_to_string(
                           json_list.items, ',' || json_list.gap || (json_list.style).unit)
                    || json_list.gap
                    || right(json_list.marks, 1)
           end;
end;

comment on function docket_private.json_list(text[], text, docket_private.json_style, text, boolean) is
    'Elements or members between brackets ("[]" or "{}"), laid out in a style; on one line where is_flat.';

create function docket_private.styled_json(
    value json,
    style docket_private.json_style,
    gap   text
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case json_typeof(value)
        when 'string' then docket_private.json_string(value #>> '{}', style.is_ascii)
        when 'object' then (
            select docket_private.json_list(
                       array_agg(
                           docket_private.json_string(m.key, style.is_ascii) || style.colon
                           || docket_private.styled_json(m.value, style, gap || style.unit)
                           order by m.n),
                       '{}', style, gap)
              from json_each(value) with ordinality as m (key, value, n))
        when 'array' then (
            select docket_private.json_list(
                       array_agg(
                           docket_private.styled_json(e.value, style, gap || style.unit)
                           order by e.n),
                       '[]', style, gap,
                       style.is_flat and bool_and(json_typeof(e.value) not in ('object', 'array')))
              from json_array_elements(value) with ordinality as e (value, n))
        else value::text
    end;
end;
$$;

comment on function docket_private.styled_json(json, docket_private.json_style, text) is
    'A JSON value laid out in a style; `gap` is the end of a line and the indent of the line that it begins on.';

-- The white space before a place, back to whatever is no white space.
create function docket_private.space_before(
    content bytea,
    place   integer
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_size integer := least(64, place - 1);
    v_part bytea   := substring(content from place - v_size for v_size);
    v_rest integer := octet_length(rtrim(v_part, '\x20090a0d'));
begin
    while v_rest = 0 and v_size < place - 1 loop
        v_size := least(v_size * 2, place - 1);
        v_part := substring(content from place - v_size for v_size);
        v_rest := octet_length(rtrim(v_part, '\x20090a0d'));
    end loop;

    return convert_from(substring(v_part from v_rest + 1), 'UTF8');
end;
$$;

comment on function docket_private.space_before(bytea, integer) is
    'The white space that stands before a byte.';

revoke all on function docket_private.next_token(bytea, integer) from public;
revoke all on function docket_private.string_end(bytea, integer) from public;
revoke all on function docket_private.json_members(bytea, integer, json) from public;
revoke all on function docket_private.json_elements(bytea, integer, integer[]) from public;
revoke all on function docket_private.cut_places(integer[], integer[], boolean[]) from public;
revoke all on function docket_private.json_string(text, boolean) from public;
revoke all on function docket_private.json_list(text[], text, docket_private.json_style, text, boolean)
    from public;
revoke all on function docket_private.styled_json(json, docket_private.json_style, text)
    from public;
revoke all on function docket_private.space_before(bytea, integer) from public;

commit;
