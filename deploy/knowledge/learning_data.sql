-- Deploy pgdocket:knowledge/learning_data to pg
-- requires: knowledge/put_knowledge
-- requires: projects/update_project
-- requires: tasks/tasks

begin;
set local role docket_owner;

-- What agents have found out, and how sure it is. Each piece of evidence counts for or against a
-- pattern, and half as much after each half-life: so two sums and the time to which they were
-- worked out are all that has to be kept, and with evidence of weight w at time t
--
--     for(t) = for(t0) * 2 ^ -((t - t0) / half-life) + w
--
-- (and against, the same). Confidence is the mean of a Beta distribution that began with one for
-- and one against: (for + 1) / (for + against + 2). Without evidence, and when all of it is long
-- ago, it is a half: nothing is known.
create table docket.learning_data (
    learning_id    uuid                not null,
    project_id     uuid                not null,
    pattern_key    text                not null,
    pattern_type   text                not null default 'pattern',
    pattern        text                not null,
    tags           text[]              not null default '{}',
    details        jsonb               not null default '{}',
    weight_for     numeric             not null default 0,
    weight_against numeric             not null default 0,
    counted_at     timestamptz         not null default docket.clock(),
    confidence     numeric             not null default 0.5,
    archived_at    timestamptz,
    metadata       docket.named_values not null default '{}',
    version        bigint              not null default 1,
    created_at     timestamptz         not null default docket.clock(),
    updated_at     timestamptz         not null default docket.clock(),
    created_by     text                not null default docket.principal(),
    updated_by     text                not null default docket.principal(),

    constraint learning_data_pkey primary key (learning_id, project_id),
    constraint learning_data_key_key unique (project_id, pattern_key),
    constraint learning_data_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint learning_data_key_bounded check (length(pattern_key) between 1 and 255),
    constraint learning_data_type_bounded check (length(pattern_type) between 1 and 63),
    constraint learning_data_pattern_bounded check (length(pattern) between 1 and 10000),
    constraint learning_data_weights_not_negative
        check (weight_for >= 0 and weight_against >= 0),
    constraint learning_data_confidence_as_told
        check (confidence = round((weight_for + 1) / (weight_for + weight_against + 2), 4))
);

comment on table docket.learning_data is
    'What was found out in a project, and how sure it is: one row for each pattern.';
comment on column docket.learning_data.learning_id is
    'The pattern.';
comment on column docket.learning_data.pattern_key is
    'What it is called, unique in the project.';
comment on column docket.learning_data.pattern_type is
    'What it is: pattern, risk, preference... any word.';
comment on column docket.learning_data.pattern is
    'What was found out, in 1 to 10,000 characters.';
comment on column docket.learning_data.tags is
    'Tags of the tasks that it is about.';
comment on column docket.learning_data.details is
    'More of it, for programs.';
comment on column docket.learning_data.weight_for is
    'What speaks for it, as it weighed at counted_at.';
comment on column docket.learning_data.weight_against is
    'What speaks against it, as it weighed at counted_at.';
comment on column docket.learning_data.counted_at is
    'When the last evidence came: the weights are as of then.';
comment on column docket.learning_data.confidence is
    'How sure it was at counted_at, 0 to 1; learned() has how sure it is now.';
comment on column docket.learning_data.archived_at is
    'When it was put away; null: in use.';
comment on constraint learning_data_key_bounded on docket.learning_data is
    'a pattern_key has 1 to 255 characters';
comment on constraint learning_data_type_bounded on docket.learning_data is
    'a pattern_type has 1 to 63 characters';
comment on constraint learning_data_pattern_bounded on docket.learning_data is
    'a pattern has 1 to 10,000 characters';
comment on constraint learning_data_weights_not_negative on docket.learning_data is
    'a weight is more than 0 and at most 1000';

