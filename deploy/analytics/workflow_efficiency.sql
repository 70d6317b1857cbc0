-- Deploy pgdocket:analytics/workflow_efficiency to pg
-- requires: delivery/execution_history
-- requires: delivery/validation_results
-- requires: graph/waves
-- requires: queue/task_attempts
-- requires: tasks/budgets

begin;
set local role docket_owner;

-- Reckoned when it is asked for, from the tasks of one workflow. Nobody finishes earlier than the
-- longest chain of tasks that wait for each other takes: so the time that passed is told against
-- that. Flow efficiency is the part of the time in which something was worked on, of all the time
-- that it took (Anderson and Carmichael, Essential Kanban Condensed, 2016).
create function docket.workflow_efficiency(workflow_id uuid) returns table (
    workflow          text,
    tasks             bigint,
    completed         bigint,
    began_at          timestamptz,
    ended_at          timestamptz,
    elapsed_ms        bigint,
    worked_ms         bigint,
    busy_ms           bigint,
    idle_share        numeric,
    critical_path_ms  bigint,
    critical_tasks    bigint,
    path_efficiency   numeric,
    flow_efficiency   numeric
)
language plpgsql
stable
security definer
rows 1
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := docket.clock();
begin
    return query
      with flow as (
          select w.workflow_id, w.project_id, w.name
            from docket.workflows as w
           where w.workflow_id = workflow_efficiency.workflow_id
      ), chosen as materialized (
          select t.task_id, t.project_id, t.status, t.created_at, t.completed_at,
                 row_number() over (order by n.rank nulls first, t.task_id)::integer as place
            from flow as f
           cross join lateral (
                     select w.task_id, w.project_id, w.status, w.created_at, w.completed_at
                       from docket.tasks as w
                      where w.workflow_id = f.workflow_id
                        and w.project_id  = f.project_id
                        and w.status     <> 'cancelled'
                        and w.archived_at is null
                     offset 0
                 ) as t
            left join docket_private.task_nodes as n
              on n.project_id = t.project_id
             and n.task_id    = t.task_id
      ), held as materialized (
          select c.place, a.created_at as began_at,
                 greatest(coalesce(a.ended_at, v_now), a.created_at) as ended_at
            from chosen as c
           cross join lateral (
                     select w.created_at, w.ended_at
                       from docket.task_attempts as w
                      where w.task_id    = c.task_id
                        and w.project_id = c.project_id
                     offset 0
                 ) as a
      ), worked as materialized (
          select c.place, c.status, c.created_at, c.completed_at, coalesce(h.ms, 0) as ms
            from chosen as c
            left join (
                     select h.place,
                            sum(extract(epoch from h.ended_at - h.began_at) * 1000) as ms
                       from held as h
                      group by h.place
                 ) as h
              on h.place = c.place
      ), edges as materialized (
          select d.place as prerequisite, c.place as dependent
            from chosen as c
           cross join lateral (
                     select e.depends_on_id
                       from docket.task_dependencies as e
                      where e.task_id         = c.task_id
                        and e.project_id      = c.project_id
                        and e.dependency_type = 'blocks'
                     offset 0
                 ) as e
            join chosen as d
              on d.task_id = e.depends_on_id
      ), path as materialized (
          select docket_private.longest_path(
                     (select array_agg(e.prerequisite order by e.dependent, e.prerequisite)
                        from edges as e),
                     (select array_agg(e.dependent order by e.dependent, e.prerequisite)
                        from edges as e),
                     (select array_agg(w.ms::double precision order by w.place)
                        from worked as w)) as places
      ), whole as (
          select f.name,
                 (select count(*) from worked as w) as tasks,
                 (select count(*) from worked as w where w.status = 'completed') as completed,
                 (select min(h.began_at) from held as h) as began_at,
                 (select max(w.completed_at) from worked as w) as last_at,
                 (select sum(w.ms) from worked as w) as worked_ms,
                 (select sum(extract(epoch from upper(b.span) - lower(b.span)) * 1000)
                    from (select range_agg(tstzrange(h.began_at, h.ended_at)) as spans
                            from held as h) as r
                   cross join lateral unnest(r.spans) as b (span)) as busy_ms,
                 (select sum(w.ms) from worked as w where w.place = any (p.places)) as path_ms,
                 cardinality(p.places) as steps,
                 (select sum(w.ms)
                         / nullif(sum(extract(epoch from w.completed_at - w.created_at) * 1000), 0)
                    from worked as w
                   where w.status = 'completed') as flow
            from flow as f
           cross join path as p
      ), timed as (
          select w.*,
                 case when w.completed = w.tasks then w.last_at end as ended_at,
                 extract(epoch from case when w.completed = w.tasks then w.last_at else v_now end
                                    - w.began_at) * 1000 as elapsed_ms
            from whole as w
      )
    select t.name, t.tasks, t.completed, t.began_at, t.ended_at, t.elapsed_ms::bigint,
           coalesce(t.worked_ms, 0)::bigint, coalesce(t.busy_ms, 0)::bigint,
           case
               when t.elapsed_ms > 0 then round(greatest(1 - t.busy_ms / t.elapsed_ms, 0), 4)
           end,
           coalesce(t.path_ms, 0)::bigint, coalesce(t.steps, 0)::bigint,
           round(t.path_ms / nullif(t.elapsed_ms, 0), 4), round(t.flow, 4)
      from timed as t;
