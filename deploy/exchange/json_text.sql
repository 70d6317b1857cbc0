-- Deploy pgdocket:exchange/json_text to pg
-- requires: platform/error_codes
-- requires: platform/schemas

begin;
set local role docket_owner;

-- Reading JSON from a file: bytes to text, text to JSON, and where it goes wrong, the line and
-- the column. What PostgreSQL can't store (the character U+0000, half a surrogate pair) is set
-- aside before it can do harm.

create function docket_private.refuse_file(
    source_name text,
    content     text,
    place       integer,
    problem     text,
    remedy      text
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_before text    := left(refuse_file.content, refuse_file.place - 1);
    v_line   integer := 1 + length(v_before) - length(replace(v_before, e'\n', ''));
    v_column integer := 1 + length(v_before) - case
                            when v_line = 1 then 0
                            else length(v_before) + 1 - strpos(reverse(v_before), e'\n')
                        end;
begin
    raise exception '%, line %, column %: %',
                    refuse_file.source_name, v_line, v_column, refuse_file.problem
        using errcode = 'PD422',
              detail  = jsonb_build_object(
                            'source_name', refuse_file.source_name,
                            'line', v_line,
                            'column', v_column,
                            'problem', refuse_file.problem)::text,
              hint    = refuse_file.remedy;
end;
$$;

comment on function docket_private.refuse_file(text, text, integer, text, text) is
    'Raises PD422 for a file, with the line and column of the character number `place` of its text.';

create function docket_private.decoded(content bytea) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return convert_from(decoded.content, 'UTF8');
exception
    when character_not_in_repertoire or untranslatable_character then
        return null;
end;
$$;

comment on function docket_private.decoded(bytea) is
    'Bytes read as UTF-8; null where they are not.';

-- A prefix that ends within a character is at most three bytes too long: the longest prefix
-- that reads well is found by halving.
create function docket_private.readable_prefix(content bytea) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_low  integer := 0;
    v_high integer := octet_length(readable_prefix.content);
    v_half integer;
begin
    while v_low < v_high loop
        v_half := (v_low + v_high + 1) / 2;
        if exists (
            select
              from generate_series(0, 3) as cut (bytes)
             where docket_private.decoded(substring(
                       readable_prefix.content from 1 for greatest(v_half - cut.bytes, 0)))
                   is not null
        ) then
            v_low := v_half;
        else
            v_high := v_half - 1;
        end if;
    end loop;

    return (
        select read.prefix
          from generate_series(0, 3) as cut (bytes)
         cross join lateral docket_private.decoded(substring(
                        readable_prefix.content from 1 for greatest(v_low - cut.bytes, 0)))
               as read (prefix)
         where read.prefix is not null
         order by cut.bytes
         limit 1);
end;
$$;

comment on function docket_private.readable_prefix(bytea) is
    'The text before the first byte that is no UTF-8.';

create function docket_private.read_text(
    source_name text,
    content     bytea
) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text   text := docket_private.decoded(read_text.content);
    v_before text;
    v_byte   text;
begin
    if v_text is not null then
        return v_text;
    end if;

    v_before := docket_private.readable_prefix(read_text.content);
    v_byte   := encode(substring(read_text.content from octet_length(v_before) + 1 for 1), 'hex');

    perform docket_private.refuse_file(
        read_text.source_name, v_before, length(v_before) + 1,
        format('the byte 0x%s is not valid UTF-8 here', upper(v_byte)),
        case
            when substring(read_text.content from 1 for 2) in ('\xfffe', '\xfeff')
            then 'This looks like UTF-16: save it as UTF-8.'
            else 'Save the file as UTF-8.'
        end);
    return null;
end;
$$;

comment on function docket_private.read_text(text, bytea) is
    'The text of a file in UTF-8. Raises PD422 with line and column.';

-- PostgreSQL names the line of an error, not the column, and a file may be one long line. So the
-- text is cut into tokens and parsed again with each on a line of its own: the line is then the
-- token, and a token has a place. A last token that can't be right tells a document that ends
-- too early from one whose last token is wrong.
create function docket_private.json_error_place(content text) returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tokens text[];
    v_places integer[];
    v_where  text;
    v_token  integer;
begin
    select array_agg(t.token order by t.place), array_agg(t.place order by t.place)
      into v_tokens, v_places
      from (
          select m.match[1] as token,
                 (sum(length(m.match[1])) over (order by m.n) - length(m.match[1]) + 1)::integer
                     as place
            from regexp_matches(
                     json_error_place.content,
                     '"(?:[^"\\\n]|\\[^\n])*"?|[][{},:]|[^][{},:" \t\n\r]+|[ \t\n\r]+',
                     'g')
                 with ordinality as m (match, n)
      ) as t
     where t.token !~ '^[ \t\n\r]';

    begin
        perform (array_to_string(v_tokens, e'\n') || e'\n!')::json;
    exception
        when invalid_text_representation then
            get stacked diagnostics v_where = pg_exception_context;
            v_token := substring(v_where from '\d+')::integer;
    end;

    return coalesce(v_places[v_token], length(json_error_place.content) + 1);
end;
$$;

comment on function docket_private.json_error_place(text) is
    'The number of the character at which a text stops being JSON; one past the end where it only stops too early.';

create function docket_private.is_json(content text) returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    perform is_json.content::json;
    return true;
exception
    when invalid_text_representation then
        return false;
end;
$$;

comment on function docket_private.is_json(text) is
    'Whether a text is one JSON document.';

create function docket_private.refuse_json(
    source_name text,
    content     text,
    problem     text
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_marker integer := (
        select min(strpos(e'\n' || refuse_json.content, e'\n' || m.mark))
          from unnest(array['<<<<<<< ', e'=======\n', '>>>>>>> ']) as m (mark)
         where strpos(e'\n' || refuse_json.content, e'\n' || m.mark) > 0);
    v_place  integer;
begin
    if btrim(refuse_json.content, e' \t\n\r') = '' then
        perform docket_private.refuse_file(
            refuse_json.source_name, '', 1, 'the file is empty',
            'A task file without tasks is {"tasks": []}.');
    end if;

    if v_marker is not null then
        perform docket_private.refuse_file(
            refuse_json.source_name, refuse_json.content, v_marker,
            'a conflict of a merge is not resolved',
            'Resolve the conflict, then import the file.');
    end if;

    v_place := docket_private.json_error_place(refuse_json.content);

    if v_place > length(refuse_json.content) then
        perform docket_private.refuse_file(
            refuse_json.source_name, refuse_json.content, v_place,
            'the document ends too early', 'Is the file complete?');
    end if;

    if docket_private.is_json(left(refuse_json.content, v_place - 1)) then
        perform docket_private.refuse_file(
            refuse_json.source_name, refuse_json.content, v_place,
            'there is text after the end of the document', 'A task file is one JSON document.');
    end if;

    perform docket_private.refuse_file(
        refuse_json.source_name, refuse_json.content, v_place,
        left(rtrim(refuse_json.problem, '.'), 200), 'Correct the file there; nothing was imported.');
end;
$$;

comment on function docket_private.refuse_json(text, text, text) is
    'Raises PD422 for a text that is no JSON, with line and column; `problem` is what the parser said.';

create function docket_private.read_json(
    source_name text,
    content     text
) returns json
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem text;
begin
    return read_json.content::json;
exception
    when invalid_text_representation then
        get stacked diagnostics v_problem = pg_exception_detail;
        perform docket_private.refuse_json(read_json.source_name, read_json.content, v_problem);
        return null;
    when statement_too_complex then
        raise exception '% is nested too deeply to be read', read_json.source_name
            using errcode = 'PD413',
                  hint    = 'How deep a document may be nested is set by max_stack_depth.';
end;
$$;

comment on function docket_private.read_json(text, text) is
    'A text as JSON, order and spelling kept. Raises PD422 with line and column, PD413 when it is nested too deeply.';

-- The type json takes the escapes \u0000 and half surrogate pairs, but whoever reads a value
-- from such a document fails. They are replaced by one character that the text has nowhere,
-- the stand-in, in place of the "\u": so "\u0000" becomes "<stand-in>0000", and can be turned back.
create function docket_private.unused_characters(
    content  text,
    how_many integer
) returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lower text   := lower(unused_characters.content);
    v_found text[] := '{}';
    v_code  integer;
begin
    -- First the codes that Unicode promises never to assign, then those for private use.
    for v_code in
        select c.code
          from (
              select generate_series(64976, 65007) as code
               union all
              select generate_series(57344, 63743)
          ) as c
    loop
        exit when cardinality(v_found) = unused_characters.how_many;
        if strpos(unused_characters.content, chr(v_code)) = 0
           and strpos(v_lower, '\u' || to_hex(v_code)) = 0 then
            v_found := v_found || chr(v_code);
        end if;
    end loop;

    return v_found;
end;
$$;

comment on function docket_private.unused_characters(text, integer) is
    'Characters that do not occur in a JSON text, escaped or not.';

create function docket_private.mask_json(
    inout content  text,
    out   stand_in text
) returns record
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unused text[];
begin
    if strpos(content, '\u0000') = 0
       and strpos(content, '\ud') = 0
       and strpos(content, '\uD') = 0 then
        return;
    end if;

    -- The second stands for an escaped backslash, the third for the backslash of a whole pair.
    v_unused := docket_private.unused_characters(content, 3);
    stand_in := v_unused[1];
    content  := replace(content, '\\', v_unused[2]);
    content  := regexp_replace(
        content, '\\(u[dD][89abAB][0-9a-fA-F]{2})\\(u[dD][c-fC-F][0-9a-fA-F]{2})',
        v_unused[3] || '\1' || v_unused[3] || '\2', 'g');
    content  := regexp_replace(
        content, '\\u(?=0000|[dD][89a-fA-F][0-9a-fA-F]{2})', stand_in, 'g');
    content  := replace(replace(content, v_unused[3], '\'), v_unused[2], '\\');

    if strpos(content, stand_in) = 0 then
        stand_in := null;
    end if;
end;
$$;

comment on function docket_private.mask_json(text) is
    'A JSON text with a stand-in for the "\u" of every escape that can not be stored; the stand-in is null where there is none.';

create function docket_private.unmasked_json(
    content  text,
    stand_in text
) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when unmasked_json.stand_in is null then unmasked_json.content
               else replace(unmasked_json.content, unmasked_json.stand_in, '\u')
           end;
end;

comment on function docket_private.unmasked_json(text, text) is
    'A masked JSON text as it was written.';

create function docket_private.plain_text(
    value    json,
    stand_in text
) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when plain_text.stand_in is null then plain_text.value #>> '{}'
               else regexp_replace(
                        replace(plain_text.value #>> '{}', plain_text.stand_in || '0000', ''),
                        plain_text.stand_in || '.{4}', chr(65533), 'g')
           end;
end;

comment on function docket_private.plain_text(json, text) is
    'The text of a masked JSON value, without U+0000 and with U+FFFD for half a surrogate pair.';

-- What jsonb refuses (a number beyond the range of numeric) is kept as a string.
create function docket_private.kept_jsonb(
    value    json,
    stand_in text
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := case
                       when kept_jsonb.stand_in is null then kept_jsonb.value::text
                       else replace(kept_jsonb.value::text, kept_jsonb.stand_in, '\\u')
                   end;
begin
    return v_text::jsonb;
exception
    when others then
        if json_typeof(v_text::json) = 'object' then
            return (
                select jsonb_object_agg(e.key, docket_private.kept_jsonb(e.value, null))
                  from json_each(v_text::json) as e);
        end if;
        return to_jsonb(v_text);
end;
$$;

comment on function docket_private.kept_jsonb(json, text) is
    'A masked JSON value as jsonb; escapes that can not be stored stay as they were written, and a value that jsonb refuses becomes a string.';

revoke all on function docket_private.refuse_file(text, text, integer, text, text) from public;
revoke all on function docket_private.refuse_json(text, text, text) from public;
revoke all on function docket_private.decoded(bytea) from public;
revoke all on function docket_private.readable_prefix(bytea) from public;
revoke all on function docket_private.read_text(text, bytea) from public;
revoke all on function docket_private.json_error_place(text) from public;
revoke all on function docket_private.is_json(text) from public;
revoke all on function docket_private.read_json(text, text) from public;
revoke all on function docket_private.unused_characters(text, integer) from public;
revoke all on function docket_private.mask_json(text) from public;
revoke all on function docket_private.unmasked_json(text, text) from public;
revoke all on function docket_private.plain_text(json, text) from public;
revoke all on function docket_private.kept_jsonb(json, text) from public;

commit;