create table docket.learning_evidence (
    evidence_id    uuid        not null,
    project_id     uuid        not null,
    learning_id    uuid        not null,
    confirmed      boolean     not null,
    weight         numeric     not null,
    task_id        uuid,
    interaction_id uuid,
    note           text,
    created_at     timestamptz not null default docket.clock(),
    created_by     text        not null default docket.principal(),

    constraint learning_evidence_pkey primary key (evidence_id, project_id),
    constraint learning_evidence_learning_fkey
        foreign key (learning_id, project_id) references docket.learning_data on delete cascade,
    constraint learning_evidence_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete set null (task_id),
    constraint learning_evidence_weight_bounded check (weight > 0 and weight <= 1000),
    constraint learning_evidence_note_bounded check (length(note) <= 10000)
);

create index learning_evidence_learning_idx
    on docket.learning_evidence (learning_id, project_id, evidence_id);

create index learning_evidence_task_idx
    on docket.learning_evidence (task_id, project_id) where task_id is not null;

comment on table docket.learning_evidence is
    'What speaks for or against a pattern. Rows are added, never changed.';
comment on column docket.learning_evidence.evidence_id is
    'The piece of evidence.';
comment on column docket.learning_evidence.learning_id is
    'The pattern.';
comment on column docket.learning_evidence.confirmed is
    'Whether it speaks for the pattern; else it speaks against it.';
comment on column docket.learning_evidence.weight is
    'How much it weighed when it came; 1 is the plain case.';
comment on column docket.learning_evidence.task_id is
    'The task that showed it; null where the task was purged.';
comment on column docket.learning_evidence.interaction_id is
    'The interaction that showed it; these are not kept for ever.';
comment on column docket.learning_evidence.note is
    'What was seen.';
comment on constraint learning_evidence_weight_bounded on docket.learning_evidence is
    'a weight is more than 0 and at most 1000';
comment on constraint learning_evidence_note_bounded on docket.learning_evidence is
    'a note has at most 10,000 characters';

-- What patterns are found by, beside them, as tasks are.
create table docket_private.learning_search (
    learning_id   uuid     not null,
    project_id    uuid     not null,
    language      text     not null,
    search_vector tsvector not null,

    constraint learning_search_pkey primary key (learning_id, project_id),
    constraint learning_search_learning_fkey
        foreign key (learning_id, project_id) references docket.learning_data on delete cascade
);

create index learning_search_vector_idx
    on docket_private.learning_search using gin (project_id, search_vector);
create index learning_search_language_idx
    on docket_private.learning_search ((language || ' ' || project_id::text));

comment on table docket_private.learning_search is
    'What patterns are searched by, kept by triggers on docket.learning_data.';
comment on column docket_private.learning_search.learning_id is
    'The pattern.';
comment on column docket_private.learning_search.project_id is
    'Its project.';
comment on column docket_private.learning_search.language is
    'The text search configuration that its words were read by.';
comment on column docket_private.learning_search.search_vector is
    'Its words: key and text.';

alter table docket_private.learning_search enable row level security;
alter table docket_private.learning_search force row level security;
create policy learning_search_by_functions on docket_private.learning_search to docket_owner
    using (true);

create function docket_private.index_learning() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_language text := (docket_private.search_languages(new.project_id))[1];
begin
    insert into docket_private.learning_search (learning_id, project_id, language, search_vector)
    values (
        new.learning_id, new.project_id, v_language,
        to_tsvector(v_language::regconfig, new.pattern_key || ' ' || new.pattern))
        on conflict on constraint learning_search_pkey
        do update set language      = excluded.language,
                      search_vector = excluded.search_vector;

    return null;
end;
$$;

comment on function docket_private.index_learning() is
    'Makes a pattern findable by what it says now.';

create trigger learning_data_search_insert after insert on docket.learning_data
    for each row execute function docket_private.index_learning();

create trigger learning_data_search_update after update of pattern_key, pattern
    on docket.learning_data
    for each row when (
        old.pattern is distinct from new.pattern
        or old.pattern_key is distinct from new.pattern_key)
    execute function docket_private.index_learning();

