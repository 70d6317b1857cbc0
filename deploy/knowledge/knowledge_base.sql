-- Deploy pgdocket:knowledge/knowledge_base to pg
-- requires: platform/extensions
-- requires: platform/settings
-- requires: projects/projects
-- requires: tasks/search_languages
-- requires: tasks/vocabulary

begin;
set local role docket_owner;

-- What a project knows beyond its tasks: guides, decisions, best practices. A document is found by
-- its sections, and each version of it can be read again.
create table docket.knowledge_base (
    knowledge_id uuid                not null,
    project_id   uuid                not null,
    document_key text                not null,
    kind         text                not null default 'document',
    title        text                not null,
    content      text                not null,
    language     text,
    tags         text[]              not null default '{}',
    sources      jsonb               not null default '[]',
    review_at    timestamptz,
    archived_at  timestamptz,
    metadata     docket.named_values not null default '{}',
    version      bigint              not null default 1,
    created_at   timestamptz         not null default docket.clock(),
    updated_at   timestamptz         not null default docket.clock(),
    created_by   text                not null default docket.principal(),
    updated_by   text                not null default docket.principal(),

    constraint knowledge_base_pkey primary key (knowledge_id, project_id),
    constraint knowledge_base_key_key unique (project_id, document_key),
    constraint knowledge_base_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint knowledge_base_key_bounded check (length(document_key) between 1 and 255),
    constraint knowledge_base_kind_bounded check (length(kind) between 1 and 63),
    constraint knowledge_base_title_bounded check (length(title) between 1 and 255),
    constraint knowledge_base_sources_are_array check (jsonb_typeof(sources) = 'array')
);

create index knowledge_base_review_idx
    on docket.knowledge_base (project_id, review_at) where review_at is not null;

comment on table docket.knowledge_base is
    'What a project knows beyond its tasks: one row for each document, as it now is.';
comment on column docket.knowledge_base.knowledge_id is
    'The document.';
comment on column docket.knowledge_base.document_key is
    'What people call it, unique in the project: docs/deploy.md, adr-12...';
comment on column docket.knowledge_base.kind is
    'What it is: document, best_practice, decision, pattern... any word.';
comment on column docket.knowledge_base.title is
    'Its title, in 1 to 255 characters.';
comment on column docket.knowledge_base.content is
    'Its text, plain or Markdown, whose headings make its sections.';
comment on column docket.knowledge_base.language is
    'The text search configuration that its words are read by: english, german, simple...; null: the project''s.';
comment on column docket.knowledge_base.tags is
    'Words to find it by.';
comment on column docket.knowledge_base.sources is
    'What it rests on: addresses, tasks, people, as an array.';
comment on column docket.knowledge_base.review_at is
    'When somebody should look whether it still holds.';
comment on column docket.knowledge_base.archived_at is
    'When it was put away; null: in use.';
comment on constraint knowledge_base_key_bounded on docket.knowledge_base is
    'a document_key has 1 to 255 characters';
comment on constraint knowledge_base_kind_bounded on docket.knowledge_base is
    'a kind has 1 to 63 characters';
comment on constraint knowledge_base_title_bounded on docket.knowledge_base is
    'a title has 1 to 255 characters';
comment on constraint knowledge_base_sources_are_array on docket.knowledge_base is
    'sources are a JSON array';

-- What was told to an agent has to be found again after it was changed, however long the journal
-- is kept.
create table docket.knowledge_versions (
    knowledge_id uuid                not null,
    project_id   uuid                not null,
    version      bigint              not null,
    kind         text                not null,
    title        text                not null,
    content      text                not null,
    language     text,
    tags         text[]              not null,
    sources      jsonb               not null,
    review_at    timestamptz,
    archived_at  timestamptz,
    metadata     docket.named_values not null,
    created_at   timestamptz         not null,
    created_by   text                not null,

    constraint knowledge_versions_pkey primary key (knowledge_id, project_id, version),
    constraint knowledge_versions_document_fkey
        foreign key (knowledge_id, project_id) references docket.knowledge_base on delete cascade
);

comment on table docket.knowledge_versions is
    'Every version of each document, written by a trigger on docket.knowledge_base.';
comment on column docket.knowledge_versions.knowledge_id is
    'The document.';
