-- Deploy pgdocket:tasks/search_tasks to pg
-- requires: tasks/task_search

begin;
set local role docket_owner;

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
    -- Words as a web search takes them (any text is a query), or a title that is nearly the same.
    select t.task_id, t.task_key, t.title, t.status, t.priority, found.rank
      from docket_private.find_tasks(
               search_tasks.project_id, search_tasks.query, null, null, null, null, null) as found
      join docket.tasks as t
        on t.task_id = found.task_id
       and t.project_id = search_tasks.project_id
     where t.archived_at is null
     order by found.rank desc, t.task_id
     limit least(greatest(search_tasks.page_size, 1), 1000);
end;

comment on function docket.search_tasks(uuid, text, integer) is
'The tasks of a project that say what `query` asks for, the best first: words of title, tags,
description, details and test strategy (websearch syntax: "exact phrase", or, -without), or, where
the query quotes and leaves out nothing, a title that is nearly the same. The first 1,000 characters
of a query count.

`page_size` is in rows (1 to 1000). Returns tasks with their rank; raises nothing.';

revoke all on function docket.search_tasks(uuid, text, integer) from public;
grant execute on function docket.search_tasks(uuid, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