call docket_private.add_touch('docket.learning_data');
call docket_private.add_journal(
    'docket.learning_data', 'learning_id', '{}', 'old.version <> new.version');
call docket_private.add_isolation('docket.learning_data');
call docket_private.add_journal('docket.learning_evidence', 'evidence_id');
call docket_private.add_isolation('docket.learning_evidence');

insert into docket.settings (setting_key, value, description)
values ('learning_half_life_days', '90', 'After how many days evidence for or against what was learned weighs half as much; a project may set its own.');

create function docket_private.decay(
    since          timestamptz,
    until          timestamptz,
    half_life_days numeric
) returns numeric
language sql
immutable
begin atomic
    select case
               when decay.half_life_days > 0
                    and decay.half_life_days < 'Infinity'
                   then round(
                            power(0.5,
                                  least(greatest(extract(epoch from decay.until - decay.since), 0)
                                        / 86400 / decay.half_life_days, 60)),
                            9)
               else 1
           end;
end;

comment on function docket_private.decay(timestamptz, timestamptz, numeric) is
    'What is left of a weight after some time, 0 to 1; all of it where the half-life is no time.';

create function docket_private.half_life(project_id uuid) returns numeric
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case jsonb_typeof(h.value) when 'number' then (h.value #>> '{}')::numeric end
          from docket.projects as p
         cross join lateral (
                   select docket_private.setting('learning_half_life_days', p.settings) as value
               ) as h
         where p.project_id = half_life.project_id);
end;
$$;

comment on function docket_private.half_life(uuid) is
    'The half-life of evidence in a project, in days: the setting learning_half_life_days.';

create function docket.record_learning(
    project_id     uuid,
    pattern_key    text,
    confirmed      boolean default null,
    pattern        text    default null,
    pattern_type   text    default null,
    tags           text[]  default null,
    details        jsonb   default null,
    weight         numeric default 1,
    task_id        uuid    default null,
    interaction_id uuid    default null,
    note           text    default null,
    request_id     uuid    default null
) returns docket.learning_data
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'record_learning');
    v_learning   docket.learning_data;
    v_left       numeric;
    v_constraint text;
    v_table      text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.learning_data, v_answer);
    end if;

    perform docket_private.require_project(record_learning.project_id);

    begin
        -- Two who bring evidence at once follow each other: both count.
        insert into docket.learning_data as l (
            learning_id, project_id, pattern_key, pattern_type, pattern, tags, details)
        select docket_private.new_id(record_learning.project_id), record_learning.project_id,
               record_learning.pattern_key, coalesce(record_learning.pattern_type, 'pattern'),
               record_learning.pattern, coalesce(record_learning.tags, '{}'),
               coalesce(record_learning.details, '{}')
         where record_learning.pattern is not null
            on conflict on constraint learning_data_key_key do nothing;

        select l.* into v_learning
          from docket.learning_data as l
         where l.project_id = record_learning.project_id
           and l.pattern_key = record_learning.pattern_key
           for no key update;

        if v_learning.learning_id is null then
            raise exception 'pattern % does not exist, and is not told',
                            coalesce(quote_literal(left(record_learning.pattern_key, 100)), 'null')
                using errcode = 'PD404',
                      hint    = 'Give the pattern itself with the first evidence of it.';
        end if;

        if record_learning.confirmed is not null then
            v_left := docket_private.decay(
                v_learning.counted_at, docket.clock(),
                docket_private.half_life(record_learning.project_id));
            v_learning.weight_for     := round(v_learning.weight_for * v_left, 9)
                + case when record_learning.confirmed then record_learning.weight else 0 end;
            v_learning.weight_against := round(v_learning.weight_against * v_left, 9)
                + case when record_learning.confirmed then 0 else record_learning.weight end;
            v_learning.counted_at     := docket.clock();
        end if;

        update docket.learning_data as l
           set pattern        = coalesce(record_learning.pattern, l.pattern),
               pattern_type   = coalesce(record_learning.pattern_type, l.pattern_type),
               tags           = coalesce(record_learning.tags, l.tags),
               details        = coalesce(record_learning.details, l.details),
               weight_for     = v_learning.weight_for,
               weight_against = v_learning.weight_against,
               counted_at     = v_learning.counted_at,
               confidence     = round(
                                    (v_learning.weight_for + 1)
                                    / (v_learning.weight_for + v_learning.weight_against + 2), 4),
               archived_at    = null
         where l.learning_id = v_learning.learning_id
           and l.project_id = v_learning.project_id
        returning l.* into v_learning;

        if record_learning.confirmed is not null then
            insert into docket.learning_evidence (
                evidence_id, project_id, learning_id, confirmed, weight, task_id, interaction_id,
                note)
            values (
                docket_private.new_id(record_learning.project_id), record_learning.project_id,
                v_learning.learning_id, record_learning.confirmed, record_learning.weight,
                record_learning.task_id, record_learning.interaction_id, record_learning.note);
        end if;
    exception
        when foreign_key_violation then
            raise exception 'task % does not exist in this project', record_learning.task_id
                using errcode = 'PD404';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name, v_table = table_name;
            raise exception 'what was learned is refused: %',
                            coalesce(docket_private.constraint_text(v_table, v_constraint),
                                     left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_learning));
    return v_learning;