comment on column docket.knowledge_versions.version is
    'The version of docket.knowledge_base that had this.';
comment on column docket.knowledge_versions.kind is
    'As in docket.knowledge_base.';
comment on column docket.knowledge_versions.title is
    'As in docket.knowledge_base.';
comment on column docket.knowledge_versions.content is
    'As in docket.knowledge_base.';
comment on column docket.knowledge_versions.language is
    'As in docket.knowledge_base.';
comment on column docket.knowledge_versions.tags is
    'As in docket.knowledge_base.';
comment on column docket.knowledge_versions.sources is
    'As in docket.knowledge_base.';
comment on column docket.knowledge_versions.review_at is
    'As in docket.knowledge_base.';
comment on column docket.knowledge_versions.archived_at is
    'As in docket.knowledge_base.';

-- What documents are found by, beside them, as tasks are: one row for each section.
create table docket_private.knowledge_sections (
    knowledge_id  uuid     not null,
    project_id    uuid     not null,
    section       integer  not null,
    title         text     not null,
    heading       text,
    body          text     not null,
    language      text     not null,
    search_vector tsvector not null,

    constraint knowledge_sections_pkey primary key (knowledge_id, project_id, section),
    constraint knowledge_sections_document_fkey
        foreign key (knowledge_id, project_id) references docket.knowledge_base on delete cascade
);

create index knowledge_sections_vector_idx
    on docket_private.knowledge_sections using gin (project_id, search_vector);
create index knowledge_sections_title_idx
    on docket_private.knowledge_sections using gin (project_id, title docket_ext.gin_trgm_ops)
    where section = 1;
create index knowledge_sections_language_idx
    on docket_private.knowledge_sections (project_id, language);

comment on table docket_private.knowledge_sections is
    'The sections of the documents as they now are, kept by a trigger on docket.knowledge_base.';
comment on column docket_private.knowledge_sections.knowledge_id is
    'The document.';
comment on column docket_private.knowledge_sections.project_id is
    'Its project.';
comment on column docket_private.knowledge_sections.section is
    'Which of its sections, from 1.';
comment on column docket_private.knowledge_sections.title is
    'The title of the document, for searches that forgive a slip.';
comment on column docket_private.knowledge_sections.heading is
    'The heading of the section; null before the first heading.';
comment on column docket_private.knowledge_sections.body is
    'The text of the section, without its heading.';
comment on column docket_private.knowledge_sections.language is
    'The text search configuration that its words were read by.';
comment on column docket_private.knowledge_sections.search_vector is
    'Its words: heading (A), title and tags of the document (B), body (C).';

-- Where a block of HTML ends that this line begins: what is looked for in it, '' for an empty line;
-- null where none begins. The last kind is no block in the middle of a paragraph.
create function docket_private.html_block_end(
    line         text,
    in_paragraph boolean
) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when html_block_end.line ~* '^<(script|pre|style|textarea)([[:space:]>]|$)'
                   then '</(script|pre|style|textarea)>'
               when html_block_end.line ~ '^<!--' then '-->'
               when html_block_end.line ~ '^<[?]' then '[?]>'
               when html_block_end.line ~ '^<![A-Za-z]' then '>'
               when html_block_end.line ~ '^<!\[CDATA\[' then '\]\]>'
               when html_block_end.line ~* ('^</?(address|article|aside|base|basefont|blockquote|body|caption|center|col|'
                   || 'colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|'
                   || 'h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|'
                   || 'option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)'
                   || '([[:space:]]|/?>|$)')
                   then ''
               when not html_block_end.in_paragraph
                    and html_block_end.line ~ ('^(</[A-Za-z][A-Za-z0-9-]*[[:space:]]*>|<[A-Za-z][A-Za-z0-9-]*'
                        || '([[:space:]]+[A-Za-z_:][A-Za-z0-9:._-]*([[:space:]]*=[[:space:]]*'
                        || '([^"''=<>`[:space:]]+|''[^'']*''|"[^"]*"))?)*[[:space:]]*/?>)[[:space:]]*$')
                   then ''
           end;
end;

