-- Deploy pgdocket:knowledge/similar_tasks to pg
-- requires: tasks/task_search

begin;
set local role docket_owner;

-- Each task that is looked at is compared in what both tasks have:
--
--     similarity = (5 * titles + 2 * tags + 2 * paths + 1 * complexity) / (the weights that count)
--
-- with the trigrams that the titles have in common, the part of all tags and of all paths that both
-- have, and 1 - (difference in complexity) / 9. Below a quarter nothing is called similar.
--
-- To compare trigrams takes longer than all the rest, and where all titles are alike, every task
-- would be a candidate. So some 1,000 are looked at: those with a word, a tag or a path that is
-- rare, or, where no word is, with all words, and the newest; and of these 200 are compared, those
-- that are best with the words that the titles have in common in the place of trigrams. What is
-- rare is what less than a tenth of the newest have. Where that gives hardly any, those are looked
-- at whose titles have trigrams in common. Among 10,000 tasks with alike titles this takes 16 ms of
-- the server, among 100,000 as long; comparing the trigrams of 2,000 took 75.
create function docket_private.find_similar_tasks(
    like_task_id uuid,
    statuses     text[],
    how_many     integer
) returns table (
    task_id    uuid,
    project_id uuid,
    similarity numeric
)
language plpgsql
stable
security definer
rows 50
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    v_task       docket.tasks;
    v_tags       text[];
    v_files      text[];
    v_words      text[];
    v_newest     uuid[];
    v_rare       text[];
    v_rare_tags  text[];
    v_rare_files text[];
    v_asked      tsquery;
    v_candidates uuid[];
begin
    -- Under the policies of docket.tasks: a hidden task is none.
    select t.* into v_task
      from docket.tasks as t
     where t.task_id = find_similar_tasks.like_task_id;

    if not found then
        return;
    end if;

    v_tags  := array(select distinct w.word from unnest(v_task.tags) as w (word));
    v_files := array(select distinct w.word from unnest(v_task.affected_files) as w (word));
    -- As they stand in a tsquery.
    v_words := array(
        select '''' || replace(replace(w.word, '\', '\\'), '''', '''''') || ''''
          from docket_private.task_search as s
         cross join unnest(tsvector_to_array(ts_filter(s.search_vector, '{a}'))) as w (word)
         where s.task_id = v_task.task_id
           and s.project_id = v_task.project_id
         limit 20);

    v_newest := array(
        select n.task_id
          from unnest(find_similar_tasks.statuses) as w (status)
         cross join generate_series(1, 10) as p (priority)
         cross join lateral (
                   select t.task_id
                     from docket.tasks as t
                    where t.project_id = v_task.project_id
                      and t.status     = w.status
                      and t.priority   = p.priority
                    order by t.task_id desc
                    limit 200
               ) as n
         order by n.task_id desc
         limit 300);

      with newest as materialized (
          select s.search_vector, s.tags, s.affected_files
            from unnest(v_newest) as n (task_id)
            join docket_private.task_search as s
              on s.task_id = n.task_id
             and s.project_id = v_task.project_id
      )
    select array(
               select w.word
                 from unnest(v_words) as w (word)
                where (select count(*) from newest as n
                        where n.search_vector @@ w.word::tsquery) * 10
                      < cardinality(v_newest)),
           array(
               select w.word
                 from unnest(v_tags) as w (word)
                where (select count(*) from newest as n where w.word = any (n.tags)) * 10
                      < cardinality(v_newest)),
           array(
               select w.word
                 from unnest(v_files) as w (word)
                where (select count(*) from newest as n where w.word = any (n.affected_files)) * 10
                      < cardinality(v_newest))
      into v_rare, v_rare_tags, v_rare_files;

    -- By words: a rare one; where these are many, a rare one and another; where none is rare, all.
    -- As constants, so that the planner knows how many there are.
    v_asked      := coalesce(
        (select string_agg(w.word, ' | ')
           from unnest(v_rare) as w (word)),
        (select string_agg(w.word, ' & ')
           from unnest(v_words) as w (word)))::tsquery;
    v_candidates := array(
        select s.task_id
          from docket_private.task_search as s
         where s.project_id = v_task.project_id
           and s.search_vector @@ v_asked
         limit 500);

    if cardinality(v_candidates) = 500 and v_rare <> '{}' then
        v_asked      := (
            select string_agg(r.word || ' & ' || w.word, ' | ')::tsquery
              from unnest(v_rare) as r (word)
             cross join unnest(v_words) as w (word)
             where r.word <> w.word);
        v_candidates := v_candidates[:200] || array(
            select s.task_id
              from docket_private.task_search as s
             where s.project_id = v_task.project_id
               and s.search_vector @@ v_asked
             limit 300);
    end if;

    if cardinality(v_candidates) + cardinality(v_newest) < 100 then
        v_candidates := v_candidates || array(
            select s.task_id
              from docket_private.task_search as s
             where s.project_id = v_task.project_id
               and s.title operator(docket_ext.%) v_task.title
             limit 200);
    end if;

    v_candidates := v_newest || v_candidates || array(
        (select s.task_id
           from docket_private.task_search as s
          where s.project_id = v_task.project_id
            and s.tags && v_rare_tags
          limit 150)
         union all
        (select s.task_id
           from docket_private.task_search as s
          where s.project_id = v_task.project_id
            and s.affected_files && v_rare_files
          limit 150));

    return query
      with candidates as (
          select distinct c.task_id
            from unnest(v_candidates) as c (task_id)
           where c.task_id <> v_task.task_id
      ), looked_at as (
          select t.task_id, s.title, g.part as tags, h.part as files,
                 1 - abs(t.complexity_score - v_task.complexity_score)::numeric / 9 as complexity,
                 r.shared::numeric
                 / greatest(cardinality(v_words) + cardinality(string_to_array(s.title, ' '))
                            - r.shared, 1) as words
            from candidates as c
           cross join lateral (
                     select u.task_id, u.complexity_score, u.status, u.archived_at
                       from docket.tasks as u
                      where u.task_id = c.task_id
                        and u.project_id = v_task.project_id
                     offset 0
                 ) as t
           cross join lateral (
                     select f.title, f.tags, f.affected_files, f.search_vector
                       from docket_private.task_search as f
                      where f.task_id = c.task_id
                        and f.project_id = v_task.project_id
                     offset 0
                 ) as s
           cross join lateral (
                     select count(*) as shared
                       from unnest(v_words) as w (word)
                      where s.search_vector @@ w.word::tsquery
                 ) as r
           cross join lateral (
                     select count(distinct w.word) filter (where w.word = any (v_tags))::numeric
                            / nullif(count(distinct w.word) filter (where w.word <> all (v_tags))
                                     + cardinality(v_tags), 0) as part
                       from unnest(s.tags) as w (word)
                 ) as g
           cross join lateral (
                     select count(distinct w.word) filter (where w.word = any (v_files))::numeric
                            / nullif(count(distinct w.word) filter (where w.word <> all (v_files))
                                     + cardinality(v_files), 0) as part
                       from unnest(s.affected_files) as w (word)
                 ) as h
           where t.status = any (find_similar_tasks.statuses)
             and t.archived_at is null
      ), weighed as (
          select l.task_id, l.title, l.words,
                 2 * coalesce(l.tags, 0) + 2 * coalesce(l.files, 0)
                 + coalesce(l.complexity, 0) as others,
                 5 + case when l.tags is null then 0 else 2 end
                 + case when l.files is null then 0 else 2 end
                 + case when l.complexity is null then 0 else 1 end as weights
            from looked_at as l
      ), best as (
          select w.task_id, w.title, w.others, w.weights
            from weighed as w
           order by (5 * w.words + w.others) / w.weights desc, w.task_id desc
           limit 200
      ), scored as (
          select b.task_id,
                 round((5 * docket_ext.similarity(b.title, v_task.title)::numeric + b.others)
                       / b.weights, 4) as similarity
            from best as b
      )
    select s.task_id, v_task.project_id, s.similarity
      from scored as s
     where s.similarity >= 0.25
     order by s.similarity desc, s.task_id
     limit find_similar_tasks.how_many;
