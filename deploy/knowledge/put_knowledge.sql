-- Deploy pgdocket:knowledge/put_knowledge to pg
-- requires: knowledge/knowledge_base
-- requires: platform/idempotency_keys
-- requires: projects/update_project

begin;
set local role docket_owner;

create function docket_private.check_document_size(content text) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most bigint := (docket_private.setting('max_document_bytes') #>> '{}')::bigint;
begin
    if octet_length(check_document_size.content) > v_most then
        raise exception 'a text of % bytes', octet_length(check_document_size.content)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_document_bytes).', v_most);
    end if;
end;
$$;

comment on function docket_private.check_document_size(text) is
    'Raises PD413 for a text that is larger than the setting max_document_bytes.';

create function docket.put_knowledge(
    project_id       uuid,
    document_key     text,
    title            text,
    content          text,
    kind             text        default 'document',
    tags             text[]      default null,
    sources          jsonb       default null,
    review_at        timestamptz default null,
    language         text        default null,
    metadata         jsonb       default null,
    expected_version bigint      default null,
    request_id       uuid        default null
) returns docket.knowledge_base
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'put_knowledge');
    v_document   docket.knowledge_base;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.knowledge_base, v_answer);
    end if;

    perform docket_private.require_project(put_knowledge.project_id);
    perform docket_private.check_document_size(put_knowledge.content);
    if put_knowledge.language is not null then
        perform docket_private.require_language(put_knowledge.language);
    end if;

    begin
        v_document := row(
            docket_private.new_id(put_knowledge.project_id), put_knowledge.project_id,
            put_knowledge.document_key, coalesce(put_knowledge.kind, 'document'),
            put_knowledge.title, put_knowledge.content,
            put_knowledge.language,
            coalesce(put_knowledge.tags, '{}'),
            coalesce(put_knowledge.sources, '[]'),
            put_knowledge.review_at, null,
            coalesce(put_knowledge.metadata, '{}'), 1, docket.clock(), docket.clock(),
            docket.principal(), docket.principal());

        -- Two who put one document at once follow each other: the second finds the first's.
        insert into docket.knowledge_base as k
        select v_document.*
            on conflict on constraint knowledge_base_key_key do nothing;

        if found then
            perform docket_private.require_version(
                'document ' || left(put_knowledge.document_key, 100), 0,
                put_knowledge.expected_version);
        else
            perform docket_private.require_version(
                        'document ' || left(k.document_key, 100), k.version,
                        put_knowledge.expected_version)
               from docket.knowledge_base as k
              where k.project_id = put_knowledge.project_id
                and k.document_key = put_knowledge.document_key
                for no key update;

            update docket.knowledge_base as k
               set kind        = v_document.kind,
                   title       = v_document.title,
                   content     = v_document.content,
                   language    = v_document.language,
                   tags        = v_document.tags,
                   sources     = v_document.sources,
                   review_at   = v_document.review_at,
                   archived_at = null,
                   metadata    = v_document.metadata
             where k.project_id = put_knowledge.project_id
               and k.document_key = put_knowledge.document_key;
        end if;
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'document % is refused: %',
                            coalesce(quote_literal(left(put_knowledge.document_key, 100)),
                                     'without a key'),
                            coalesce(
                                docket_private.constraint_text('knowledge_base', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
        when program_limit_exceeded then
            raise exception 'document % has more words than can be found again',
                            quote_literal(left(put_knowledge.document_key, 100))
                using errcode = 'PD413',
                      hint    = 'Make several documents of it.';
    end;

    select k.* into v_document
      from docket.knowledge_base as k
     where k.project_id = put_knowledge.project_id
       and k.document_key = put_knowledge.document_key;

    perform docket_private.remember(request_id, to_jsonb(v_document));
    return v_document;
end;
$$;

comment on function docket.put_knowledge(
    uuid, text, text, text, text, text[], jsonb, timestamptz, text, jsonb, bigint, uuid) is
'Puts a document into a project''s knowledge base: a new one, or the next version of the one with
this key. The same again makes no version; one that was put away is in use again.

`document_key` names it, `title` has 1 to 255 characters, `content` is text or Markdown (up to the
setting max_document_bytes), `kind` any word, `tags` words to find it by, `sources` an array of what
it rests on, `review_at` when it should be looked at again, `language` the text search configuration
that its words are read by (null: the project''s, also once it changes), `metadata` an object. All
of it is replaced: what is left out is empty. `expected_version` is the version that the caller has
read, 0 for none. The same `request_id` again returns the first answer. Returns the document. Raises
PD404, PD403, PD413, PD422, PDVER.';

create function docket.archive_knowledge(
    knowledge_id uuid,
    request_id   uuid default null
) returns docket.knowledge_base
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'archive_knowledge');
    v_document docket.knowledge_base;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.knowledge_base, v_answer);
    end if;

    select k.* into v_document
      from docket.knowledge_base as k
     where k.knowledge_id = archive_knowledge.knowledge_id;

    if not found then
        raise exception 'document % does not exist',
                        coalesce(archive_knowledge.knowledge_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_knowledge() lists the documents of a project.';
    end if;

    perform docket_private.require_project(v_document.project_id);

    update docket.knowledge_base as k
       set archived_at = coalesce(k.archived_at, docket.clock())
     where k.knowledge_id = v_document.knowledge_id
       and k.project_id = v_document.project_id
    returning k.* into v_document;

    perform docket_private.remember(request_id, to_jsonb(v_document));
    return v_document;
end;
$$;

comment on function docket.archive_knowledge(uuid, uuid) is
'Puts document `knowledge_id` away: it is neither listed nor found any more, and its versions stay.
put_knowledge() brings it back. The same `request_id` again returns the first answer. Returns the
document. Raises PD404, PD403.';

revoke all on function docket_private.check_document_size(text) from public;
revoke all on function docket.put_knowledge(
    uuid, text, text, text, text, text[], jsonb, timestamptz, text, jsonb, bigint, uuid)
  from public;
revoke all on function docket.archive_knowledge(uuid, uuid) from public;
grant execute on function
    docket.put_knowledge(
        uuid, text, text, text, text, text[], jsonb, timestamptz, text, jsonb, bigint, uuid),
    docket.archive_knowledge(uuid, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
