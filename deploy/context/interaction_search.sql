-- Deploy pgdocket:context/interaction_search to pg
-- requires: context/ai_interactions
-- requires: context/search_contexts
-- requires: platform/drop_partitions
-- requires: tasks/search_languages

begin;
set local role docket_owner;

-- What interactions are found by, beside them, as contexts are; by the month, as they are, so that
-- their words go when they go. In schema docket, where what grows by the month is kept, and granted
-- to nobody.
create table docket.interaction_search (
    interaction_id uuid        not null,
    project_id     uuid        not null,
    created_at     timestamptz not null,
    language       text        not null,
    search_vector  tsvector,

    constraint interaction_search_pkey primary key (interaction_id, project_id, created_at)
) partition by range (created_at);

-- A short list of what is new: it is sorted in by whoever finds it full, and should not be long.
create index interaction_search_vector_idx
    on docket.interaction_search using gin (project_id, search_vector)
  with (gin_pending_list_limit = 512)
 where search_vector is not null;
create index interaction_search_language_idx
    on docket.interaction_search ((language || ' ' || project_id::text));
create index interaction_search_unread_idx
    on docket.interaction_search (interaction_id) where search_vector is null;

comment on table docket.interaction_search is
    'What interactions are searched by, kept by triggers on docket.ai_interactions.';
comment on column docket.interaction_search.interaction_id is
    'The interaction.';
comment on column docket.interaction_search.language is
    'The text search configuration that its words were read by.';
comment on column docket.interaction_search.search_vector is
    'Its words; null: maintenance has yet to read them.';

create table docket.interaction_search_default partition of docket.interaction_search default;

comment on table docket.interaction_search_default is
    'Rows of interaction_search for which no month is there. The first row in it is an alarm.';

alter table docket.interaction_search enable row level security;
alter table docket.interaction_search force row level security;
alter table docket.interaction_search_default enable row level security;
alter table docket.interaction_search_default force row level security;
create policy interaction_search_by_functions on docket.interaction_search to docket_owner
    using (true);

insert into docket.partition_policies (table_name, months_ahead, retention)
select 'interaction_search', p.months_ahead, p.retention
  from docket.partition_policies as p
 where p.table_name = 'ai_interactions';

do $$ begin perform docket_private.ensure_partitions(); end $$;

create function docket_private.keep_words_as_long() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update docket.partition_policies as p
       set retention    = new.retention,
           months_ahead = new.months_ahead
     where p.table_name = 'interaction_search';

    return null;
end;
$$;

comment on function docket_private.keep_words_as_long() is
    'Keeps the words of interactions as long as the interactions.';

create trigger partition_policies_of_words after update on docket.partition_policies
    for each row when (new.table_name = 'ai_interactions')
    execute function docket_private.keep_words_as_long();

-- What was answered, and the end of what was asked: before that stands what earlier interactions
-- and contexts have said already.
create function docket_private.interaction_texts(interaction docket.ai_interactions) returns text
language sql
stable
begin atomic
    select concat_ws(
               e'\n', (interaction_texts.interaction).interaction_type,
               (interaction_texts.interaction).error_type,
               left(docket_private.texts_of((interaction_texts.interaction).response_data), 3000),
               right(docket_private.texts_of((interaction_texts.interaction).request_data), 1000));
end;

comment on function docket_private.interaction_texts(docket.ai_interactions) is
    'What an interaction is searched by: its type and error, the first 3,000 characters of the texts of its response, the last 1,000 of its request.';

