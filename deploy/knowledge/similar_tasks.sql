-- Deploy pgdocket:knowledge/similar_tasks to pg
-- requires: tasks/task_search

begin;
set local role docket_owner;

-- Candidates come from three indexes: a title that is nearly the same, a tag in common, a path in
-- common; of more than 2,000 the newest. Each is compared in what both tasks have:
--
--     similarity = (5 * titles + 2 * tags + 2 * paths + 1 * complexity) / (the weights that count)
--
-- with the trigrams that the titles have in common, the part of all tags and of all paths that both
-- have, and 1 - (difference in complexity) / 9. Below a quarter nothing is called similar.
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
    v_task  docket.tasks;
    v_tags  integer;
    v_files integer;
begin
    -- Under the policies of docket.tasks: a hidden task is none.
    select t.* into v_task
      from docket.tasks as t
     where t.task_id = find_similar_tasks.like_task_id;

    if not found then
        return;
    end if;

    v_tags  := (select count(distinct w.word) from unnest(v_task.tags) as w (word));
    v_files := (select count(distinct w.word) from unnest(v_task.affected_files) as w (word));

    return query
      with candidates as (
          select s.task_id, s.title, s.tags, s.affected_files
            from docket_private.task_search as s
           where s.project_id = v_task.project_id
             and (s.title operator(docket_ext.%) v_task.title
                  or s.tags && v_task.tags
                  or s.affected_files && v_task.affected_files)
             and s.task_id <> v_task.task_id
           order by s.task_id desc
           limit 2000
      ), compared as (
          select t.task_id, t.project_id,
                 docket_ext.similarity(c.title, v_task.title)::numeric as titles,
                 g.shared::numeric / nullif(g.words + v_tags - g.shared, 0) as tags,
                 h.shared::numeric / nullif(h.words + v_files - h.shared, 0) as files,
                 1 - abs(t.complexity_score - v_task.complexity_score)::numeric / 9 as complexity
            from candidates as c
           cross join lateral (
                     select count(distinct w.word) as words,
                            count(distinct w.word)
                                filter (where w.word = any (v_task.tags)) as shared
                       from unnest(c.tags) as w (word)
                 ) as g
           cross join lateral (
                     select count(distinct w.word) as words,
                            count(distinct w.word)
                                filter (where w.word = any (v_task.affected_files)) as shared
                       from unnest(c.affected_files) as w (word)
                 ) as h
           cross join lateral (
                     select u.task_id, u.project_id, u.complexity_score, u.status, u.archived_at
                       from docket.tasks as u
                      where u.task_id = c.task_id
                        and u.project_id = v_task.project_id
                     offset 0
                 ) as t
           where t.status = any (find_similar_tasks.statuses)
             and t.archived_at is null
      ), scored as (
          select c.task_id, c.project_id,
                 round((5 * c.titles + 2 * coalesce(c.tags, 0) + 2 * coalesce(c.files, 0)
                        + coalesce(c.complexity, 0))
                       / (5 + case when c.tags is null then 0 else 2 end
                          + case when c.files is null then 0 else 2 end
                          + case when c.complexity is null then 0 else 1 end), 4) as similarity
            from compared as c
      )
    select s.task_id, s.project_id, s.similarity
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
