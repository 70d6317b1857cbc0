-- Deploy pgdocket:tasks/search_tasks to pg
-- requires: tasks/task_search

begin;
set local role docket_owner;

-- A word that every tenth task has is in more tasks than can be ranked in time: of more than 5,000
-- some 5,000 are, which GIN, that knows no order, finds first. The titles are compared with the
-- best of them only. Planned anew for each call, so that each can use its index.
create function docket_private.best_tasks(
    project_id uuid,
    query      text
) returns table (
    task_id uuid,
    rank    real
)
language plpgsql
stable
rows 100
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    -- Beyond this the words of a query cost, and say, nothing that matters.
    v_query     text    := left(best_tasks.query, 1000);
    v_languages text[]  := docket_private.search_languages(best_tasks.project_id);
    v_words     tsquery := docket_private.words_asked(v_languages, v_query);
begin
    if not best_tasks.project_id = any (docket_private.visible_projects()) then
        return;
    end if;

    return query
      with said as (
          select s.task_id, s.title, ts_rank(s.search_vector, v_words) as rank
            from (
                select t.task_id, t.title, t.search_vector
                  from docket_private.task_search as t
                 where t.project_id = best_tasks.project_id
                   and t.search_vector @@ v_words
                   and (cardinality(v_languages) = 1
                        or t.search_vector @@ websearch_to_tsquery(t.language::regconfig, v_query))
                 limit 5000
            ) as s
           order by rank desc, s.task_id
           limit 1000
      ), named as (
          select s.task_id, s.title, 0::real as rank
            from docket_private.task_search as s
           where s.project_id = best_tasks.project_id
             and s.title operator(docket_ext.%>) v_query
             -- Who quotes, leaves out or offers words means them exactly.
             and v_query !~* '"|(^|\s)-|\sor\s'
           limit 1000
      )
    select f.task_id, f.rank + docket_ext.word_similarity(v_query, f.title)
      from (
          select distinct on (b.task_id) b.task_id, b.title, b.rank
            from (table said union all table named) as b
           order by b.task_id, b.rank desc
      ) as f;
end;
$$;

comment on function docket_private.best_tasks(uuid, text) is
    'The tasks of a project that say what `query` asks for or are named nearly so; none where the caller may not see the project.';

create function docket.search_tasks(
    project_id uuid,
    query      text,
    page_size  integer default 20
) returns table (
    task_id  uuid,
    task_key text,
    title    text,
    status   docket.task_status,
    priority docket.task_priority,
    rank     real
)
language sql
stable
begin atomic
    -- One after the other, until the page is full.
    select t.task_id, t.task_key, t.title, t.status, t.priority, found.rank
      from (
          select b.task_id, b.rank
            from docket_private.best_tasks(search_tasks.project_id, search_tasks.query) as b
           order by b.rank desc, b.task_id
      ) as found
     cross join lateral (
               select u.*
                 from docket.tasks as u
                where u.task_id     = found.task_id
                  and u.project_id  = search_tasks.project_id
                  and u.archived_at is null
                order by u.task_id
                limit 1
           ) as t
     order by found.rank desc, found.task_id
     limit least(greatest(search_tasks.page_size, 1), 1000);
end;

comment on function docket.search_tasks(uuid, text, integer) is
'The tasks of a project that say what `query` asks for, the best first: words of title, tags,
description, details and test strategy (websearch syntax: "exact phrase", or, -without), or, where
the query does none of these, a title that is nearly the same. Whatever text is a query, its first
1,000 characters count; of more than 5,000 tasks that say it 5,000 are ranked.

`page_size` is in rows (1 to 1000). Returns tasks with their rank; raises nothing.';

revoke all on function docket_private.best_tasks(uuid, text) from public;
revoke all on function docket.search_tasks(uuid, text, integer) from public;
grant execute on function docket_private.best_tasks(uuid, text),
    docket.search_tasks(uuid, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
