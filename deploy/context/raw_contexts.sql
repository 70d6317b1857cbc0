-- Deploy pgdocket:context/raw_contexts to pg
-- requires: context/put_context
-- requires: context/read_contexts

begin;
set local role docket_owner;

create function docket.put_context_raw(
    task_id          uuid,
    context_type     text,
    content          bytea,
    content_type     text   default 'application/json',
    expected_version bigint default null,
    attempt_id       uuid   default null,
    request_id       uuid   default null
) returns docket.task_contexts
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb   := docket_private.replay(request_id, 'put_context_raw');
    v_is_json boolean := docket_private.is_json_type(put_context_raw.content_type);
    v_project uuid;
    v_text    text;
    v_new     docket.task_contexts;
    v_context docket.task_contexts;
begin
    if v_answer is not null then
        return docket_private.first_answer(v_answer);
    end if;

    v_project := docket_private.project_of_task(put_context_raw.task_id);
    perform docket_private.require_project(v_project);

    if put_context_raw.content is null
       or coalesce(length(put_context_raw.content_type), 0) not between 1 and 255 then
        raise exception 'a context needs content, and a media type of 1 to 255 characters'
            using errcode = 'PD422';
    end if;

    -- Too large is too large, whatever it would be.
    perform docket_private.require_size(
        v_project, put_context_raw.context_type, octet_length(put_context_raw.content));

    begin
        v_text := convert_from(put_context_raw.content, 'UTF8');
    exception
        when character_not_in_repertoire or untranslatable_character then
            if v_is_json then
                raise exception 'the content is no JSON: it is not UTF-8'
                    using errcode = 'PD422',
                          hint    = 'Give another content_type to keep it as it is.';
            end if;
    end;

    v_new.is_escaped := false;
    if v_is_json then
        select d.data, d.is_escaped into v_new.data, v_new.is_escaped
          from docket_private.read_document(v_text) as d;
        v_text := docket_private.unescaped(v_new.data, v_new.is_escaped);
    else
        v_new.data := coalesce(to_jsonb(v_text), 'null');
    end if;

    v_new.context_type := put_context_raw.context_type;
    v_new.content_type := put_context_raw.content_type;
    v_new.content_hash := sha256(put_context_raw.content);
    v_new.byte_size    := octet_length(put_context_raw.content);
    v_new.is_tombstone := false;
    v_new.attempt_id   := put_context_raw.attempt_id;

    perform docket_private.require_context(
        v_project, put_context_raw.context_type, v_new.data, v_new.byte_size);

    v_context := docket_private.lock_context(
        v_project, put_context_raw.task_id, put_context_raw.context_type,
        put_context_raw.expected_version, put_context_raw.attempt_id);
    v_context := docket_private.add_context(
        v_project, put_context_raw.task_id, v_context, v_new,
        case
            when convert_to(v_text, 'UTF8') is distinct from put_context_raw.content
            then put_context_raw.content
        end);

    perform docket_private.remember_context(request_id, v_context);
    return v_context;
end;
$$;

comment on function docket.put_context_raw(uuid, text, bytea, text, bigint, uuid, uuid) is
'Stores any content as the next version of a context; get_context_raw() gives it back byte for byte.

`content` are the bytes, `content_type` says what they are. JSON (application/json, or anything
with +json) can be read, patched and searched like any other; what jsonb can not hold (U+0000,
halves of surrogate pairs) stands in data as U+2400 with four hex digits, and is_escaped says so.
Other content in UTF-8 is a JSON string in data, and what is no text is null there.
`context_type`, `expected_version`, `attempt_id` and `request_id` as for put_context().
Returns the version. Raises PD404, PD403, PD413 (too large), PD422 (no type, no content, no JSON,
or not what the type''s schema asks for), PDVER, PDLSE.';

create function docket.get_context_raw(
    task_id      uuid,
    context_type text,
    version      integer default null
) returns table (
    content       bytea,
    content_type  text,
    content_hash  bytea,
    found_version integer
)
language sql
stable
rows 1
begin atomic
    select case
               when k.content is not null then k.content
               when docket_private.is_json_type(c.content_type)
               then convert_to(docket_private.unescaped(c.data, c.is_escaped), 'UTF8')
               else convert_to(c.data #>> '{}', 'UTF8')
           end,
           c.content_type, c.content_hash, c.version
      from docket.get_context(
               get_context_raw.task_id, get_context_raw.context_type, get_context_raw.version) as c
      left join docket.context_contents as k
        on k.task_id      = c.task_id
       and k.context_type = c.context_type
       and k.version      = c.version
       and k.project_id   = c.project_id
     where not c.is_tombstone;
end;

comment on function docket.get_context_raw(uuid, text, integer) is
'A context as it was given, byte for byte: the latest version of a type, or the one named.

`context_type` is the type, `version` the version (null: the latest). What put_context() has
stored is its JSON text.
Returns the content with its media type, its SHA-256 and its version; no row where there is none.
Raises nothing.';

revoke all on function docket.put_context_raw(uuid, text, bytea, text, bigint, uuid, uuid)
  from public;
revoke all on function docket.get_context_raw(uuid, text, integer) from public;
grant execute on function docket.put_context_raw(uuid, text, bytea, text, bigint, uuid, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.get_context_raw(uuid, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
