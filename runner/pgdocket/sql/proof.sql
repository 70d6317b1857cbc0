-- What must hold after agents have worked through a project. Each statement returns the rows
-- that break its claim: none, when it holds. Parameter: project_id.

-- name: no_task_twice
-- no task was completed twice
select t.task_key,
       count(*)                                    as completions,
       array_agg(a.agent order by a.attempt_no)    as agents
  from docket.task_attempts as a
  join docket.tasks as t
    on t.task_id = a.task_id
   and t.project_id = a.project_id
 where a.project_id = %(project_id)s
   and a.outcome = 'completed'
 group by t.task_key
having count(*) > 1;

-- name: last_attempt_decides
-- every task that was begun was completed by the attempt that held it last, or is open again
  with last_attempts as (
      select distinct on (a.task_id) a.task_id, a.project_id, a.attempt_no, a.agent, a.outcome
        from docket.task_attempts as a
       where a.project_id = %(project_id)s
       order by a.task_id, a.attempt_no desc
  )
select t.task_key,
       t.status,
       l.attempt_no,
       l.agent,
       l.outcome
  from last_attempts as l
  join docket.tasks as t
    on t.task_id = l.task_id
   and t.project_id = l.project_id
 where l.outcome is null
    or (l.outcome = 'completed') <> (t.status = 'completed');

-- name: no_dependency_broken
-- no task was begun before all that it depends on was completed
select t.task_key,
       d.task_key      as depends_on,
       begun.at        as begun_at,
       d.completed_at
  from docket.task_dependencies as e
  join docket.tasks as t
    on t.task_id = e.task_id
   and t.project_id = e.project_id
  join docket.tasks as d
    on d.task_id = e.depends_on_id
   and d.project_id = e.project_id
 cross join lateral (
       select min(a.created_at) as at
         from docket.task_attempts as a
        where a.task_id = t.task_id
          and a.project_id = t.project_id) as begun
 where e.project_id = %(project_id)s
   and e.dependency_type = 'blocks'
   and begun.at is not null
   and (d.completed_at is null or d.completed_at > begun.at);

-- name: counters_equal_recount
-- counters, ranks and the ready set equal a recount
select h.*
  from docket.graph_health(%(project_id)s) as h;

-- name: journal_complete
-- the journal has every change of every task, without a gap
  with changes as (
      select l.row_id                                                  as task_id,
             l.operation,
             l.old_values ->> 'status'                                 as before,
             l.new_values ->> 'status'                                 as after,
             lag(l.new_values ->> 'status') over told                  as last_after,
             (l.new_values ->> 'version')::bigint                      as version,
             row_number() over (partition by l.row_id order by l.audit_id) as number,
             l.audit_id
        from docket.tasks as t
        join docket.audit_log as l
          on l.row_id = t.task_id
         and l.table_name = 'tasks'
       where t.project_id = %(project_id)s
      window told as (
             partition by l.row_id, l.new_values ? 'status'
             order by l.audit_id)
  ), told as (
      select c.task_id,
             count(*)                                                     as entries,
             count(*) filter (where c.operation = 'insert')               as inserts,
             count(*) filter (where c.version <> c.number)                as gaps,
             count(*) filter (where c.after is not null
                                and c.before is distinct from c.last_after) as breaks,
             (array_agg(c.after order by c.audit_id desc)
                  filter (where c.after is not null))[1]                  as status
        from changes as c
       group by c.task_id
  )
select t.task_key,
       t.version,
       t.status,
       told.entries,
       told.inserts,
       told.gaps,
       told.breaks,
       told.status as told_status
  from docket.tasks as t
  left join told
    on told.task_id = t.task_id
 where t.project_id = %(project_id)s
   and (told.entries, told.inserts, told.gaps, told.breaks, told.status)
       is distinct from (t.version, 1, 0, 0, t.status::text);
