-- Deploy pgdocket:tasks/task_search to pg
-- requires: platform/extensions
-- requires: tasks/search_languages
-- requires: tasks/tasks

begin;
set local role docket_owner;

-- What tasks are found by, beside the tasks: an update writes a row into all of its table's
-- indexes as soon as one indexed column changes, and a status changes far more often than a
-- text. GIN indexes begin with the project, so that one project's search reads its own entries.
-- The same indexes on the tasks themselves, measured with descriptions of 1 kB, made a claim with
-- its completion write 2.4 times the WAL (9.6 kB) and take 1.13 times the server's time; with
-- titles alone 1.5 times and 1.03.
create table docket_private.task_search (
    task_id        uuid     not null,
    project_id     uuid     not null,
    title          text     not null,
    language       text     not null,
    search_vector  tsvector not null,
    tags           text[]   not null,
    affected_files text[]   not null,
    requirements   jsonb    not null,
    metadata       jsonb    not null,

    constraint task_search_pkey primary key (task_id, project_id),
    constraint task_search_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade
);

create index task_search_vector_idx
    on docket_private.task_search using gin (project_id, search_vector);
create index task_search_tags_idx
    on docket_private.task_search using gin (project_id, tags);
create index task_search_files_idx
    on docket_private.task_search using gin (project_id, affected_files);
create index task_search_requirements_idx
    on docket_private.task_search using gin (project_id, requirements jsonb_path_ops);
create index task_search_metadata_idx
    on docket_private.task_search using gin (project_id, metadata jsonb_path_ops);
create index task_search_title_idx
    on docket_private.task_search using gin (project_id, title docket_ext.gin_trgm_ops);
-- An expression: an index that begins with the project would be taken for those above.
create index task_search_language_idx
    on docket_private.task_search ((language || ' ' || project_id::text));

comment on table docket_private.task_search is
    'What tasks are searched by, kept by triggers on docket.tasks.';
comment on column docket_private.task_search.task_id is
    'The task.';
comment on column docket_private.task_search.project_id is
    'Its project.';
comment on column docket_private.task_search.title is
    'Its title, for searches that forgive a slip.';
comment on column docket_private.task_search.language is
    'The text search configuration that its words were read by.';
comment on column docket_private.task_search.search_vector is
    'Its words: title (A), tags and description (B), details and test strategy (C); the first 200,000 characters of each.';
comment on column docket_private.task_search.tags is
    'Its tags.';
comment on column docket_private.task_search.affected_files is
    'Its paths.';
comment on column docket_private.task_search.requirements is
    'Its requirements.';
comment on column docket_private.task_search.metadata is
    'Its metadata.';

-- A text of any size may be stored; only its beginning is indexed. Not called immutable, which
-- array_to_string() is not: so it is inlined.
create function docket_private.task_vector(
    language      regconfig,
    title         text,
    tags          text[],
    description   text,
    details       text,
    test_strategy text
) returns tsvector
language sql
stable
parallel safe
begin atomic
    select setweight(to_tsvector(task_vector.language, task_vector.title), 'A')
           || setweight(to_tsvector(task_vector.language,
                  coalesce(array_to_string(task_vector.tags, ' '), '') || ' '
                  || coalesce(left(task_vector.description, 200000), '')), 'B')
           || setweight(to_tsvector(task_vector.language,
                  coalesce(left(task_vector.details, 200000), '') || ' '
                  || coalesce(left(task_vector.test_strategy, 200000), '')), 'C');
end;

comment on function docket_private.task_vector(regconfig, text, text[], text, text, text) is
    'The weighted words of a task.';

create function docket_private.index_new_tasks() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into docket_private.task_search (
        task_id, project_id, title, language, search_vector, tags, affected_files, requirements,
        metadata)
    select t.task_id, t.project_id, t.title, l.languages[1],
           docket_private.task_vector(
               l.languages[1]::regconfig, t.title, t.tags, t.description, t.details,
               t.test_strategy),
           t.tags, t.affected_files, t.requirements, t.metadata
      from inserted as t
      join docket_private.search_languages as l on l.project_id = t.project_id;

    return null;
end;
$$;

