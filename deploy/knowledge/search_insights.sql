-- Deploy pgdocket:knowledge/search_insights to pg
-- requires: knowledge/search
-- requires: platform/idempotency_keys

begin;
set local role docket_owner;

-- A search writes nothing, and may be asked of a standby: so it is counted when it is said to have
-- been one, by whoever searches for a person or an agent. One row for each question and project, a
-- thousand at most: a new one takes the place of the one that was asked least and longest ago.
create table docket.search_patterns (
    project_id        uuid        not null,
    pattern           text        not null,
    searches          bigint      not null,
    without_results   bigint      not null,
    results           bigint      not null,
    last_results      bigint      not null,
    first_searched_at timestamptz not null default docket.clock(),
    last_searched_at  timestamptz not null default docket.clock(),

    constraint search_patterns_pkey primary key (project_id, pattern),
    constraint search_patterns_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint search_patterns_bounded check (length(pattern) <= 100)
) with (fillfactor = 80);

create index search_patterns_last_idx on docket.search_patterns (last_searched_at);

comment on table docket.search_patterns is
    'What is searched in each project, and whether it is found.';
comment on column docket.search_patterns.pattern is
    'The question in small letters, at most 100 characters, with an asterisk in the place of what may be a secret or name a person.';
comment on column docket.search_patterns.searches is
    'How often it was asked.';
comment on column docket.search_patterns.without_results is
    'How often nothing was found.';
comment on column docket.search_patterns.results is
    'How many results it had in all.';
comment on column docket.search_patterns.last_results is
    'How many results it had the last time.';
comment on column docket.search_patterns.first_searched_at is
    'When it was asked first.';
comment on column docket.search_patterns.last_searched_at is
    'When it was asked last.';
comment on constraint search_patterns_bounded on docket.search_patterns is
    'a pattern has at most 100 characters';

call docket_private.add_isolation('docket.search_patterns');

insert into docket.settings (setting_key, value, description)
values ('record_searches', 'true', 'Whether record_search() counts what is searched; a project may set its own.'),
       ('max_search_patterns', '1000', 'Of how many different questions it is kept how often they are asked, in each project.'),
       ('search_pattern_days', '30', 'How long a question is remembered that nobody asks any more, in days.');

-- What follows the name of a secret, addresses of mail, and words that are long or have many digits
-- (keys, tokens, telephone numbers, ids) are nobody's question.
create function docket_private.search_pattern(query text) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pattern text := lower(left(search_pattern.query, 1000));
    v_keys    text := array_to_string(docket.secret_keys(), '|');
begin
    if v_keys <> '' then
        v_pattern := regexp_replace(
            v_pattern, '\m(' || v_keys || ')(["'']?\s*(=>|[:=])\s*)\S+', '\1\2*', 'g');
    end if;

    return left(
        (select string_agg(
                    case
                        when length(w.word) > 30
                             or w.word ~ '\S@\S'
                             or length(regexp_replace(w.word, '\D', '', 'g')) > 5
                        then '*'
                        else w.word
                    end,
                    ' ' order by w.place)
           from regexp_split_to_table(btrim(v_pattern, E' \t\r\n'), '\s+')
                with ordinality as w (word, place)),
        100);
end;
$$;

comment on function docket_private.search_pattern(text) is
    'A question as it is remembered: in small letters, without what may be a secret or name a person.';

create function docket.record_search(
    project_id uuid,
    query      text,
    results    bigint,
    request_id uuid default null
) returns setof docket.search_patterns
language plpgsql
rows 1
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb;
    v_settings jsonb;
    v_pattern  text;
    v_most     bigint;
    v_row      docket.search_patterns;