end;
$$;

comment on function docket.record_learning(
    uuid, text, boolean, text, text, text[], jsonb, numeric, uuid, uuid, text, uuid) is
'Writes down what was found out in a project, and what speaks for or against it.

`pattern_key` names it, `pattern` says what it is (needed the first time), `pattern_type` any word,
`tags` those of the tasks that it is about, `details` any JSON; null leaves the last four as they
are. `confirmed` says whether what was seen bears the pattern out or speaks against it (null:
nothing was seen), `weight` how much it counts (more than 0, at most 1000), `task_id` and
`interaction_id` where it was seen, `note` what. Weights halve with each half-life (setting
learning_half_life_days); confidence is (for + 1) / (for + against + 2). The same `request_id` again
returns the first answer. Returns the pattern. Raises PD404, PD403, PD422.';

-- Planned anew for each call, so that each can use its index.
create function docket_private.find_learned(
    project_id uuid,
    query      text
) returns table (learning_id uuid)
language plpgsql
stable
rows 20
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
declare
    v_query     text    := left(find_learned.query, 1000);
    v_languages text[]  := docket_private.search_languages(find_learned.project_id);
    v_words     tsquery := docket_private.words_asked(v_languages, v_query);
begin
    if not find_learned.project_id = any (docket_private.visible_projects()) then
        return;
    end if;

    return query
    select s.learning_id
      from docket_private.learning_search as s
     where s.project_id = find_learned.project_id
       and s.search_vector @@ v_words
       and (cardinality(v_languages) = 1
            or s.search_vector @@ websearch_to_tsquery(s.language::regconfig, v_query));
end;
$$;

comment on function docket_private.find_learned(uuid, text) is
    'The patterns of a project that say what `query` asks for; none where the caller may not see the project.';

