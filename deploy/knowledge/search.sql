-- Deploy pgdocket:knowledge/search to pg
-- requires: context/interaction_search
-- requires: context/search_contexts
-- requires: knowledge/read_knowledge
-- requires: tasks/search_tasks

begin;
set local role docket_owner;

-- Each kind ranks its own in its own way, so their ranks can't be compared: places can. This is
-- reciprocal rank fusion: 1 / (60 + place).
create function docket.search(
    project_id uuid,
    query      text,
    kinds      text[]  default null,
    page_size  integer default 20
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
    with found (kind, id, key, title, headline, place) as (
        select 'task', t.task_id, t.task_key, t.title,
               docket_private.headline(
                   search.project_id, concat_ws(e'\n', t.title, u.description), search.query),
               row_number() over (order by t.rank desc, t.task_id)
          from docket.search_tasks(search.project_id, search.query, search.page_size) as t
          join docket.tasks as u
            on u.task_id = t.task_id
           and u.project_id = search.project_id
         where search.kinds is null
            or 'task' = any (search.kinds)
         union all
        select 'context', c.task_id, c.task_key || ' ' || c.context_type, c.title, c.headline,
               row_number() over (order by c.rank desc, c.task_id, c.context_type)
          from docket.search_contexts(
                   search.project_id, search.query, page_size => search.page_size) as c
         where search.kinds is null
            or 'context' = any (search.kinds)
         union all
        select 'knowledge', k.knowledge_id, k.document_key,
               concat_ws(': ', k.title, k.heading), k.headline,
               row_number() over (order by k.rank desc, k.knowledge_id)
          from docket.search_knowledge(
                   search.project_id, search.query, page_size => search.page_size) as k
         where search.kinds is null
            or 'knowledge' = any (search.kinds)
         union all
        select 'interaction', i.interaction_id, i.task_key || ' ' || i.interaction_type,
               concat_ws(': ', i.agent_name, i.title), i.headline,
               row_number() over (order by i.rank desc, i.interaction_id desc)
          from docket.search_interactions(
                   search.project_id, search.query, page_size => search.page_size) as i
         where search.kinds is null
            or 'interaction' = any (search.kinds)
    )
    select f.kind, f.id, f.key, f.title, f.headline, round(1.0 / (60 + f.place), 6)
      from found as f
     order by f.place, f.kind, f.id
     limit least(greatest(search.page_size, 1), 1000);
end;

comment on function docket.search(uuid, text, text[], integer) is
'What a project knows about `query`, the best first: tasks, the latest versions of contexts,
documents, and what was said to models and tools. Words as a web search takes them ("exact phrase",
or, -without), or a title that is nearly the same; any text is a query.

`kinds` narrows it to some of task, context, knowledge and interaction; `page_size` is in rows (1 to
1000).
Returns the kind; id and key of the task, of the context''s task (key: the task''s and the type), of
the document, or of the interaction (key: the task''s and the type); title; headline, the text
around what was found (**between asterisks**); and rank, 1 / (60 + its place among its kind): the
best of each kind come first. headline may be null. Raises nothing.';

revoke all on function docket.search(uuid, text, text[], integer) from public;
grant execute on function docket.search(uuid, text, text[], integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
