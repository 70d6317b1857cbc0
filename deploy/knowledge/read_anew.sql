-- Deploy pgdocket:knowledge/read_anew to pg
-- requires: context/interaction_search
-- requires: context/search_contexts
-- requires: knowledge/knowledge_base
-- requires: knowledge/learning_data
-- requires: tasks/task_search

begin;
set local role docket_owner;

-- What others hold at the moment is passed over: who writes it reads it in the new language.
create function docket_private.read_anew(
    project_id uuid,
    at_most    bigint
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_languages text[] := docket_private.search_languages(read_anew.project_id);
    v_language  text   := v_languages[1];
    v_former    text[] := array(
        select f.language || ' ' || read_anew.project_id::text
          from unnest(v_languages[2:]) as f (language));
    v_left      bigint := read_anew.at_most;
    v_rows      bigint;
begin
      with old as (
          select s.task_id, s.project_id
            from docket_private.task_search as s
           where s.language || ' ' || s.project_id::text = any (v_former)
           limit v_left
             for update skip locked
      )
    update docket_private.task_search as s
       set language      = v_language,
           search_vector = docket_private.task_vector(
                               v_language::regconfig, t.title, t.tags, t.description, t.details,
                               t.test_strategy)
      from old
      join docket.tasks as t
        on t.task_id = old.task_id
       and t.project_id = old.project_id
     where s.task_id    = old.task_id
       and s.project_id = old.project_id;

    get diagnostics v_rows = row_count;
    v_left := v_left - v_rows;

      with old as (
          select s.task_id, s.context_type, s.version
            from docket_private.context_search as s
           where s.language || ' ' || s.project_id::text = any (v_former)
           limit v_left
             for update skip locked
      )
    select count(docket_private.index_context(c)::text) into v_rows
      from old
      join docket.task_contexts as c
        on c.task_id      = old.task_id
       and c.context_type = old.context_type
       and c.version      = old.version
       and c.project_id   = read_anew.project_id;

    v_left := v_left - v_rows;

      with old as (
          select k.knowledge_id
            from docket.knowledge_base as k
           where k.project_id = read_anew.project_id
             and k.language is null
             and k.knowledge_id in (
                     select s.knowledge_id
                       from docket_private.knowledge_sections as s
                      where s.project_id = read_anew.project_id
                        and s.language = any (v_languages[2:]))
           limit v_left
             for no key update skip locked
      )
    select count(docket_private.index_document(k)::text) into v_rows
      from old
      join docket.knowledge_base as k
        on k.knowledge_id = old.knowledge_id
       and k.project_id = read_anew.project_id;

    v_left := v_left - v_rows;

      with old as (
          select s.learning_id
            from docket_private.learning_search as s
           where s.language || ' ' || s.project_id::text = any (v_former)
           limit v_left
             for update skip locked
      )
    update docket_private.learning_search as s
       set language      = v_language,
           search_vector = to_tsvector(v_language::regconfig, l.pattern_key || ' ' || l.pattern)
      from old
      join docket.learning_data as l
        on l.learning_id = old.learning_id
       and l.project_id = read_anew.project_id
     where s.learning_id = old.learning_id
       and s.project_id  = read_anew.project_id;

    get diagnostics v_rows = row_count;
    v_left := v_left - v_rows;

      with old as (
          select s.interaction_id, s.created_at
            from docket.interaction_search as s
           where s.language || ' ' || s.project_id::text = any (v_former)
           limit v_left
             for update skip locked
      )
    update docket.interaction_search as s
       set language      = v_language,
           search_vector = docket_private.words_of(
                               v_language::regconfig, docket_private.interaction_texts(i))
      from old
      join docket.ai_interactions as i
        on i.interaction_id = old.interaction_id
       and i.project_id     = read_anew.project_id
       and i.created_at     = old.created_at
     where s.interaction_id = old.interaction_id
       and s.project_id     = read_anew.project_id
       and s.created_at     = old.created_at;

    get diagnostics v_rows = row_count;
    return read_anew.at_most - v_left + v_rows;
end;
$$;

comment on function docket_private.read_anew(uuid, bigint) is
    'Reads the words of at most so many tasks, contexts, documents, patterns and interactions of a project in the language that it has now. Returns how many.';

-- What is little is found at once, more by and by.
create function docket_private.read_project_anew() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.read_anew(new.project_id, 500);

    return null;
end;
$$;

comment on function docket_private.read_project_anew() is
    'Reads the first 500 rows of a project in its new language.';

-- By its name after the trigger that keeps the language.
create trigger projects_words_update after update of settings on docket.projects
    for each row when (
        old.settings -> 'search_language' is distinct from new.settings -> 'search_language')
    execute function docket_private.read_project_anew();

create function docket_private.read_words(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
    v_rows  bigint;
    v_next  record;
begin
    perform docket_private.require_operator();

      with unread as (
          select s.interaction_id, s.project_id, s.created_at,
                 (docket_private.search_languages(s.project_id))[1] as language
            from docket.interaction_search as s
           where s.search_vector is null
           limit read_words.at_most
             for update skip locked
      )
    update docket.interaction_search as s
       set language      = u.language,
           search_vector = docket_private.words_of(
                               u.language::regconfig, docket_private.interaction_texts(i))
      from unread as u
      join docket.ai_interactions as i
        on i.interaction_id = u.interaction_id
       and i.project_id     = u.project_id
       and i.created_at     = u.created_at
     where s.interaction_id = u.interaction_id
       and s.project_id     = u.project_id
       and s.created_at     = u.created_at;

    get diagnostics v_count = row_count;

    -- A loop, because each project has a language of its own.
    for v_next in
        select l.project_id, l.changed_at
          from docket_private.search_languages as l
         where cardinality(l.languages) > 1
         order by l.read_at nulls first
         limit 100
           for no key update skip locked
    loop
        exit when v_count >= read_words.at_most;
        v_rows  := docket_private.read_anew(v_next.project_id, read_words.at_most - v_count);
        v_count := v_count + v_rows;

        -- For a day a former language is searched all the same: by then whoever began to write
        -- before the change has ended.
        update docket_private.search_languages as l
           set read_at   = docket.clock(),
               languages = case
                               when v_rows = 0
                                    and v_next.changed_at < docket.clock() - interval '1 day'
                               then l.languages[1:1]
                               else l.languages
                           end
         where l.project_id = v_next.project_id;
    end loop;

    return v_count;
end;
$$;

comment on function docket_private.read_words(bigint) is
    'A step of maintenance: reads the words of at most so many rows: of interactions that were recorded in large batches, and of all that is read in a language that its project no longer has. Returns how many. Raises PD403.';

revoke all on function docket_private.read_anew(uuid, bigint) from public;
revoke all on function docket_private.read_project_anew() from public;
revoke all on function docket_private.read_words(bigint) from public;

commit;
