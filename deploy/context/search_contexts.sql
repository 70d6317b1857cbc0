-- Deploy pgdocket:context/search_contexts to pg
-- requires: context/task_contexts
-- requires: tasks/task_search

begin;
set local role docket_owner;

-- What contexts are found by: the words and the paths of the latest version of each. As for
-- tasks, beside the rows themselves, and read by one function that asks first.
create table docket_private.context_search (
    task_id       uuid     not null,
    project_id    uuid     not null,
    context_type  text     not null,
    version       integer  not null,
    language      text     not null,
    search_vector tsvector not null,
    paths         text[]   not null,

    constraint context_search_pkey primary key (task_id, project_id, context_type),
    constraint context_search_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade
);

create index context_search_vector_idx
    on docket_private.context_search using gin (project_id, search_vector);
create index context_search_paths_idx
    on docket_private.context_search using gin (project_id, paths)
    where paths <> '{}';
create index context_search_language_idx
    on docket_private.context_search ((language || ' ' || project_id::text));

comment on table docket_private.context_search is
    'What contexts are searched by: one row for each task and type, about its latest version.';
comment on column docket_private.context_search.task_id is
    'The task.';
comment on column docket_private.context_search.project_id is
    'Its project.';
comment on column docket_private.context_search.context_type is
    'The type of the context.';
comment on column docket_private.context_search.version is
    'The latest version of it.';
comment on column docket_private.context_search.language is
    'The text search configuration that its words were read by.';
comment on column docket_private.context_search.search_vector is
    'The words of its texts; of the first 200,000 characters.';
comment on column docket_private.context_search.paths is
    'The paths that a context of the codebase names.';

alter table docket_private.context_search enable row level security;
alter table docket_private.context_search force row level security;
create policy context_search_by_functions on docket_private.context_search to docket_owner
    using (true);