create function docket.learned(
    project_id     uuid,
    query          text    default null,
    pattern_type   text    default null,
    tags_any       text[]  default null,
    min_confidence numeric default 0,
    page_size      integer default 20
) returns table (
    learning_id      uuid,
    pattern_key      text,
    pattern_type     text,
    pattern          text,
    tags             text[],
    details          jsonb,
    confidence       numeric,
    weight_for       numeric,
    weight_against   numeric,
    evidence         bigint,
    last_evidence_at timestamptz
)
language sql
stable
begin atomic
      with half as materialized (
          select docket_private.half_life(learned.project_id) as days
      ), told as (
          select d.*
            from docket.learning_data as d
           where learned.query is null
             and d.project_id = learned.project_id
           union all
          select d.*
            from docket_private.find_learned(learned.project_id, learned.query) as f
            join docket.learning_data as d
              on d.learning_id = f.learning_id
             and d.project_id = learned.project_id
           where learned.query is not null
      ), aged as (
          select l.learning_id, l.project_id, l.pattern_key, l.pattern_type, l.pattern, l.tags,
                 l.details, l.weight_for, l.weight_against,
                 docket_private.decay(l.counted_at, docket.clock(), h.days) as rest
            from half as h
           cross join told as l
           where l.archived_at is null
             and (learned.pattern_type is null or l.pattern_type = learned.pattern_type)
             and (learned.tags_any is null or l.tags && learned.tags_any)
      ), weighed as (
          select a.learning_id, a.project_id, a.pattern_key, a.pattern_type, a.pattern, a.tags,
                 a.details,
                 round(a.weight_for * a.rest, 4) as weight_for,
                 round(a.weight_against * a.rest, 4) as weight_against,
                 round((a.weight_for * a.rest + 1)
                       / ((a.weight_for + a.weight_against) * a.rest + 2), 4) as confidence
            from aged as a
      ), page as (
          select w.learning_id, w.project_id, w.pattern_key, w.pattern_type, w.pattern, w.tags,
                 w.details, w.weight_for, w.weight_against, w.confidence
            from weighed as w
           where w.confidence >= coalesce(learned.min_confidence, 0)
           order by w.confidence desc, w.learning_id
           limit least(greatest(learned.page_size, 1), 1000)
      )
    select p.learning_id, p.pattern_key, p.pattern_type, p.pattern, p.tags, p.details,
           p.confidence, p.weight_for, p.weight_against, e.number, e.last_at
      from page as p
     cross join lateral (
               select count(*) as number, max(v.created_at) as last_at
                 from docket.learning_evidence as v
                where v.learning_id = p.learning_id
                  and v.project_id = p.project_id
           ) as e
     order by p.confidence desc, p.learning_id;
end;

comment on function docket.learned(uuid, text, text, text[], numeric, integer) is
'What was found out in a project, the surest first, with how sure it is now.

`query` are words of it (websearch syntax), `pattern_type` its type, `tags_any` tags that it has any
of, `min_confidence` how sure it has to be (0 to 1), `page_size` in rows (1 to 1000). weight_for and
weight_against are what is left of the weights of all evidence, each halved with each half-life;
confidence is (for + 1) / (for + against + 2). last_evidence_at may be null: there is none. Returns
rows; raises nothing.';

create function docket.list_evidence(
    learning_id uuid,
    after       uuid    default null,
    page_size   integer default 100
) returns setof docket.learning_evidence
language sql
stable
begin atomic
    select e.*
      from docket.learning_evidence as e
     where e.learning_id = list_evidence.learning_id
       and (list_evidence.after is null or e.evidence_id < list_evidence.after)
     order by e.evidence_id desc
     limit least(greatest(list_evidence.page_size, 1), 1000);
end;

comment on function docket.list_evidence(uuid, uuid, integer) is
'What speaks for and against pattern `learning_id`, the newest first. `after` is the evidence_id of
the last row of the previous page, `page_size` is in rows (1 to 1000). Returns evidence; raises
nothing.';

revoke all on function docket_private.index_learning() from public;
revoke all on function docket_private.find_learned(uuid, text) from public;
revoke all on function docket_private.decay(timestamptz, timestamptz, numeric) from public;
revoke all on function docket_private.half_life(uuid) from public;
revoke all on function docket.record_learning(
    uuid, text, boolean, text, text, text[], jsonb, numeric, uuid, uuid, text, uuid) from public;
revoke all on function docket.learned(uuid, text, text, text[], numeric, integer) from public;
revoke all on function docket.list_evidence(uuid, uuid, integer) from public;
grant execute on function docket.record_learning(
    uuid, text, boolean, text, text, text[], jsonb, numeric, uuid, uuid, text, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket_private.decay(timestamptz, timestamptz, numeric),
    docket_private.half_life(uuid),
    docket_private.find_learned(uuid, text),
    docket.learned(uuid, text, text, text[], numeric, integer),
    docket.list_evidence(uuid, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.learning_data, docket.learning_evidence
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