comment on function docket_private.html_block_end(text, boolean) is
    'What ends the block of HTML that a line of Markdown begins: a regular expression, or '''' for an empty line. Null where it begins none.';

-- As CommonMark reads blocks, line by line: first which quotes and list items a line goes on with,
-- then what it begins. Headings within these, and what only looks like one, are none.
create function docket_private.markdown_headings(lines text[]) returns table (
    first_line integer,
    last_line  integer,
    heading    text
)
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_deepest constant integer := 20;
    v_widths  integer[] := array[]::integer[];  -- of list items; null: a quote
    v_filled  boolean[] := array[]::boolean[];  -- whether there is anything in it yet
    v_leaf    text      := '';                  -- paragraph, code, fence or html
    v_end     text;                             -- what ends a fence or html
    v_from    integer;                          -- where the paragraph begins
    v_matched integer;
    v_is_lazy boolean;
    v_rest    text;
    v_indent  integer;
    v_mark    text;
    v_spaces  integer;
    v_line    text;
    v_tab     integer;
begin
    for v_no in 1 .. coalesce(cardinality(lines), 0) loop
        -- Tabs that could count are as wide as to the next column of four.
        v_rest := lines[v_no];
        if v_rest = '' and v_leaf in ('', 'paragraph') and v_widths = '{}' then
            v_leaf := '';
            continue;
        end if;

        v_tab := strpos(v_rest, e'\t');
        while v_tab > 0 loop
            exit when v_tab > 500 or left(v_rest, v_tab - 1) !~ '^[ >*+.)0-9-]*$';
            v_rest := overlay(v_rest placing repeat(' ', 4 - (v_tab - 1) % 4) from v_tab for 1);
            v_tab  := strpos(v_rest, e'\t');
        end loop;

        v_matched := 0;
        while v_matched < cardinality(v_widths) loop
            v_indent := length(v_rest) - length(ltrim(v_rest, ' '));
            if v_widths[v_matched + 1] is null then
                exit when v_indent > 3 or substr(v_rest, v_indent + 1, 1) <> '>';
                v_rest := regexp_replace(v_rest, '^ {0,3}> ?', '');
            elsif btrim(v_rest, e' \t') = '' then
                exit when not v_filled[v_matched + 1];
                v_rest := '';
            else
                exit when v_indent < v_widths[v_matched + 1];
                v_rest := substr(v_rest, v_widths[v_matched + 1] + 1);
            end if;
            v_matched := v_matched + 1;
        end loop;

        v_is_lazy := v_leaf = 'paragraph' and v_matched < cardinality(v_widths);
        if v_matched < cardinality(v_widths) and v_leaf <> 'paragraph' then
            v_leaf := '';
        end if;

        if v_leaf = 'fence' then
            if v_rest ~ v_end then
                v_leaf := '';
            end if;
            continue;
        elsif v_leaf = 'html' then
            if v_end = '' and btrim(v_rest, e' \t') = '' or v_end <> '' and v_rest ~* v_end then
                v_leaf := '';
            end if;
            continue;
        elsif v_leaf = 'code' then
            continue when v_rest ~ '^    ' or btrim(v_rest, e' \t') = '';
            v_leaf := '';
        end if;

        loop
            v_indent := length(v_rest) - length(ltrim(v_rest, ' '));
            v_line   := substr(v_rest, v_indent + 1);

            if v_indent > 3 then
                if v_leaf <> 'paragraph' and btrim(v_line, e' \t') <> '' then
                    v_leaf := 'code';
                end if;
                exit;
            end if;

            -- What begins here ends what the line does not go on with.
            exit when v_line !~ '^[#=`~<>_*+0-9-]';
            if v_line ~ '^>' and v_matched < v_deepest then
                v_mark := null;
            elsif v_line ~ '^#{1,6}([ \t]|$)' then
                v_widths := v_widths[:v_matched];
                v_leaf   := 'heading';
                if v_matched = 0 then
                    first_line := v_no;
                    last_line  := v_no;
                    heading    := btrim(
                        regexp_replace(regexp_replace(btrim(lines[v_no], e' \t'), '^#+', ''),
                                       '(^|[ \t]+)#+$', ''),
                        e' \t');
                    return next;
                end if;
                exit;
            elsif v_line ~ '^(`{3,}[^`]*|~{3,}.*)$' then
                v_leaf := 'fence';
                v_mark := (regexp_match(v_line, '^(`+|~+)'))[1];
                v_end  := format('^ {0,3}%s{%s,}[ \t]*$', left(v_mark, 1), length(v_mark));
                exit;
            elsif v_line ~ '^<'
                  and docket_private.html_block_end(v_line, v_leaf = 'paragraph') is not null
            then
                v_end  := docket_private.html_block_end(v_line, v_leaf = 'paragraph');
                v_leaf := case
                              when v_end <> '' and v_line ~* v_end then 'html over'
                              else 'html'
                          end;
                exit;
            elsif v_line ~ '^(=+|-+)[ \t]*$' and v_leaf = 'paragraph' and not v_is_lazy then
                v_leaf := 'heading';
                if v_matched = 0 then
                    first_line := v_from;
                    last_line  := v_no;
                    heading    := btrim(lines[v_from], e' \t');
                    for v_more in v_from + 1 .. least(v_no - 1, v_from + 99) loop
                        heading := heading || ' ' || btrim(lines[v_more], e' \t');
                    end loop;
                    return next;
                end if;
                exit;
            elsif v_line ~ '^((\*[ \t]*){3,}|(_[ \t]*){3,}|(-[ \t]*){3,})$' then
                v_leaf := 'rule';
                exit;
            elsif v_line ~ '^([*+-]|[0-9]{1,9}[.)])([ \t]|$)' and v_matched < v_deepest then
                v_mark := (regexp_match(v_line, '^([*+-]|[0-9]{1,9}[.)])'))[1];
                -- In the middle of a paragraph one that says something, and the first of its list.
                exit when v_leaf = 'paragraph' and not v_is_lazy
                          and (v_line ~ '^[^ \t]+[ \t]*$'
                               or v_mark ~ '^[0-9]' and v_mark !~ '^0*1.$');
            else
                exit;
            end if;

            -- A quote or a list item: the line goes on within it.
            v_widths  := v_widths[:v_matched];
            v_filled  := v_filled[:v_matched];
            v_leaf    := '';
            v_is_lazy := false;
            if v_matched > 0 then
                v_filled[v_matched] := true;
            end if;
            if v_mark is null then
                v_widths := v_widths || null::integer;
                v_rest   := regexp_replace(v_rest, '^ {0,3}> ?', '');
            else
                v_rest   := substr(v_line, length(v_mark) + 1);
                v_spaces := length(v_rest) - length(ltrim(v_rest, ' '));
                if btrim(v_rest, e' \t') = '' or v_spaces > 4 then
                    v_spaces := 1;
                end if;
                v_rest   := substr(v_rest, v_spaces + 1);
                v_widths := v_widths || v_indent + length(v_mark) + v_spaces;
            end if;
            v_filled  := v_filled || false;
            v_matched := v_matched + 1;
        end loop;

        -- A paragraph goes on with whatever text there is, in a quote also without a further mark.
        continue when v_is_lazy and v_leaf = 'paragraph' and btrim(v_rest, e' \t') <> '';

        if v_matched < cardinality(v_widths) then
            v_widths := v_widths[:v_matched];
        end if;
        if btrim(v_rest, e' \t') = '' and v_leaf in ('', 'paragraph') then
            v_leaf   := '';
            v_filled := v_filled[:v_matched];
            continue;
        end if;

        if v_matched > 0 or v_filled <> '{}' then
            v_filled := array_fill(true, array[v_matched]);
        end if;
        if v_leaf in ('heading', 'rule', 'html over') then
            v_leaf := '';
        elsif v_leaf = '' or v_is_lazy and v_leaf = 'paragraph' then
            v_leaf := 'paragraph';
            v_from := v_no;
        end if;
    end loop;
end;
$$;

comment on function docket_private.markdown_headings(text[]) is
    'The headings of a text in Markdown, by the lines that they take: "# Title", or a title that is underlined with "===" or "---".';

-- Of the first 200,000 characters.
create function docket_private.markdown_sections(content text) returns table (
    section integer,
    heading text,
    body    text
)
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lines constant text[] := regexp_split_to_array(left(content, 200000), '\r\n|\n|\r');
begin
    return query
      with headings as (
          select h.heading, g.place, g.place = h.first_line as begins
            from docket_private.markdown_headings(v_lines) as h
           cross join lateral generate_series(h.first_line, h.last_line) as g (place)
      ), placed as (
          select l.line, l.place, h.heading, h.place is not null as is_heading,
                 count(*) filter (where h.begins) over (order by l.place) as number
            from unnest(v_lines) with ordinality as l (line, place)
            left join headings as h on h.place = l.place
      ), sections as (
          select p.number, min(p.heading) as heading,
                 coalesce(string_agg(p.line, E'\n' order by p.place)
                              filter (where not p.is_heading), '') as body
            from placed as p
           group by p.number
      )
    select (row_number() over (order by s.number))::integer, nullif(s.heading, ''),
           btrim(s.body, E' \t\n')
      from sections as s
     where s.number > 0
        or btrim(s.body, E' \t\n') <> ''
     order by 1;
end;
$$;

comment on function docket_private.markdown_sections(text) is
    'The sections of a text in Markdown: one for each heading, and one for what stands before the first.';

create function docket_private.index_document(document docket.knowledge_base) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_document docket.knowledge_base := index_document.document;
    v_language text := coalesce(
        v_document.language, (docket_private.search_languages(v_document.project_id))[1]);
begin
    delete from docket_private.knowledge_sections as s
     where s.knowledge_id = v_document.knowledge_id
       and s.project_id = v_document.project_id;

    -- A text without a section still has its title and tags.
    insert into docket_private.knowledge_sections (
        knowledge_id, project_id, section, title, heading, body, language, search_vector)
    select v_document.knowledge_id, v_document.project_id, coalesce(m.section, 1),
           v_document.title, m.heading, coalesce(m.body, ''), v_language,
           setweight(to_tsvector(v_language::regconfig, coalesce(m.heading, '')), 'A')
           || setweight(to_tsvector(v_language::regconfig,
                  v_document.title || ' ' || array_to_string(v_document.tags, ' ')), 'B')
           || setweight(to_tsvector(v_language::regconfig, coalesce(m.body, '')), 'C')
      from (select) as one
      left join docket_private.markdown_sections(v_document.content) as m on true;
end;
$$;

comment on function docket_private.index_document(docket.knowledge_base) is
    'Makes the sections of a document findable.';

create function docket_private.keep_knowledge() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into docket.knowledge_versions (
        knowledge_id, project_id, version, kind, title, content, language, tags, sources,
        review_at, archived_at, metadata, created_at, created_by)
    values (
        new.knowledge_id, new.project_id, new.version, new.kind, new.title, new.content,
        new.language, new.tags, new.sources, new.review_at, new.archived_at, new.metadata,
        new.updated_at, new.updated_by);

    if tg_op = 'INSERT'
       or (old.title, old.content, old.language, old.tags)
          is distinct from (new.title, new.content, new.language, new.tags)
    then
        perform docket_private.index_document(new);
    end if;

    return null;
end;
$$;

comment on function docket_private.keep_knowledge() is
    'Keeps each version of a document, and makes its sections findable.';

create trigger knowledge_base_keep_insert after insert on docket.knowledge_base
    for each row execute function docket_private.keep_knowledge();

create trigger knowledge_base_keep_update after update on docket.knowledge_base
    for each row when (old.version <> new.version)
    execute function docket_private.keep_knowledge();

call docket_private.add_touch('docket.knowledge_base');
call docket_private.add_journal(
    'docket.knowledge_base', 'knowledge_id', '{}', 'old.version <> new.version');
call docket_private.add_isolation('docket.knowledge_base');
call docket_private.add_isolation('docket.knowledge_versions');

-- As task_search: under a policy that filters by project no GIN index could ever be used.
alter table docket_private.knowledge_sections enable row level security;
alter table docket_private.knowledge_sections force row level security;
create policy knowledge_sections_by_functions on docket_private.knowledge_sections to docket_owner
    using (true);

insert into docket.settings (setting_key, value, description)
values ('max_document_bytes', '10485760', 'The largest document of the knowledge base, and the largest template, in bytes.');

revoke all on function docket_private.html_block_end(text, boolean) from public;
revoke all on function docket_private.markdown_headings(text[]) from public;
revoke all on function docket_private.markdown_sections(text) from public;
revoke all on function docket_private.index_document(docket.knowledge_base) from public;
revoke all on function docket_private.keep_knowledge() from public;
grant select on docket.knowledge_base, docket.knowledge_versions
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