begin
    perform docket_private.require_project(record_search.project_id);

    if record_search.query is null or coalesce(record_search.results, -1) < 0 then
        raise exception 'a search has a query and a number of results'
            using errcode = 'PD422';
    end if;

    v_settings := (
        select p.settings from docket.projects as p where p.project_id = record_search.project_id);
    if docket_private.setting('record_searches', v_settings) = 'false' then
        return;
    end if;

    v_answer := docket_private.replay(record_search.request_id, 'record_search');
    if v_answer is not null then
        v_row := jsonb_populate_record(null::docket.search_patterns, v_answer);
        return next v_row;
        return;
    end if;

    v_pattern := docket_private.search_pattern(record_search.query);
    v_most    := (docket_private.setting('max_search_patterns') #>> '{}')::bigint;

    insert into docket.search_patterns as s (
        project_id, pattern, searches, without_results, results, last_results)
    values (
        record_search.project_id, v_pattern, 1, (record_search.results = 0)::integer,
        record_search.results, record_search.results)
        on conflict on constraint search_patterns_pkey
        do update set searches         = s.searches + 1,
                      without_results  = s.without_results + excluded.without_results,
                      results          = s.results + excluded.results,
                      last_results     = excluded.last_results,
                      last_searched_at = excluded.last_searched_at
    returning s.* into v_row;

    -- Only a new question can be one too many.
    if v_row.searches = 1 then
          with least_asked as materialized (
              select o.pattern
                from docket.search_patterns as o
               where o.project_id = record_search.project_id
                 and o.pattern <> v_pattern
               order by o.searches, o.last_searched_at
               limit greatest((
                         select count(*) - v_most
                           from docket.search_patterns as c
                          where c.project_id = record_search.project_id), 0)
                 for update skip locked
          )
        delete from docket.search_patterns as s
         using least_asked as l
         where s.project_id = record_search.project_id
           and s.pattern = l.pattern;
    end if;

    perform docket_private.remember(record_search.request_id, to_jsonb(v_row));
    return next v_row;
end;
$$;

comment on function docket.record_search(uuid, text, bigint, uuid) is
'Counts that somebody has searched, for search_insights(). A search alone is not counted: it writes
nothing. The command line says so of each of its searches.

`query` is what was asked, `results` how many results it had. It is kept in small letters, at most
100 characters of it, without addresses of mail, long words, numbers of more than five digits, and
what follows the name of a secret. The same `request_id` again counts nothing. Returns the pattern
as it now stands; nothing where the setting record_searches is false. Raises PD404, PD403,
PD422.';

create function docket.search_insights(
    project_id   uuid,
    unanswered   boolean default false,
    page_size    integer default 20
) returns table (
    pattern           text,
    searches          bigint,
    without_results   bigint,
    last_results      bigint,
    average_results   numeric,
    first_searched_at timestamptz,
    last_searched_at  timestamptz
)
language sql
stable
begin atomic
    select s.pattern, s.searches, s.without_results, s.last_results,
           round(s.results::numeric / s.searches, 1), s.first_searched_at, s.last_searched_at
      from docket.search_patterns as s
     where s.project_id = search_insights.project_id
       and (not search_insights.unanswered or s.last_results = 0)
     order by s.searches desc, s.last_searched_at desc, s.pattern
     limit least(greatest(search_insights.page_size, 1), 1000);
end;

comment on function docket.search_insights(uuid, boolean, integer) is
'What is searched in a project, the most frequent first: how often, how often without any result,
and how many results it had the last time and on the average.

`unanswered` asks only for what found nothing the last time: what should be written down. Counted is
what record_search() was told; of each project the setting max_search_patterns questions, for
search_pattern_days after they were asked last. `page_size` is in rows (1 to 1000). Returns rows;
raises nothing.';

create function docket_private.forget_searches(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
    perform docket_private.require_operator();

      with old as (
          select s.project_id, s.pattern
            from docket.search_patterns as s
           where s.last_searched_at < docket.clock() - make_interval(
                     days => (docket_private.setting('search_pattern_days') #>> '{}')::integer)
           order by s.last_searched_at
           limit forget_searches.at_most
             for update skip locked
      ), gone as (
          delete from docket.search_patterns as s
           using old
           where s.project_id = old.project_id
             and s.pattern = old.pattern
          returning 1
      )
    select count(*) into v_count from gone;

    return v_count;
end;
$$;

comment on function docket_private.forget_searches(bigint) is
    'A step of maintenance: forgets at most so many questions that nobody has asked for the setting search_pattern_days. Returns how many. Raises PD403.';

revoke all on function docket_private.search_pattern(text) from public;
revoke all on function docket.record_search(uuid, text, bigint, uuid) from public;
revoke all on function docket.search_insights(uuid, boolean, integer) from public;
revoke all on function docket_private.forget_searches(bigint) from public;
grant select on docket.search_patterns
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function docket.record_search(uuid, text, bigint, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.search_insights(uuid, boolean, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