end;
$$;

comment on function docket.workflow_efficiency(uuid) is
'How well the time of a workflow was used: what passed, against what had to.

A task counts with the time that agents held it, in all attempts; what was cancelled or put away
does not. elapsed_ms is from the first attempt to the last completion, or until now as long as
something is to be done (ended_at is null then). worked_ms is the sum of all tasks'' times, busy_ms
how long at least one was held, and idle_share the part of the elapsed time in which none was.
critical_path_ms is the longest chain of tasks that wait for each other (critical_tasks of them):
path_efficiency is that by the elapsed time, 1 where nothing but the chain took time.
flow_efficiency is the time worked by the lead time, of the completed tasks. Returns one row for a
workflow; times in milliseconds. began_at, ended_at, elapsed_ms, idle_share, path_efficiency and
flow_efficiency may be null: nothing was begun, or completed. Raises nothing.';

-- Each task by its own rows, like docket.task_execution_summary: never stale.
create view docket.task_performance
with (security_invoker = true) as
    select t.project_id,
           t.task_id,
           t.task_key,
           t.title,
           t.status,
           t.workflow_id,
           t.assigned_to,
           t.created_at,
           a.first_started_at,
           t.completed_at,
           round(extract(epoch from t.completed_at - t.created_at) * 1000)::bigint as lead_ms,
           round(extract(epoch from t.completed_at - a.first_started_at) * 1000)::bigint
               as cycle_ms,
           round(extract(epoch from a.first_started_at - t.created_at) * 1000)::bigint as waited_ms,
           a.worked_ms,
           a.attempts,
           a.attempts_failed,
           v.validations,
           v.validations_failed,
           e.executions,
           e.executions_failed,
           i.interactions,
           i.input_tokens,
           i.output_tokens,
           b.used_cost,
           t.estimated_effort,
           t.actual_effort,
           t.complexity_score,
           t.actual_complexity
      from docket.tasks as t
     cross join lateral (
               select min(w.created_at) as first_started_at,
                      coalesce(round(sum(extract(epoch from coalesce(w.ended_at, docket.clock())
                                                            - w.created_at) * 1000)), 0)::bigint
                          as worked_ms,
                      count(*) as attempts,
                      count(*) filter (where w.outcome in ('failed', 'lease_expired'))
                          as attempts_failed
                 from docket.task_attempts as w
                where w.task_id    = t.task_id
                  and w.project_id = t.project_id
           ) as a
     cross join lateral (
               select count(*) as validations,
                      count(*) filter (where w.validation_status in ('failed', 'error'))
                          as validations_failed
                 from docket.validation_results as w
                where w.task_id    = t.task_id
                  and w.project_id = t.project_id
           ) as v
     cross join lateral (
               select count(*) as executions,
                      count(*) filter (where w.status in ('failed', 'timed_out'))
                          as executions_failed
                 from docket.execution_history as w
                where w.task_id    = t.task_id
                  and w.project_id = t.project_id
           ) as e
     cross join lateral (
               select count(*) as interactions,
                      coalesce(sum(w.input_tokens), 0)::bigint as input_tokens,
                      coalesce(sum(w.output_tokens), 0)::bigint as output_tokens
                 from docket.ai_interactions as w
                where w.task_id    = t.task_id
                  and w.project_id = t.project_id
           ) as i
      left join lateral (
               select w.used_cost
                 from docket.budgets as w
                where w.task_id    = t.task_id
                  and w.project_id = t.project_id
                order by w.budget_id
                limit 1
           ) as b on true
     where t.archived_at is null;

comment on view docket.task_performance is
    'How each task in use went: lead and cycle time, how long it waited and was worked on (milliseconds), attempts, validations, executions, interactions, tokens, cost as its budget counts it, and effort against what was estimated.';

revoke all on function docket.workflow_efficiency(uuid) from public;
grant execute on function docket.workflow_efficiency(uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.task_performance
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
