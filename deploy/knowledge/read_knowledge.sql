-- Deploy pgdocket:knowledge/read_knowledge to pg
-- requires: knowledge/knowledge_base

begin;
set local role docket_owner;

create function docket.get_knowledge(
    project_id   uuid,
    document_key text,
    version      bigint default null
) returns docket.knowledge_base
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_document docket.knowledge_base;
begin
    select k.knowledge_id, k.project_id, k.document_key, v.kind, v.title, v.content, v.language,
           v.tags, v.sources, v.review_at, v.archived_at, v.metadata, v.version, k.created_at,
           v.created_at, k.created_by, v.created_by
      into v_document
      from docket.knowledge_base as k
      join docket.knowledge_versions as v
        on v.knowledge_id = k.knowledge_id
       and v.project_id = k.project_id
       and v.version = coalesce(get_knowledge.version, k.version)
     where k.project_id = get_knowledge.project_id
       and k.document_key = get_knowledge.document_key;

    if not found then
        raise exception 'document % does not exist',
                        coalesce(quote_literal(left(get_knowledge.document_key, 100)), 'null')
                        || coalesce(' of version ' || get_knowledge.version, '')
            using errcode = 'PD404',
                  hint    = 'docket.list_knowledge() lists the documents of a project.';
    end if;

    return v_document;
end;
$$;

comment on function docket.get_knowledge(uuid, text, bigint) is
'A document of a project, by its `document_key`: as it is now, or as `version` was. Returns the
document. Raises PD404.';

create function docket.list_knowledge(
    project_id       uuid,
    kind             text        default null,
    tags_all         text[]      default null,
    review_before    timestamptz default null,
    include_archived boolean     default false,
    after            text        default null,
    page_size        integer     default 100
) returns setof docket.knowledge_base
language sql
stable
begin atomic
    select k.*
      from docket.knowledge_base as k
     where k.project_id = list_knowledge.project_id
       and (list_knowledge.kind is null or k.kind = list_knowledge.kind)
       and (list_knowledge.tags_all is null or k.tags @> list_knowledge.tags_all)
       and (list_knowledge.review_before is null or k.review_at < list_knowledge.review_before)
       and (list_knowledge.include_archived or k.archived_at is null)
       and (list_knowledge.after is null or k.document_key > list_knowledge.after)
     order by k.document_key
     limit least(greatest(list_knowledge.page_size, 1), 1000);
end;

comment on function docket.list_knowledge(
    uuid, text, text[], timestamptz, boolean, text, integer) is
'The documents of a project that meet every condition given, by key.

`kind` is their kind, `tags_all` tags that they have all of, `review_before` finds those that should
be looked at again before that time, `include_archived` adds those that were put away. `after` is
the document_key of the last document of the previous page, `page_size` is in rows (1 to 1000).
Returns documents; raises nothing.';

-- They are found by going from one to the next in the index, because there are few of them and
-- many documents.
create function docket_private.knowledge_languages(project_id uuid) returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
          with recursive languages (language) as (
              (select s.language
                 from docket_private.knowledge_sections as s
                where s.project_id = knowledge_languages.project_id
                order by s.language
                limit 1)
               union all
              select (select s.language
                        from docket_private.knowledge_sections as s
                       where s.project_id = knowledge_languages.project_id
                         and s.language > l.language
                       order by s.language
                       limit 1)
                from languages as l
               where l.language is not null
          )
        select l.language
          from languages as l
         where l.language is not null);
end;
$$;

comment on function docket_private.knowledge_languages(uuid) is
    'The languages of a project''s documents.';

-- Each language of the project's documents reads the query its own way. Planned anew for each call,
-- so that each can use its index, which has no policy that asks for the project: this does.
create function docket_private.find_knowledge(
    project_id uuid,
    query      text
) returns table (
    knowledge_id uuid,
    section      integer,
    rank         real
)
language plpgsql
stable
rows 100
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    -- Beyond this the words of a query cost, and say, nothing that matters.
    v_query    text    := left(find_knowledge.query, 1000);
    -- Who quotes, leaves out or offers words means them exactly, and no title that is like them.
    v_is_exact boolean := v_query ~* '"|(^|\s)-|\sor\s';
    v_language text;
    v_words    tsquery;