comment on function docket_private.index_new_tasks() is
    'Makes new tasks findable.';

create function docket_private.index_changed_task() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_language text := (docket_private.search_languages(new.project_id))[1];
begin
    update docket_private.task_search as s
       set title          = new.title,
           language       = v_language,
           search_vector  = docket_private.task_vector(
                                v_language::regconfig, new.title, new.tags, new.description,
                                new.details, new.test_strategy),
           tags           = new.tags,
           affected_files = new.affected_files,
           requirements   = new.requirements,
           metadata       = new.metadata
     where s.task_id    = new.task_id
       and s.project_id = new.project_id;

    return null;
end;
$$;

comment on function docket_private.index_changed_task() is
    'Keeps a task findable by what it says now.';

create trigger tasks_search_insert after insert on docket.tasks
    referencing new table as inserted
    for each statement execute function docket_private.index_new_tasks();

create trigger tasks_search_update
    after update of
        title, description, details, test_strategy, tags, affected_files, requirements, metadata
    on docket.tasks
    for each row when (
        old.title is distinct from new.title
        or old.tags is distinct from new.tags
        or old.affected_files is distinct from new.affected_files
        or old.requirements is distinct from new.requirements
        or old.metadata is distinct from new.metadata
        or old.description is distinct from new.description
        or old.details is distinct from new.details
        or old.test_strategy is distinct from new.test_strategy)
    execute function docket_private.index_changed_task();

-- Operators on arrays, documents and word vectors are not leakproof, so under a policy that
-- filters by project no GIN index could ever be used. The one function that reads this table
-- therefore asks first whether the caller may see the project, and no client role is granted
-- anything on it.
alter table docket_private.task_search enable row level security;
alter table docket_private.task_search force row level security;
create policy task_search_by_functions on docket_private.task_search to docket_owner
    using (true);

-- Planned anew for each call, so that conditions that are not asked for vanish and each of the
-- others can use its index.
create function docket_private.find_tasks(
    project_id    uuid,
    query         text,
    tags_all      text[],
    tags_any      text[],
    affected_file text,
    requirements  jsonb,
    metadata      jsonb
) returns table (task_id uuid, rank real)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    v_query     text    := left(find_tasks.query, 1000);
    v_languages text[]  := docket_private.search_languages(find_tasks.project_id);
    v_words     tsquery := docket_private.words_asked(v_languages, v_query);
begin
    if not find_tasks.project_id = any (docket_private.visible_projects()) then
        return;
    end if;

    return query
    select s.task_id,
           case
               when v_query is null then 0
               else ts_rank(s.search_vector, v_words)
                    + docket_ext.word_similarity(v_query, s.title)
           end
      from docket_private.task_search as s
     where s.project_id = find_tasks.project_id
       and (v_query is null
            or s.search_vector @@ v_words
               and (cardinality(v_languages) = 1
                    or s.search_vector @@ websearch_to_tsquery(s.language::regconfig, v_query))
            or s.title operator(docket_ext.%>) v_query
               -- Who quotes, leaves out or offers words means them exactly.
               and v_query !~* '"|(^|\s)-|\sor\s')
       and (find_tasks.tags_all is null or s.tags @> find_tasks.tags_all)
       and (find_tasks.tags_any is null or s.tags && find_tasks.tags_any)
       and (find_tasks.affected_file is null
            or s.affected_files @> array[find_tasks.affected_file])
       and (find_tasks.requirements is null or s.requirements @> find_tasks.requirements)
       and (find_tasks.metadata is null or s.metadata @> find_tasks.metadata);
end;
$$;

comment on function docket_private.find_tasks(uuid, text, text[], text[], text, jsonb, jsonb) is
    'The tasks of a project that meet every condition that is not null, with how well they answer `query`; none where the caller may not see the project.';

revoke all on function docket_private.task_vector(regconfig, text, text[], text, text, text) from public;
revoke all on function docket_private.index_new_tasks() from public;
revoke all on function docket_private.index_changed_task() from public;
revoke all on function docket_private.find_tasks(uuid, text, text[], text[], text, jsonb, jsonb)
  from public;
grant execute on function docket_private.find_tasks(uuid, text, text[], text[], text, jsonb, jsonb)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
