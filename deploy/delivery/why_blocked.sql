-- Deploy pgdocket:delivery/why_blocked to pg
-- requires: delivery/required_validations
-- requires: delivery/task_pull_requests
-- requires: graph/blockers
-- requires: queue/task_attempts
-- requires: tasks/budgets
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

-- One answer, from everything that a claim and a completion look at. What is in the way of a claim
-- comes first; what is good to know but keeps nobody from claiming the task says so (is_blocking).
create function docket.why_blocked(
    task_id   uuid,
    max_tasks integer default 100
) returns table (
    reason           text,
    detail           text,
    related_task_id  uuid,
    related_task_key text,
    is_blocking      boolean,
    facts            jsonb
)
language sql
stable
begin atomic
      with task as materialized (
          select t.*
            from docket.get_task(why_blocked.task_id) as t
      ), unmet as materialized (
          select d.task_id, d.project_id, d.task_key, d.status, e.satisfied_by,
                 d.archived_at is not null and d.status <> 'completed' as is_put_away
            from task as t
            join docket.task_dependencies as e
              on e.task_id = t.task_id
             and e.project_id = t.project_id
             and e.dependency_type = 'blocks'
            join docket.tasks as d
              on d.task_id = e.depends_on_id
             and d.project_id = e.project_id
           where not docket_private.is_satisfied(
                         e.satisfied_by, d.status, d.merged_at, d.unmet_gates)
           order by d.task_id
           limit why_blocked.max_tasks
      ), gated as (
          -- The task, and those that it waits for to be validated.
          select t.task_id from task as t
           union
          select u.task_id from unmet as u where u.satisfied_by = 'validated'
      ), unmet_gates as (
          select r.task_id, r.validation_type,
                 coalesce(r.validation_status in ('failed', 'error'), false) as is_failed
            from gated as g
            join docket.required_validations as r on r.task_id = g.task_id
           where not r.is_met
      ), gates as materialized (
          select u.task_id,
                 coalesce(jsonb_agg(u.validation_type order by u.validation_type)
                          filter (where not u.is_failed), '[]') as missing,
                 coalesce(jsonb_agg(u.validation_type order by u.validation_type)
                          filter (where u.is_failed), '[]') as failed,
                 concat_ws('; ',
                           'missing ' || string_agg(u.validation_type, ', '
                                                    order by u.validation_type)
                                         filter (where not u.is_failed),
                           'failed ' || string_agg(u.validation_type, ', '
                                                   order by u.validation_type)
                                        filter (where u.is_failed)) as text
            from unmet_gates as u
           group by u.task_id
      ), proposals as materialized (
          select u.task_id,
                 coalesce(jsonb_agg(jsonb_build_object(
                              'repository', p.repository, 'number', p.number,
                              'status', p.status) order by p.repository, p.number)
                          filter (where p.number is not null), '[]') as pull_requests,
                 coalesce(string_agg(format('%s#%s is %s', p.repository, p.number, p.status), ', '
                                     order by p.repository, p.number)
                          filter (where p.status <> 'merged'),
                          'it has no pull request') as text
            from unmet as u
            left join docket.task_pull_requests as l
              on l.task_id = u.task_id
             and l.project_id = u.project_id
            left join docket.pull_requests as p
              on p.pull_request_id = l.pull_request_id
             and p.project_id = l.project_id
           where u.satisfied_by = 'merged'
           group by u.task_id
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
                 null::uuid as related_task_id, null::text as related_task_key,
                 true as is_blocking,
                 jsonb_build_object('archived_at', t.archived_at) as facts
            from task as t
           where t.archived_at is not null
           union all
          select 2, 'lease',
                 case
                     when a.lease_expires_at > docket.clock()
                         then format('%s holds it until %s.', a.agent, a.lease_expires_at)
                     else format('%s held it until %s; the next claim of its project takes it back.',
                                 a.agent, a.lease_expires_at)
                 end,
                 null, null, true,
                 jsonb_build_object(
                     'agent', a.agent, 'attempt_id', a.attempt_id, 'attempt_no', a.attempt_no,
                     'lease_expires_at', a.lease_expires_at)
            from task as t
            join docket.task_attempts as a
              on a.attempt_id = t.attempt_id
             and a.project_id = t.project_id
           union all
          select 3, case t.status when 'blocked' then 'hold' else 'status' end,
                 case t.status
                     when 'in_progress' then 'It is being worked on'
                     when 'review' then 'It is done and waits to be accepted'
                     when 'completed' then 'It is completed'
                     when 'failed' then 'It has failed as often as the policy allows'
                     when 'blocked' then 'A person has held it back'
                     when 'deferred' then 'It was put off'
                     else 'It was given up'
                 end || coalesce(' (' || t.assigned_to || ').', '.'),
                 null, null, true,
                 jsonb_build_object('status', t.status, 'assigned_to', t.assigned_to)
            from task as t
           where t.status <> 'pending'
             and t.attempt_id is null
           union all
          select 4, 'project',
                 format('Its project is paused since %s.', p.paused_at), null, null, true,
                 jsonb_build_object('paused_at', p.paused_at)
            from task as t
            join docket.projects as p on p.project_id = t.project_id
           where p.paused_at is not null
           union all
          select 5, 'workflow',
                 format('Its workflow "%s" is %s.', w.name, w.status), null, null, true,
                 jsonb_build_object('workflow_id', w.workflow_id, 'status', w.status)
            from task as t
            join docket.workflows as w
              on w.workflow_id = t.workflow_id
             and w.project_id = t.project_id
           where w.status <> 'active'
           union all
          select 6, 'not_before',
                 format('It may not be claimed before %s.', t.not_before), null, null, true,
                 jsonb_build_object('not_before', t.not_before)
            from task as t
           where t.not_before > docket.clock()
           union all
          select 7, 'budget',
                 format('The budget of %s is used up: %s of %s tokens, a cost of %s of %s.',
                        case
                            when b.task_id is not null then 'this task'
                            when b.workflow_id is not null then 'its workflow'
                            else 'its project'
                        end,
                        b.used_tokens, coalesce(b.max_tokens::text, 'any number of'),
                        b.used_cost, coalesce(b.max_cost::text, 'any')),
                 null, null, true,
                 jsonb_build_object(
                     'budget_id', b.budget_id, 'used_tokens', b.used_tokens,
                     'max_tokens', b.max_tokens, 'used_cost', b.used_cost, 'max_cost', b.max_cost)
            from task as t
            join docket.budgets as b
              on b.project_id = t.project_id
             and b.is_exhausted
             and (b.workflow_id is null or b.workflow_id = t.workflow_id)
             and (b.task_id is null or b.task_id = t.task_id)
           union all
          select 8,
                 case
                     when u.status in ('cancelled', 'failed') or u.is_put_away then 'dead_end'
                     else 'dependency'
                 end,
                 case
                     when u.is_put_away
                         then format('It waits for %s, which was put away unfinished.', u.task_key)
                     when u.status in ('cancelled', 'failed')
                         then format('It waits for %s, which is %s: nothing will complete it.',
                                     u.task_key, u.status)
                     when u.satisfied_by = 'completed'
                         then format('It waits for %s, which is %s.', u.task_key, u.status)
                     when u.status = 'completed'
                         then format('It waits for %s to be %s: %s.', u.task_key, u.satisfied_by,
                                     coalesce(p.text, g.text))
                     else format('It waits for %s to be completed and %s; it is %s.',
                                 u.task_key, u.satisfied_by, u.status)
                 end,
                 u.task_id, u.task_key, true,
                 jsonb_strip_nulls(jsonb_build_object(
                     'satisfied_by', u.satisfied_by, 'status', u.status,
                     'pull_requests', p.pull_requests, 'missing', g.missing, 'failed', g.failed))
            from unmet as u
            left join proposals as p on p.task_id = u.task_id
            left join gates as g
              on g.task_id = u.task_id
             and u.satisfied_by = 'validated'
           union all
          select 9, 'root',
                 format('%s steps behind: %s is %s and waits for nothing itself.',
                        r.depth, r.blocker_key, r.status),
                 r.blocker_id, r.blocker_key, true,
                 jsonb_build_object('depth', r.depth, 'status', r.status)
            from roots as r
           union all
          select 10, 'gate',
                 format('It can not be completed before it has passed what it requires: %s.',
                        g.text),
                 null, null, false,
                 jsonb_build_object('missing', g.missing, 'failed', g.failed)
            from task as t
            join gates as g on g.task_id = t.task_id
           where t.status not in ('completed', 'cancelled')
           union all
          -- A parent orders nothing: whatever it is, its subtasks can be claimed.
          select 11, 'parent',
                 format('It is a subtask of %s, which %s; that keeps nobody from claiming it.',
                        p.task_key,
                        case
                            when p.archived_at is not null then 'was put away'
                            else 'is ' || p.status
                        end),
                 p.task_id, p.task_key, false,
                 jsonb_build_object('status', p.status, 'archived_at', p.archived_at)
            from task as t
            join docket.tasks as p
              on p.task_id = t.parent_task_id
             and p.project_id = t.project_id
           where p.archived_at is not null
              or p.status in ('completed', 'cancelled', 'failed', 'blocked', 'deferred')
      )
    select r.reason, r.detail, r.related_task_id, r.related_task_key, r.is_blocking, r.facts
      from reasons as r
     order by r.place, r.related_task_key;
end;

comment on function docket.why_blocked(uuid, integer) is
'Why task `task_id` can not be claimed now, and what will be in its way later: every reason, one a row.

reason is archived, lease (an agent holds it), hold (a person does), status, project (paused),
workflow (paused or over), not_before, budget (used up), dependency (it waits for the related
task), dead_end (the same, and that task is cancelled, failed or archived) or root (further
behind, what can be begun with); and, with is_blocking false because it can be claimed all the
same, gate (what it requires has not passed: it can not be completed) or parent (its parent is
over, held or archived). detail says it in a sentence, facts has the same for programs: who holds
it and until when, what a dependency asks for, which validations are missing or have failed;
related_task_id and related_task_key may be null.
Further reasons may come. `max_tasks` limits the rows of dependency, dead_end and root. Returns
nothing with is_blocking true when the task can be claimed. Raises PD404.';

revoke all on function docket.why_blocked(uuid, integer) from public;
grant execute on function docket.why_blocked(uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
