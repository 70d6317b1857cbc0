-- Deploy pgdocket:graph/why_blocked to pg
-- requires: graph/blockers
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

create function docket.why_blocked(
    task_id   uuid,
    max_tasks integer default 100
) returns table (
    reason           text,
    detail           text,
    related_task_id  uuid,
    related_task_key text
)
language sql
stable
begin atomic
      with task as materialized (
          select t.*
            from docket.get_task(why_blocked.task_id) as t
      ), unmet as materialized (
          select d.*
            from task as t
            join docket.task_dependencies as e
              on e.task_id = t.task_id
             and e.project_id = t.project_id
             and e.dependency_type = 'blocks'
            join docket.tasks as d
              on d.task_id = e.depends_on_id
             and d.project_id = e.project_id
           where d.status <> 'completed'
           order by d.task_id
           limit why_blocked.max_tasks
      ), roots as materialized (
          -- Where to begin: what waits for nothing itself, behind what the task waits for.
          select b.*
            from docket.blockers(why_blocked.task_id) as b
           where b.depth > 1
             and 0 = (
                     select n.unmet
                       from docket_private.task_nodes as n
                      where n.project_id = (select t.project_id from task as t)
                        and n.task_id = b.blocker_id)
           order by b.depth, b.blocker_id
           limit why_blocked.max_tasks
      ), reasons as (
          select 1 as place, 'archived' as reason,
                 format('It was put away at %s.', t.archived_at) as detail,
                 null::uuid as related_task_id, null::text as related_task_key
            from task as t
           where t.archived_at is not null
           union all
          select 2, 'status',
                 case t.status
                     when 'in_progress' then 'It is being worked on'
                     when 'review' then 'It is done and waits to be accepted'
                     when 'completed' then 'It is completed'
                     when 'failed' then 'It has failed as often as the policy allows'
                     when 'blocked' then 'A person has held it back'
                     when 'deferred' then 'It was put off'
                     else 'It was given up'
                 end || coalesce(' (' || t.assigned_to || ').', '.'),
                 null, null
            from task as t
           where t.status <> 'pending'
           union all
          select 3, 'project',
                 format('Its project is paused since %s.', p.paused_at), null, null
            from task as t
            join docket.projects as p on p.project_id = t.project_id
           where p.paused_at is not null
           union all
          select 4, 'workflow',
                 format('Its workflow "%s" is %s.', w.name, w.status), null, null
            from task as t
            join docket.workflows as w
              on w.workflow_id = t.workflow_id
             and w.project_id = t.project_id
           where w.status <> 'active'
           union all
          select 5, 'not_before',
                 format('It may not be claimed before %s.', t.not_before), null, null
            from task as t
           where t.not_before > docket.clock()
           union all
          select 6,
                 case
                     when u.status in ('cancelled', 'failed') or u.archived_at is not null
                         then 'dead_end'
                     else 'dependency'
                 end,
                 case
                     when u.archived_at is not null
                         then format('It waits for %s, which was put away unfinished.', u.task_key)
                     when u.status in ('cancelled', 'failed')
                         then format('It waits for %s, which is %s: nothing will complete it.',
                                     u.task_key, u.status)
                     else format('It waits for %s, which is %s.', u.task_key, u.status)
                 end,
                 u.task_id, u.task_key
            from unmet as u
           union all
          select 7, 'root',
                 format('%s steps behind: %s is %s and waits for nothing itself.',
                        r.depth, r.blocker_key, r.status),
                 r.blocker_id, r.blocker_key
            from roots as r
      )
    select r.reason, r.detail, r.related_task_id, r.related_task_key
      from reasons as r
     order by r.place, r.related_task_key;
end;

comment on function docket.why_blocked(uuid, integer) is
'Why task `task_id` can not be claimed now: every reason, one a row.

reason is archived, status, project (paused), workflow (paused or over), not_before, dependency (it
waits for the related task), dead_end (the same, and that task is cancelled, failed or archived) or
root (further behind, what can be begun with); detail says it in a sentence. `max_tasks` limits the
rows of the last three kinds each. Returns nothing when the task can be claimed. Raises PD404.';

revoke all on function docket.why_blocked(uuid, integer) from public;
grant execute on function docket.why_blocked(uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