-- To read the words of a thousand with 2 kB each and to sort them into the index takes nine times
-- as long as to record them (1.6 and 0.17 s of a busy machine's processor). So those of a large
-- batch are left to maintenance, and the batch takes 3 % longer; one alone takes 1.6 times as long.
create function docket_private.index_interactions() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into docket.interaction_search (
        interaction_id, project_id, created_at, language, search_vector)
    select i.interaction_id, i.project_id, i.created_at, l.languages[1],
           case
               when (select count(*) from inserted) <= 10
               then docket_private.words_of(
                        l.languages[1]::regconfig,
                        docket_private.interaction_texts(i::docket.ai_interactions))
           end
      from inserted as i
      join docket_private.search_languages as l on l.project_id = i.project_id;

    return null;
end;
$$;

comment on function docket_private.index_interactions() is
    'Makes interactions findable: a few at once, of more only that they are to be read.';

create function docket_private.forget_interactions() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from docket.interaction_search as s
     using deleted as d
     where s.interaction_id = d.interaction_id
       and s.project_id     = d.project_id
       and s.created_at     = d.created_at;

    return null;
end;
$$;

comment on function docket_private.forget_interactions() is
    'Lets interactions that are gone be found no more.';

create trigger ai_interactions_search_insert after insert on docket.ai_interactions
    referencing new table as inserted
    for each statement execute function docket_private.index_interactions();

create trigger ai_interactions_search_delete after delete on docket.ai_interactions
    referencing old table as deleted
    for each statement execute function docket_private.forget_interactions();

-- From month to month, because of more than 2,000 those of the last months are ranked, and GIN
-- knows no order; strays come first and last. Each is planned anew, so that it can use its index.
create function docket_private.find_interactions(
    project_id uuid,
    query      text
) returns table (
    interaction_id uuid,
    created_at     timestamptz,
    rank           real
)
language plpgsql
stable
rows 100
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    v_most constant integer := 2000;
    v_query     text        := left(find_interactions.query, 1000);
    v_languages text[]      := docket_private.search_languages(find_interactions.project_id);
    v_words     tsquery     := docket_private.words_asked(v_languages, v_query);
    v_found     integer     := 0;
    v_rows      integer;
    v_from      timestamptz;
    v_to        timestamptz := timestamptz 'infinity';
begin
    if not find_interactions.project_id = any (docket_private.visible_projects()) then
        return;
    end if;

    for v_from in
        select m.lower_bound
          from (select p.lower_bound
                  from docket_private.partitions_of('interaction_search') as p
                 where p.lower_bound <= docket.clock()
                 union all
                select '-infinity') as m
         order by m.lower_bound desc
    loop
        return query
        select s.interaction_id, s.created_at, ts_rank(s.search_vector, v_words)
          from docket.interaction_search as s
         where s.project_id = find_interactions.project_id
           and s.created_at >= v_from
           and s.created_at < v_to
           and s.search_vector @@ v_words
           and (cardinality(v_languages) = 1
                or s.search_vector @@ websearch_to_tsquery(s.language::regconfig, v_query))
         limit v_most - v_found;

        get diagnostics v_rows = row_count;
        v_found := v_found + v_rows;
        exit when v_found >= v_most;
        v_to    := v_from;
    end loop;
end;
$$;

comment on function docket_private.find_interactions(uuid, text) is
    'The interactions of a project that say what `query` asks for, of more than 2,000 those of the last months; none where the caller may not see the project.';

create function docket.search_interactions(
    project_id uuid,
    query      text,
    agent_name text    default null,
    page_size  integer default 20
) returns table (
    interaction_id   uuid,
    task_id          uuid,
    task_key         text,
    title            text,
    agent_name       text,
    interaction_type text,
    success          boolean,
    created_at       timestamptz,
    rank             real,
    headline         text
)
language sql
stable
begin atomic
    with found as (
        select b.interaction_id, b.created_at, b.rank
          from docket_private.find_interactions(
                   search_interactions.project_id, search_interactions.query) as b
         order by b.rank desc, b.interaction_id desc
    ), page as (
        -- One after the other, until the page is full.
        select i.*, f.rank
          from found as f
         cross join lateral (
                   select r as whole, r.interaction_id, r.task_id, r.agent_name,
                          r.interaction_type, r.success, r.created_at, t.task_key, t.title
                     from docket.ai_interactions as r
                     join docket.tasks as t
                       on t.task_id    = r.task_id
                      and t.project_id = r.project_id
                    where r.interaction_id = f.interaction_id
                      and r.project_id     = search_interactions.project_id
                      and r.created_at     = f.created_at
                      and t.archived_at is null
                      and (search_interactions.agent_name is null
                           or r.agent_name = search_interactions.agent_name)
                    order by r.interaction_id
                    limit 1
               ) as i
         order by f.rank desc, f.interaction_id desc
         limit least(greatest(search_interactions.page_size, 1), 1000)
    )
    select p.interaction_id, p.task_id, p.task_key, p.title, p.agent_name, p.interaction_type,
           p.success, p.created_at, p.rank,
           docket_private.headline(
               search_interactions.project_id, docket_private.interaction_texts(p.whole),
               search_interactions.query)
      from page as p
     order by p.rank desc, p.interaction_id desc;
end;

comment on function docket.search_interactions(uuid, text, text, integer) is
'The interactions of a project that say what `query` asks for, the best first, of equals the newest:
by the words of their type, their error, the first 3,000 characters of the texts of the response and
the last 1,000 of the request, but for what stands under secret keys (websearch syntax: "exact
phrase", or, -without). Whatever text is a query, its first 1,000 characters count. Of more than
2,000 those of the last months are ranked.

More than ten recorded in one call are found once maintenance has read them. `agent_name` asks for
one agent''s only, `page_size` is in rows (1 to 1000).
Returns interactions with task, rank, and where they say it (**between asterisks**). Raises
nothing.';

revoke all on function docket_private.keep_words_as_long() from public;
revoke all on function docket_private.interaction_texts(docket.ai_interactions) from public;
revoke all on function docket_private.index_interactions() from public;
revoke all on function docket_private.forget_interactions() from public;
revoke all on function docket_private.find_interactions(uuid, text) from public;
revoke all on function docket.search_interactions(uuid, text, text, integer) from public;
grant execute on function
    docket_private.interaction_texts(docket.ai_interactions),
    docket_private.find_interactions(uuid, text),
    docket.search_interactions(uuid, text, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