end;
$$;

comment on function docket_private.find_similar_tasks(uuid, text[], integer) is
    'The tasks of a task''s project that are most like it, of those with one of some statuses; none where the caller may not see it.';

create function docket.similar_tasks(
    task_id   uuid,
    statuses  text[]  default '{completed}',
    page_size integer default 10
) returns table (
    task_id    uuid,
    task_key   text,
    title      text,
    status     docket.task_status,
    similarity numeric,
    tags       text[],
    files      text[],
    results    jsonb
)
language sql
stable
begin atomic
    select t.task_id, t.task_key, t.title, t.status, f.similarity,
           array(select g.word
                   from unnest(t.tags) as g (word)
                  where g.word = any (o.tags)
                  order by g.word),
           array(select p.word
                   from unnest(t.affected_files) as p (word)
                  where p.word = any (o.affected_files)
                  order by p.word),
           t.results
      from docket_private.find_similar_tasks(
               similar_tasks.task_id, similar_tasks.statuses,
               least(greatest(similar_tasks.page_size, 1), 1000)) as f
      join docket.tasks as t
        on t.task_id = f.task_id
       and t.project_id = f.project_id
      join docket.tasks as o
        on o.task_id = similar_tasks.task_id
       and o.project_id = f.project_id
     order by f.similarity desc, t.task_id;
end;

comment on function docket.similar_tasks(uuid, text[], integer) is
'The tasks that are most like task `task_id`, the most similar first: by title (trigrams), tags,
paths and complexity, in what both have.

`statuses` are those that count, `page_size` in rows (1 to 1000). Returns tasks with their
similarity (0.25 to 1), what tags and files they have in common, and their results, which may be
null. Raises nothing.';

revoke all on function docket_private.find_similar_tasks(uuid, text[], integer) from public;
revoke all on function docket.similar_tasks(uuid, text[], integer) from public;
grant execute on function
    docket_private.find_similar_tasks(uuid, text[], integer),
    docket.similar_tasks(uuid, text[], integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