begin
    if v_query is null
       or not find_knowledge.project_id = any (docket_private.visible_projects()) then
        return;
    end if;

    foreach v_language in array docket_private.knowledge_languages(find_knowledge.project_id) loop
        v_words := websearch_to_tsquery(v_language::regconfig, v_query);
        return query
        select f.knowledge_id, f.section,
               ts_rank(f.search_vector, v_words)
               + case
                     when v_is_exact then 0
                     else docket_ext.word_similarity(v_query, f.title)
                 end
          from (
              select s.knowledge_id, s.section, s.title, s.search_vector
                from docket_private.knowledge_sections as s
               where s.project_id = find_knowledge.project_id
                 and s.search_vector @@ v_words
                 and s.language = v_language
               limit 5000
          ) as f;
    end loop;

    if not v_is_exact then
        return query
        select s.knowledge_id, s.section, docket_ext.word_similarity(v_query, s.title)
          from docket_private.knowledge_sections as s
         where s.project_id = find_knowledge.project_id
           and s.section = 1
           and s.title operator(docket_ext.%>) v_query
         limit 1000;
    end if;
end;
$$;

comment on function docket_private.find_knowledge(uuid, text) is
    'The sections of a project''s documents that say what `query` asks for, and the first of those whose title is nearly that, of each language 5,000 at most; none where the caller may not see the project.';

create function docket.search_knowledge(
    project_id uuid,
    query      text,
    kinds      text[]  default null,
    tags_any   text[]  default null,
    page_size  integer default 20
) returns table (
    knowledge_id uuid,
    document_key text,
    version      bigint,
    kind         text,
    title        text,
    section      integer,
    heading      text,
    rank         real,
    headline     text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    v_query text := left(search_knowledge.query, 1000);
begin
    return query
      with best as (
          select b.knowledge_id, b.section, b.rank
            from (
                select distinct on (f.knowledge_id) f.knowledge_id, f.section, f.rank
                  from docket_private.find_knowledge(search_knowledge.project_id, v_query) as f
                 order by f.knowledge_id, f.rank desc, f.section
            ) as b
           order by b.rank desc, b.knowledge_id
      ), page as (
          -- One after the other, until the page is full.
          select b.section, b.rank, k.knowledge_id, k.document_key, k.version, k.kind, k.title
            from best as b
           cross join lateral (
                     select d.*
                       from docket.knowledge_base as d
                      where d.knowledge_id = b.knowledge_id
                        and d.project_id   = search_knowledge.project_id
                        and d.archived_at is null
                        and (search_knowledge.kinds is null
                             or d.kind = any (search_knowledge.kinds))
                        and (search_knowledge.tags_any is null
                             or d.tags && search_knowledge.tags_any)
                      order by d.knowledge_id
                      limit 1
                 ) as k
           order by b.rank desc, b.knowledge_id
           limit least(greatest(search_knowledge.page_size, 1), 1000)
      )
    select p.knowledge_id, p.document_key, p.version, p.kind, p.title, p.section, s.heading,
           p.rank,
           ts_headline(s.language::regconfig, s.body,
                       websearch_to_tsquery(s.language::regconfig, v_query),
                       'StartSel=**, StopSel=**')
      from page as p
      join docket_private.knowledge_sections as s
        on s.knowledge_id = p.knowledge_id
       and s.project_id = search_knowledge.project_id
       and s.section = p.section
     order by p.rank desc, p.knowledge_id;
end;
$$;

comment on function docket.search_knowledge(uuid, text, text[], text[], integer) is
'The documents of a project that say what `query` asks for, the best first, each with the section
that says it best: words of headings, titles, tags and texts (websearch syntax: "exact phrase", or,
-without), or, where the query does none of these, a title that is nearly the same. Words
are read in the language of each document. The first 1,000 characters of a query and the first
200,000 of a document count.

`kinds` are the kinds of documents that count, `tags_any` tags that they have any of, `page_size` in
rows (1 to 1000). Returns rows; heading may be null: before the first heading. headline is the text
around what was found (**between asterisks**). Raises nothing.';

revoke all on function docket.get_knowledge(uuid, text, bigint) from public;
revoke all on function docket.list_knowledge(
    uuid, text, text[], timestamptz, boolean, text, integer) from public;
revoke all on function docket_private.knowledge_languages(uuid) from public;
revoke all on function docket_private.find_knowledge(uuid, text) from public;
revoke all on function docket.search_knowledge(uuid, text, text[], text[], integer) from public;
grant execute on function
    docket.get_knowledge(uuid, text, bigint),
    docket.list_knowledge(uuid, text, text[], timestamptz, boolean, text, integer),
    docket.search_knowledge(uuid, text, text[], text[], integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
