-- Deploy pgdocket:knowledge/search to pg
-- requires: context/interaction_search
-- requires: context/search_contexts
-- requires: knowledge/embeddings
-- requires: knowledge/read_knowledge
-- requires: tasks/search_tasks

begin;
set local role docket_owner;

-- Each kind ranks its own in its own way, and a distance is something else again, so their ranks
-- can't be compared: places can. This is reciprocal rank fusion: the sum of 1 / (60 + place) over
-- the lists that have it. Distances by one model are alike for all kinds: they make one list.
create function docket.search(
    project_id uuid,
    query      text,
    kinds      text[]  default null,
    page_size  integer default 20,
    embedding  double precision[] default null,
    model      text    default null
) returns table (
    kind     text,
    id       uuid,
    key      text,
    title    text,
    headline text,
    rank     numeric
)
language sql
stable
begin atomic
      with worded (kind, id, context_type, key, title, headline, place) as materialized (
          select 'task', t.task_id, '', t.task_key, t.title,
                 docket_private.headline(
                     search.project_id, concat_ws(e'\n', t.title, u.description), search.query),
                 row_number() over (order by t.rank desc, t.task_id)
            from docket.search_tasks(
                     search.project_id, coalesce(search.query, ''), search.page_size) as t
            join docket.tasks as u
              on u.task_id = t.task_id
             and u.project_id = search.project_id
           where search.kinds is null
              or 'task' = any (search.kinds)
           union all
          select 'context', c.task_id, c.context_type, c.task_key || ' ' || c.context_type,
                 c.title, c.headline,
                 row_number() over (order by c.rank desc, c.task_id, c.context_type)
            from docket.search_contexts(
                     search.project_id, search.query, page_size => search.page_size) as c
           where search.kinds is null
              or 'context' = any (search.kinds)
           union all
          select 'knowledge', k.knowledge_id, '', k.document_key,
                 concat_ws(': ', k.title, k.heading), k.headline,
                 row_number() over (order by k.rank desc, k.knowledge_id)
            from docket.search_knowledge(
                     search.project_id, search.query, page_size => search.page_size) as k
           where search.kinds is null
              or 'knowledge' = any (search.kinds)
           union all
          select 'interaction', i.interaction_id, '', i.task_key || ' ' || i.interaction_type,
                 concat_ws(': ', i.agent_name, i.title), i.headline,
                 row_number() over (order by i.rank desc, i.interaction_id desc)
            from docket.search_interactions(
                     search.project_id, search.query, page_size => search.page_size) as i
           where search.kinds is null
              or 'interaction' = any (search.kinds)
      ), near (kind, id, context_type, place) as (
          select n.kind, n.row_id, n.context_type,
                 row_number() over (order by n.distance, n.kind, n.row_id, n.context_type)
            from docket_private.find_embeddings(
                     search.project_id, search.kinds, search.model, search.embedding,
                     least(greatest(search.page_size, 1), 1000)) as n
      ), placed as (
          select w.kind, w.id, w.context_type, w.place
            from worded as w
           union all
          select n.kind, n.id, n.context_type, n.place
            from near as n
      ), page as (
          select p.kind, p.id, p.context_type, sum(1.0 / (60 + p.place)) as rank
            from placed as p
           group by p.kind, p.id, p.context_type
           order by sum(1.0 / (60 + p.place)) desc, p.kind, p.id, p.context_type
           limit least(greatest(search.page_size, 1), 1000)
      )
    select p.kind, p.id, coalesce(w.key, d.key), coalesce(w.title, d.title), w.headline,
           round(p.rank, 6)
      from page as p
      left join worded as w
        on w.kind = p.kind
       and w.id = p.id
       and w.context_type = p.context_type
      left join lateral (
               select concat_ws(' ', t.task_key, nullif(p.context_type, '')) as key, t.title
                 from docket.tasks as t
                where p.kind in ('task', 'context')
                  and t.task_id    = p.id
                  and t.project_id = search.project_id
                union all
               select k.document_key, k.title
                 from docket.knowledge_base as k
                where p.kind         = 'knowledge'
                  and k.knowledge_id = p.id
                  and k.project_id   = search.project_id
                union all
               select t.task_key || ' ' || i.interaction_type,
                      concat_ws(': ', i.agent_name, t.title)
                 from docket.ai_interactions as i
                 join docket.tasks as t
                   on t.task_id = i.task_id
                  and t.project_id = i.project_id
                where p.kind           = 'interaction'
                  and i.interaction_id = p.id
                  and i.project_id     = search.project_id
           ) as d on w.kind is null
     order by p.rank desc, p.kind, p.id, p.context_type;
end;

comment on function docket.search(uuid, text, text[], integer, double precision[], text) is
'What a project knows about `query`, the best first: tasks, the latest versions of contexts,
documents, and what was said to models and tools. Words as a web search takes them ("exact phrase",
or, -without), or a title that is nearly the same; any text is a query.

`kinds` narrows it to some of task, context, knowledge and interaction; `page_size` is in rows (1 to
1000). `embedding` is what is asked as `model` sees it: then what is nearest to it, by the cosine of
their angle, is found as well; null asks by words alone.
Returns the kind; id and key of the task, of the context''s task (key: the task''s and the type), of
the document, or of the interaction (key: the task''s and the type); title; headline, the text
around what was found (**between asterisks**); and rank, the sum of 1 / (60 + place) over the list
of its kind by words and the list of all by distance, each as long as a page: reciprocal rank
fusion. headline may be null. Raises PD422 (an embedding where the database has no extension
"vector", or of another length).';

revoke all on function docket.search(uuid, text, text[], integer, double precision[], text)
  from public;
grant execute on function docket.search(uuid, text, text[], integer, double precision[], text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
