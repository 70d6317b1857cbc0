-- Deploy pgdocket:context/escaped_json to pg
-- requires: platform/error_codes
-- requires: platform/schemas

begin;
set local role docket_owner;

-- JSON may have the character U+0000 and halves of surrogate pairs in its texts, jsonb may not. A
-- document with any of them is kept in an escaped form: U+2400 (the symbol for null) with four hex
-- digits stands for the character that they name, and itself is written U+2400 2400. Whether a
-- document is escaped is said beside it, so that in all others U+2400 is just that.
create function docket_private.unescaped(
    data       jsonb,
    is_escaped boolean
) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when unescaped.is_escaped
               then regexp_replace(
                        unescaped.data::text, chr(9216) || '([0-9a-fA-F]{4})', '\\u\1', 'g')
               else unescaped.data::text
           end;
end;

comment on function docket_private.unescaped(jsonb, boolean) is
    'A document as JSON text, with what jsonb can not hold.';

create function docket_private.read_document(
    content text,
    out data       jsonb,
    out is_escaped boolean
) returns record
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text    text;
    v_problem text;
begin
    is_escaped := read_document.content
                  ~ '\\u(0000|[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[dD][c-fC-F])';

    if not is_escaped then
        data := read_document.content::jsonb;
        return;
    end if;

    perform read_document.content::json;

    -- A backslash that stands for itself is out of the way in U+0001, which no JSON text has. Half
    -- a pair: a first half that no second follows, then a second that follows no first.
    v_text := replace(read_document.content, '\\', e'\x01');
    v_text := regexp_replace(
        replace(v_text, chr(9216), chr(9216) || '2400'), '\\u2400', chr(9216) || '2400', 'g');
    v_text := replace(v_text, '\u0000', chr(9216) || '0000');
    v_text := regexp_replace(
        v_text, '\\u[dD]([89abAB][0-9a-fA-F]{2})(?!\\u[dD][c-fC-F])', chr(9216) || 'd\1', 'g');
    v_text := regexp_replace(
        v_text, '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD]([c-fC-F][0-9a-fA-F]{2})',
        chr(9216) || 'd\1', 'g');

    is_escaped := v_text ~ (chr(9216) || '(0000|d[89a-fA-F])');
    data       := case
                      when is_escaped then replace(v_text, e'\x01', '\\')
                      else read_document.content
                  end::jsonb;
exception
    when invalid_text_representation or untranslatable_character then
        get stacked diagnostics v_problem = pg_exception_detail;
        raise exception 'the content is no JSON: %', left(v_problem, 200)
            using errcode = 'PD422';
    when numeric_value_out_of_range then
        raise exception 'the content has a number that no numeric can hold'
            using errcode = 'PD422';
    when statement_too_complex or program_limit_exceeded then
        raise exception 'the content is nested too deeply, or has a text that is too long'
            using errcode = 'PD413';
end;
$$;

comment on function docket_private.read_document(text) is
    'A JSON text as jsonb, in the escaped form where it has what jsonb can not hold. Raises PD422, PD413.';

create function docket_private.is_json_type(content_type text) returns boolean
language sql
immutable
parallel safe
begin atomic
    select is_json_type.content_type ~* '^application/([a-z0-9.+_-]+\+)?json\s*(;|$)';
end;

comment on function docket_private.is_json_type(text) is
    'Whether a media type is one of JSON.';

revoke all on function docket_private.unescaped(jsonb, boolean) from public;
revoke all on function docket_private.read_document(text) from public;
revoke all on function docket_private.is_json_type(text) from public;
grant execute on function
    docket_private.unescaped(jsonb, boolean),
    docket_private.is_json_type(text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