-- The texts in a document, without its keys: with them each context of a type would say the same.
-- What stands under a secret key is not searched, and so not shown either. Security definer,
-- because clients, for whom it looks where a context says something, may not enter this schema.
create function docket_private.texts_of(data jsonb) returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(texts_of.data) = 'string' then
        return left(texts_of.data #>> '{}', 200000);
    end if;

    return (
        select left(string_agg(nullif(t.value #>> '{}', '********'), e'\n'), 200000)
          from jsonb_path_query(
                   docket_private.without_secrets(texts_of.data),
                   'strict $.** ? (@.type() == "string")') as t (value));
exception
    -- Nested deeper than can be followed: it is kept, but not found.
    when statement_too_complex then
        return null;
end;
$$;

comment on function docket_private.texts_of(jsonb) is
    'The texts in a document, a line for each, but for secrets; of all together the first 200,000 characters.';

-- A vector holds a megabyte, which many different words can fill sooner than their texts do.
create function docket_private.words_of(
    language regconfig,
    texts    text
) returns tsvector
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
as $$
declare
    v_texts text := coalesce(words_of.texts, '');
    v_words tsvector;
begin
    while v_words is null loop
        begin
            v_words := to_tsvector(words_of.language, v_texts);
        exception
            when program_limit_exceeded then
                v_texts := left(v_texts, length(v_texts) / 2);
        end;
    end loop;

    return v_words;
end;
$$;

comment on function docket_private.words_of(regconfig, text) is
    'The words of a text, or of as much of it as can be indexed.';

create function docket_private.paths_of(data jsonb) returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select distinct p.value #>> '{}'
          from unnest(array[
                   '$.files[*]', '$.files[*].path', '$.modules[*].path', '$.symbols[*].path',
                   '$.links[*].from', '$.links[*].to']::jsonpath[]) as w (place)
         cross join jsonb_path_query(paths_of.data, w.place) as p (value)
         where jsonb_typeof(p.value) = 'string'
           -- What is longer fits into no index, and is no path.
           and octet_length(p.value #>> '{}') between 1 and 1024);
end;
$$;

comment on function docket_private.paths_of(jsonb) is
    'The paths that a context of the type codebase names.';

create function docket_private.index_context(context docket.task_contexts) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_context  docket.task_contexts := index_context.context;
    v_language text := (docket_private.search_languages(v_context.project_id))[1];
begin
    if v_context.is_tombstone then
        delete from docket_private.context_search as s
         where s.task_id      = v_context.task_id
           and s.project_id   = v_context.project_id
           and s.context_type = v_context.context_type;
    else
        insert into docket_private.context_search as s (
            task_id, project_id, context_type, version, language, search_vector, paths)
        values (
            v_context.task_id, v_context.project_id, v_context.context_type, v_context.version,
            v_language,
            docket_private.words_of(
                v_language::regconfig, docket_private.texts_of(v_context.data)),
            case v_context.context_type
                when 'codebase' then docket_private.paths_of(v_context.data)
                else '{}'
            end)
            on conflict on constraint context_search_pkey
            do update set version       = excluded.version,
                          language      = excluded.language,
                          search_vector = excluded.search_vector,
                          paths         = excluded.paths;
    end if;
end;
$$;

comment on function docket_private.index_context(docket.task_contexts) is
    'Makes the latest version of a context findable, and a deleted one not.';

-- Planned anew for each call, so that each can use its index.
create function docket_private.find_contexts(
    project_id    uuid,
    query         text,
    context_types text[]
) returns table (
    task_id      uuid,
    context_type text,
    version      integer,
    rank         real
)
language plpgsql
stable
rows 100
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    v_query     text    := left(find_contexts.query, 1000);
    v_languages text[]  := docket_private.search_languages(find_contexts.project_id);
    v_words     tsquery := docket_private.words_asked(v_languages, v_query);
begin
    if not find_contexts.project_id = any (docket_private.visible_projects()) then
        return;
    end if;

    return query
    select found.task_id, found.context_type, found.version,
           ts_rank(found.search_vector, v_words)
      from (
          select s.*
            from docket_private.context_search as s
           where s.project_id = find_contexts.project_id
             and s.search_vector @@ v_words
             and (cardinality(v_languages) = 1
                  or s.search_vector @@ websearch_to_tsquery(s.language::regconfig, v_query))
             and (find_contexts.context_types is null
                  or s.context_type = any (find_contexts.context_types))
           limit 5000
      ) as found;
end;
$$;

comment on function docket_private.find_contexts(uuid, text, text[]) is
    'The latest contexts of a project, of some types where these are not null, that say what `query` asks for, 5,000 at most; none where the caller may not see the project.';

create function docket_private.headline(
    project_id uuid,
    texts      text,
    query      text
) returns text
language sql
stable
begin atomic
    select ts_headline(
               l.language, left(headline.texts, 20000),
               websearch_to_tsquery(l.language, left(headline.query, 1000)),
               'StartSel=**, StopSel=**, MaxFragments=2, MaxWords=20, MinWords=8')
      from (
          select (docket_private.search_languages(headline.project_id))[1]::regconfig as language
      ) as l;
end;

comment on function docket_private.headline(uuid, text, text) is
    'Where a text says what a query asks for, between asterisks; looked for in the first 20,000 characters.';

create function docket.search_contexts(
    project_id    uuid,
    query         text,
    context_types text[]  default null,
    after         text    default null,
    page_size     integer default 20
) returns table (
    task_id      uuid,
    task_key     text,
    title        text,
    context_type text,
    version      integer,
    rank         real,
    headline     text,
    place        text
)
language sql
stable
begin atomic
    with found as (
        select f.task_id, f.context_type, f.version, f.rank
          from docket_private.find_contexts(
                   search_contexts.project_id, search_contexts.query,
                   search_contexts.context_types) as f
         -- After a place that is none comes nothing.
         where search_contexts.after is null
            or case
                   when search_contexts.after ~ '^[0-9.e+-]{1,20} [0-9a-f-]{36} '
                   then (-f.rank, f.task_id::text, f.context_type) > (
                            -split_part(search_contexts.after, ' ', 1)::real,
                            split_part(search_contexts.after, ' ', 2),
                            substr(search_contexts.after,
                                   strpos(search_contexts.after, ' ') + 38))
               end
         order by f.rank desc, f.task_id::text, f.context_type
    ), page as (
        -- One after the other, until the page is full.
        select f.*, t.task_key, t.title,
               format('%s %s %s', f.rank, f.task_id, f.context_type) as place
          from found as f
         cross join lateral (
                   select u.task_key, u.title
                     from docket.tasks as u
                    where u.task_id     = f.task_id
                      and u.project_id  = search_contexts.project_id
                      and u.archived_at is null
                    order by u.task_id
                    limit 1
               ) as t
         order by f.rank desc, f.task_id::text, f.context_type
         limit least(greatest(search_contexts.page_size, 1), 1000)
    )
    select p.task_id, p.task_key, p.title, p.context_type, p.version, p.rank,
           docket_private.headline(
               search_contexts.project_id, docket_private.texts_of(c.data),
               search_contexts.query),
           p.place
      from page as p
      join docket.task_contexts as c
        on c.task_id      = p.task_id
       and c.context_type = p.context_type
       and c.version      = p.version
     order by p.rank desc, p.task_id::text, p.context_type;
end;

comment on function docket.search_contexts(uuid, text, text[], text, integer) is
'The contexts of a project''s tasks that say what `query` asks for, the best first: by the words of
the latest version of each (websearch syntax: "exact phrase", or, -without). Whatever text is a
query, its first 1,000 characters count; of a context the first 200,000 are searched, and of more
than 5,000 contexts that say it 5,000 are ranked.

`context_types` asks for these types only, `after` is the place of the last row of the page before,
`page_size` is in rows (1 to 1000).
Returns contexts with their rank, and where they say it (**between asterisks**). Raises nothing.';

-- A task that names a directory touches what lies in it.
create function docket_private.path_and_above(path text) returns text[]
language sql
immutable
parallel safe
begin atomic
    select array(
        select above.path || ending.slash
          from generate_series(
                   1, least(array_length(string_to_array(path_and_above.path, '/'), 1), 100))
               as s (depth)
         cross join lateral array_to_string(
                   (string_to_array(path_and_above.path, '/'))[:s.depth], '/') as above (path)
         cross join (values (''), ('/')) as ending (slash)
         where octet_length(above.path) between 1 and 1023);
end;

comment on function docket_private.path_and_above(text) is
    'A path and each directory above it, with and without a slash at the end.';

create function docket_private.tasks_naming(
    project_id uuid,
    paths      text[]
) returns table (
    task_id    uuid,
    named_by   text,
    named_path text
)
language plpgsql
stable
rows 100
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
begin
    if not tasks_naming.project_id = any (docket_private.visible_projects()) then
        return;
    end if;

    return query
    select s.task_id, 'affected_files', p.path
      from docket_private.task_search as s
     cross join unnest(s.affected_files) as p (path)
     where s.project_id = tasks_naming.project_id
       and s.affected_files && tasks_naming.paths
       and p.path = any (tasks_naming.paths)
     union
    select s.task_id, s.context_type, p.path
      from docket_private.context_search as s
     cross join unnest(s.paths) as p (path)
     where s.project_id = tasks_naming.project_id
       and s.paths <> '{}'
       and s.paths && tasks_naming.paths
       and p.path = any (tasks_naming.paths);
end;
$$;

comment on function docket_private.tasks_naming(uuid, text[]) is
    'The tasks of a project that name one of these paths, among their affected files or in a context; none where the caller may not see the project.';

create function docket.tasks_touching(
    project_id uuid,
    path       text,
    after      uuid    default null,
    page_size  integer default 100
) returns table (
    task_id      uuid,
    task_key     text,
    title        text,
    status       docket.task_status,
    named_by     text[],
    named_paths  text[]
)
language sql
stable
begin atomic
    select t.task_id, t.task_key, t.title, t.status,
           array_agg(distinct n.named_by), array_agg(distinct n.named_path)
      from docket_private.tasks_naming(
               tasks_touching.project_id,
               docket_private.path_and_above(tasks_touching.path)) as n
      join docket.tasks as t
        on t.task_id = n.task_id
       and t.project_id = tasks_touching.project_id
     where t.archived_at is null
       and (tasks_touching.after is null or t.task_id > tasks_touching.after)
     group by t.task_id, t.project_id
     order by t.task_id
     limit least(greatest(tasks_touching.page_size, 1), 1000);
end;

comment on function docket.tasks_touching(uuid, text, uuid, integer) is
'The tasks of a project that are about a file: it, or a directory that it lies in, is among their
affected files, or in the latest version of their context "codebase".

`path` is written as the tasks write it ("src/auth/login.py"), `after` is the last id of the page
before, `page_size` is in rows (1 to 1000).
Returns tasks, the oldest first, with where they name it and how. Raises nothing.';

revoke all on function docket_private.texts_of(jsonb) from public;
revoke all on function docket_private.words_of(regconfig, text) from public;
revoke all on function docket_private.paths_of(jsonb) from public;
revoke all on function docket_private.index_context(docket.task_contexts) from public;
revoke all on function docket_private.find_contexts(uuid, text, text[]) from public;
revoke all on function docket_private.headline(uuid, text, text) from public;
revoke all on function docket.search_contexts(uuid, text, text[], text, integer) from public;
revoke all on function docket_private.path_and_above(text) from public;
revoke all on function docket_private.tasks_naming(uuid, text[]) from public;
revoke all on function docket.tasks_touching(uuid, text, uuid, integer) from public;
grant execute on function
    docket_private.texts_of(jsonb),
    docket_private.find_contexts(uuid, text, text[]),
    docket_private.headline(uuid, text, text),
    docket.search_contexts(uuid, text, text[], text, integer),
    docket_private.path_and_above(text),
    docket_private.tasks_naming(uuid, text[]),
    docket.tasks_touching(uuid, text, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
