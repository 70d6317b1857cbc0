-- Deploy pgdocket:tasks/search_languages to pg
-- requires: platform/settings
-- requires: projects/projects

begin;
set local role docket_owner;

insert into docket.settings (setting_key, value, description)
values ('search_language', '"english"', 'The text search configuration that words are read by: english, german, simple...; a project may set its own, and a document of the knowledge base may say another.');

-- Words are found in the language that they were read in. What is there when a project changes its
-- language is read anew little by little; until then it is searched in the former language as well,
-- and what somebody has written meanwhile, who began before the change, is found all the same.
create table docket_private.search_languages (
    project_id uuid        not null,
    languages  text[]      not null,
    is_own     boolean     not null,
    changed_at timestamptz not null default docket.clock(),
    read_at    timestamptz,

    constraint search_languages_pkey primary key (project_id),
    constraint search_languages_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint search_languages_has_one check (cardinality(languages) > 0)
);

create index search_languages_former_idx
    on docket_private.search_languages (read_at nulls first) where cardinality(languages) > 1;

comment on table docket_private.search_languages is
    'The languages that the words of each project are read by, kept by triggers on docket.projects and docket.settings.';
comment on column docket_private.search_languages.languages is
    'The text search configuration that is in use, and after it those that rows may still be read by.';
comment on column docket_private.search_languages.is_own is
    'Whether the project has set it; else it is the docket''s.';
comment on column docket_private.search_languages.changed_at is
    'When it was set.';
comment on column docket_private.search_languages.read_at is
    'When maintenance last looked for rows to read anew; null: not yet.';

alter table docket_private.search_languages enable row level security;
alter table docket_private.search_languages force row level security;
create policy search_languages_by_functions on docket_private.search_languages to docket_owner
    using (true);

create function docket_private.require_language(language text) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select
          from pg_catalog.pg_ts_config as c
         where c.cfgname = require_language.language
           and c.cfgnamespace = 'pg_catalog'::regnamespace
    ) then
        raise exception '% is no language that words are read by',
                        coalesce(quote_literal(left(require_language.language, 100)), 'null')
            using errcode = 'PD422',
                  hint    = format('One of %s.', (
                                select string_agg(c.cfgname, ', ' order by c.cfgname)
                                  from pg_catalog.pg_ts_config as c
                                 where c.cfgnamespace = 'pg_catalog'::regnamespace));
    end if;
end;
$$;

comment on function docket_private.require_language(text) is
    'Raises PD422 unless it is the name of a text search configuration of PostgreSQL''s own.';

create function docket_private.set_search_language() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_language text := docket_private.setting('search_language', new.settings) #>> '{}';
begin
    perform docket_private.require_language(v_language);

    insert into docket_private.search_languages as l (project_id, languages, is_own)
    values (new.project_id, array[v_language], new.settings ? 'search_language')
        on conflict on constraint search_languages_pkey
        do update set languages  = v_language || array_remove(l.languages, v_language),
                      is_own     = excluded.is_own,
                      changed_at = excluded.changed_at;

    return null;
end;
$$;

comment on function docket_private.set_search_language() is
    'Keeps what language a project is read by. Raises PD422.';

create trigger projects_search_language_insert after insert on docket.projects
    for each row execute function docket_private.set_search_language();

create trigger projects_search_language_update after update of settings on docket.projects
    for each row when (
        old.settings -> 'search_language' is distinct from new.settings -> 'search_language')
    execute function docket_private.set_search_language();

create function docket_private.set_search_languages() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_language text := new.value #>> '{}';
begin
    perform docket_private.require_language(v_language);

    update docket_private.search_languages as l
       set languages  = v_language || array_remove(l.languages, v_language),
           changed_at = docket.clock()
     where not l.is_own;

    return null;
end;
$$;

comment on function docket_private.set_search_languages() is
    'Keeps what language the projects are read by that have set none. Raises PD422.';

create trigger settings_search_language after update of value on docket.settings
    for each row when (new.setting_key = 'search_language' and old.value <> new.value)
    execute function docket_private.set_search_languages();

create function docket_private.search_languages(project_id uuid) returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (select l.languages
           from docket_private.search_languages as l
          where l.project_id = search_languages.project_id),
        '{english}');
end;
$$;

comment on function docket_private.search_languages(uuid) is
    'The languages that the words of a project are read by: that in use first, then those that rows may still be read by.';

-- What a row says is asked in its own language; an index is asked in all of them at once.
create function docket_private.words_asked(
    languages text[],
    query     text
) returns tsquery
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set client_min_messages = 'warning'
as $$
declare
    -- Beyond this the words of a query cost, and say, nothing that matters.
    v_query text    := left(words_asked.query, 1000);
    v_words tsquery := websearch_to_tsquery(words_asked.languages[1]::regconfig, v_query);
begin
    for i in 2 .. cardinality(words_asked.languages) loop
        v_words := v_words || websearch_to_tsquery(words_asked.languages[i]::regconfig, v_query);
    end loop;

    return v_words;
end;
$$;

comment on function docket_private.words_asked(text[], text) is
    'What a query asks for, in any of some languages; its first 1,000 characters.';

revoke all on function docket_private.require_language(text) from public;
revoke all on function docket_private.set_search_language() from public;
revoke all on function docket_private.set_search_languages() from public;
revoke all on function docket_private.search_languages(uuid) from public;
revoke all on function docket_private.words_asked(text[], text) from public;
grant execute on function docket_private.search_languages(uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
