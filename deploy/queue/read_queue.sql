-- Deploy pgdocket:queue/read_queue to pg
-- requires: graph/ready_tasks
-- requires: queue/task_attempts
-- requires: tasks/budgets

begin;
set local role docket_owner;

create function docket.next_tasks(
    project_id  uuid,
    workflow_id uuid    default null,
    tags_all    text[]  default null,
    page_size   integer default 10
) returns setof docket.tasks
language sql
stable
begin atomic
    select t.*
      from docket.ready_tasks as r
      join docket.tasks as t
        on t.task_id = r.task_id
       and t.project_id = r.project_id
     where r.project_id = next_tasks.project_id
       and (r.not_before is null or r.not_before <= docket.clock())
       and (next_tasks.workflow_id is null or r.workflow_id = next_tasks.workflow_id)
       and (next_tasks.tags_all is null or t.tags @> next_tasks.tags_all)
       and (r.workflow_id is null
            or exists (
                   select
                     from docket.workflows as w
                    where w.workflow_id = r.workflow_id
                      and w.project_id = r.project_id
                      and w.status = 'active'))
       and not exists (
               select
                 from docket.budgets as b
                where b.project_id = r.project_id
                  and b.is_exhausted
                  and (b.workflow_id is null or b.workflow_id = r.workflow_id)
                  and (b.task_id is null or b.task_id = r.task_id))
     order by r.urgency desc, coalesce(r.not_before, r.ready_since), r.task_id
     limit least(greatest(next_tasks.page_size, 1), 1000);
end;

comment on function docket.next_tasks(uuid, uuid, text[], integer) is
'What claim_tasks() would give now, in its order, without claiming it; to an agent that has every
capability.

`workflow_id` and `tags_all` (all of these tags) narrow the choice, `page_size` is in rows (1 to
1000). Returns tasks; raises nothing.';

create function docket.list_attempts(task_id uuid) returns setof docket.task_attempts
language sql
stable
begin atomic
    select a.*
      from docket.task_attempts as a
     where a.task_id = list_attempts.task_id
     order by a.attempt_no;
end;

comment on function docket.list_attempts(uuid) is
    'Every attempt at a task, the first first. Returns attempts; raises nothing.';

create function docket.queue_overview(project_id uuid default null) returns table (
    project_id uuid,
    slug       text,
    status     text,
    tasks      bigint
)
language sql
stable
begin atomic
    -- "ready" is what may be claimed now; "pending" is what waits.
      with stood as (
          select t.project_id,
                 case
                     when t.status = 'pending' and r.task_id is not null then 'ready'
                     else t.status
                 end as status
            from docket.tasks as t
            left join docket.ready_tasks as r
              on r.task_id = t.task_id
             and r.project_id = t.project_id
             and (r.not_before is null or r.not_before <= docket.clock())
           where t.archived_at is null
             and (queue_overview.project_id is null or t.project_id = queue_overview.project_id)
      )
    select p.project_id, p.slug, s.status, count(*)
      from stood as s
      join docket.projects as p
        on p.project_id = s.project_id
     where p.archived_at is null
     group by p.project_id, p.slug, s.status
     order by p.project_id, s.status;
end;

comment on function docket.queue_overview(uuid) is
'How many tasks stand where, by project: each status, and "ready" for what may be claimed now.

`project_id` asks for one project only. Returns rows; raises nothing.';

revoke all on function docket.next_tasks(uuid, uuid, text[], integer) from public;
revoke all on function docket.list_attempts(uuid) from public;
revoke all on function docket.queue_overview(uuid) from public;
grant execute on function
    docket.next_tasks(uuid, uuid, text[], integer),
    docket.list_attempts(uuid),
    docket.queue_overview(uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
