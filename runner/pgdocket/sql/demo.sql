-- What the demo shows beside the answers of the public functions. Parameter: project_id.

-- name: doable
-- How many tasks can be done: pending, and behind nothing that is put off, given up or held.
  with recursive stuck (task_id) as (
      select t.task_id
        from docket.tasks as t
       where t.project_id = %(project_id)s
         and (t.status not in ('pending', 'completed')
              or (t.archived_at is not null and t.status <> 'completed'))
       union
      select e.task_id
        from stuck as s
        join docket.task_dependencies as e
          on e.depends_on_id = s.task_id
         and e.project_id = %(project_id)s
         and e.dependency_type = 'blocks'
        join docket.tasks as t
          on t.task_id = e.task_id
         and t.project_id = e.project_id
         and t.status <> 'completed'
  )
select count(*) as tasks
  from docket.tasks as t
 where t.project_id = %(project_id)s
   and t.status = 'pending'
   and t.task_id not in (select s.task_id from stuck as s);

-- name: claimable
-- What may be claimed now and what is held, in one snapshot: none of both means that all is done.
select (select count(*)
          from docket.next_tasks(%(project_id)s, page_size => 1)) as ready,
       (select count(*)
          from docket.task_attempts as a
         where a.project_id = %(project_id)s
           and a.outcome is null)                                 as held;

-- name: held_by
-- The attempt that an agent holds now. Parameter: agent.
select a.attempt_id,
       t.task_key,
       t.title,
       a.lease_expires_at
  from docket.task_attempts as a
  join docket.tasks as t
    on t.task_id = a.task_id
   and t.project_id = a.project_id
 where a.project_id = %(project_id)s
   and a.agent = %(agent)s
   and a.outcome is null;

-- name: who_did_what
-- Attempts by agent and outcome.
select a.agent,
       count(*) filter (where a.outcome = 'completed')                      as completed,
       count(*) filter (where a.outcome = 'failed')                         as failed,
       count(*) filter (where a.outcome = 'released')                       as released,
       count(*) filter (where a.outcome = 'lease_expired')                  as lost,
       round(extract(epoch from sum(a.ended_at - a.created_at)
                 filter (where a.outcome = 'completed')) * 1000)::bigint    as busy_ms
  from docket.task_attempts as a
 where a.project_id = %(project_id)s
 group by a.agent
 order by a.agent;

-- name: retried
-- Tasks that took more than one attempt.
select t.task_key,
       t.title,
       t.status,
       array_agg(a.agent || ': ' || coalesce(a.outcome, 'held') order by a.attempt_no) as attempts
  from docket.task_attempts as a
  join docket.tasks as t
    on t.task_id = a.task_id
   and t.project_id = a.project_id
 where a.project_id = %(project_id)s
 group by t.task_id, t.task_key, t.title, t.status
having count(*) > 1
 order by t.task_id;

-- name: ends_of_attempt
-- How an attempt ended, and by whom its task was completed. Parameter: attempt_id.
select a.outcome,
       c.agent as completed_by
  from docket.task_attempts as a
  left join docket.task_attempts as c
    on c.task_id = a.task_id
   and c.project_id = a.project_id
   and c.outcome = 'completed'
 where a.project_id = %(project_id)s
   and a.attempt_id = %(attempt_id)s;
