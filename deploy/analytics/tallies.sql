-- Deploy pgdocket:analytics/tallies to pg
-- requires: context/ai_interactions
-- requires: context/context_statistics
-- requires: delivery/error_logs
-- requires: delivery/validation_results
-- requires: observability/component_communications
-- requires: queue/task_attempts

begin;
set local role docket_owner;

-- What dashboards ask of all tasks at once is counted from time to time into materialized views,
-- and every answer from them says when that was. They know nothing of row-level security, and so
-- are granted to nobody: functions read them, of the projects that their caller may see.
--
-- Each is filled by a function, for its setting of row_security: a restored dump fills them with
-- row-level security off, and a query of a forced table would then be refused.
--
-- How long work takes is told in the words of the Kanban Guide (December 2020): the cycle time is
-- from the start of a piece of work to its end, here from the first attempt at a task to its
-- completion, and throughput is how many end in a period. The lead time is what whoever asked for
-- it waited, from the task's creation to its completion. A task that was completed without any
-- attempt, by a person, has a lead time and no cycle time. Times are in milliseconds; a quantile is
-- the least time that so many of all did not exceed (percentile_disc).
create function docket_private.tally_task_counts() returns table (
    project_id uuid,
    dimension  text,
    label      text,
    status     text,
    tasks      bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
      with latest as (
          -- Nobody has a task that has failed, or waits to be tried again: somebody had it.
          select distinct on (a.task_id) a.task_id, a.project_id, a.agent
            from docket.task_attempts as a
           order by a.task_id, a.attempt_no desc
      ), tasks as (
          select t.project_id, t.status, t.priority, t.workflow_id,
                 coalesce(t.assigned_to, l.agent) as agent
            from docket.tasks as t
            left join latest as l
              on l.task_id    = t.task_id
             and l.project_id = t.project_id
           where t.archived_at is null
      )
    select t.project_id,
           case
               when grouping(t.priority) = 0 then 'priority'
               when grouping(t.agent) = 0 then 'agent'
               else 'workflow'
           end,
           coalesce(t.priority::text, t.agent, t.workflow_id::text, ''),
           t.status::text,
           count(*)
      from tasks as t
     group by grouping sets (
                  (t.project_id, t.status, t.priority),
                  (t.project_id, t.status, t.agent),
                  (t.project_id, t.status, t.workflow_id))
     union all
    select t.project_id, 'tag', g.tag, t.status::text, count(*)
      from docket.tasks as t
     cross join lateral (
               select distinct w.tag
                 from unnest(t.tags) as w (tag)
                union all
               select ''
                where t.tags = '{}'
           ) as g
     where t.archived_at is null
     group by t.project_id, g.tag, t.status;
end;
$$;

comment on function docket_private.tally_task_counts() is
    'The tasks in use by priority, agent, workflow and tag, and by status; '''' is the label of those that have none.';

create materialized view docket_private.task_counts as
    select c.* from docket_private.tally_task_counts() as c;

-- squawk-ignore require-concurrent-index-creation
create unique index task_counts_key
    on docket_private.task_counts (project_id, dimension, label, status);

comment on materialized view docket_private.task_counts is
    'The tasks in use by priority, agent, workflow and tag, and by status.';

create function docket_private.tally_task_times() returns table (
    project_id    uuid,
    dimension     text,
    label         text,
    days          integer,
    completed     bigint,
    lead_mean_ms  bigint,
    lead_p50_ms   bigint,
    lead_p95_ms   bigint,
    cycles        bigint,
    cycle_mean_ms bigint,
    cycle_p50_ms  bigint,
    cycle_p95_ms  bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
      with windows as (
          select d.days, docket.clock() - make_interval(days => d.days) as since
            from unnest('{7,30,90,365}'::integer[]) as d (days)
      ), times as materialized (
          select t.project_id, t.priority, t.assigned_to, t.workflow_id, t.tags, w.days,
                 round(extract(epoch from t.completed_at - t.created_at) * 1000)::bigint
                     as lead_ms,
                 round(extract(epoch from t.completed_at - a.created_at) * 1000)::bigint
                     as cycle_ms
            from docket.tasks as t
            left join docket.task_attempts as a
              on a.task_id    = t.task_id
             and a.project_id = t.project_id
             and a.attempt_no = 1
            join windows as w
              on t.completed_at >= w.since
           where t.archived_at is null
      )
    select t.project_id,
           case
               when grouping(t.priority) = 0 then 'priority'
               when grouping(t.assigned_to) = 0 then 'agent'
               when grouping(t.workflow_id) = 0 then 'workflow'
               else ''
           end,
           coalesce(t.priority::text, t.assigned_to, t.workflow_id::text, ''),
           t.days,
           count(*),
           avg(t.lead_ms)::bigint,
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.lead_ms))[1],
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.lead_ms))[2],
           count(t.cycle_ms),
           avg(t.cycle_ms)::bigint,
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.cycle_ms))[1],
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.cycle_ms))[2]
      from times as t
     group by grouping sets (
                  (t.project_id, t.days),
                  (t.project_id, t.days, t.priority),
                  (t.project_id, t.days, t.assigned_to),
                  (t.project_id, t.days, t.workflow_id))
     union all
    select t.project_id, 'tag', g.tag, t.days,
           count(*),
           avg(t.lead_ms)::bigint,
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.lead_ms))[1],
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.lead_ms))[2],
           count(t.cycle_ms),
           avg(t.cycle_ms)::bigint,
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.cycle_ms))[1],
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.cycle_ms))[2]
      from times as t
     cross join lateral (
               select distinct w.tag
                 from unnest(t.tags) as w (tag)
                union all
               select ''
                where t.tags = '{}'
           ) as g
     group by t.project_id, t.days, g.tag;
end;
$$;

comment on function docket_private.tally_task_times() is
    'How long the tasks took that were completed in the last 7, 30, 90 and 365 days: of the project (dimension ''''), and by priority, agent, workflow and tag.';

create materialized view docket_private.task_times as
    select t.* from docket_private.tally_task_times() as t;

-- squawk-ignore require-concurrent-index-creation
create unique index task_times_key
    on docket_private.task_times (project_id, dimension, days, label);

comment on materialized view docket_private.task_times is
    'How long the tasks took that were completed in the last 7, 30, 90 and 365 days, with lead and cycle times in milliseconds.';

create function docket_private.tally_work_periods() returns table (
    project_id    uuid,
    period        text,
    period_start  timestamptz,
    created       bigint,
    completed     bigint,
    lead_mean_ms  bigint,
    lead_p50_ms   bigint,
    lead_p95_ms   bigint,
    cycles        bigint,
    cycle_mean_ms bigint,
    cycle_p50_ms  bigint,
    cycle_p95_ms  bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
      with tasks as materialized (
          select t.project_id, t.created_at, t.completed_at,
                 round(extract(epoch from t.completed_at - t.created_at) * 1000)::bigint
                     as lead_ms,
                 round(extract(epoch from t.completed_at - a.created_at) * 1000)::bigint
                     as cycle_ms
            from docket.tasks as t
            left join docket.task_attempts as a
              on a.task_id    = t.task_id
             and a.project_id = t.project_id
             and a.attempt_no = 1
           where t.archived_at is null
      ), periods as (
          select p.period from unnest('{day,week}'::text[]) as p (period)
      ), created as (
          select t.project_id, p.period, b.period_start, count(*) as created
            from tasks as t
           cross join periods as p
           cross join lateral (
                     select date_trunc(p.period, t.created_at, 'UTC') as period_start
                 ) as b
           group by t.project_id, p.period, b.period_start
      ), completed as (
          select t.project_id, p.period, b.period_start,
                 count(*) as completed,
                 avg(t.lead_ms)::bigint as lead_mean_ms,
                 percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.lead_ms)
                     as lead_ms,
                 count(t.cycle_ms) as cycles,
                 avg(t.cycle_ms)::bigint as cycle_mean_ms,
                 percentile_disc('{0.5,0.95}'::float8[]) within group (order by t.cycle_ms)
                     as cycle_ms
            from tasks as t
           cross join periods as p
           cross join lateral (
                     select date_trunc(p.period, t.completed_at, 'UTC') as period_start
                 ) as b
           where t.completed_at is not null
           group by t.project_id, p.period, b.period_start
      )
    select coalesce(c.project_id, n.project_id), coalesce(c.period, n.period),
           coalesce(c.period_start, n.period_start), coalesce(n.created, 0),
           coalesce(c.completed, 0), c.lead_mean_ms, c.lead_ms[1], c.lead_ms[2],
           coalesce(c.cycles, 0), c.cycle_mean_ms, c.cycle_ms[1], c.cycle_ms[2]
      from completed as c
      full join created as n
        on n.project_id   = c.project_id
       and n.period       = c.period
       and n.period_start = c.period_start;
end;
$$;

comment on function docket_private.tally_work_periods() is
    'The tasks created and completed on each day and in each week (UTC), and how long these took.';

create materialized view docket_private.work_periods as
    select w.* from docket_private.tally_work_periods() as w;

-- squawk-ignore require-concurrent-index-creation
create unique index work_periods_key
    on docket_private.work_periods (project_id, period, period_start);

comment on materialized view docket_private.work_periods is
    'The tasks created and completed on each day and in each week (UTC), with lead and cycle times in milliseconds.';

-- What says nothing of success is counted in neither of the two: an attempt that was released or
-- cancelled, a validation that was skipped, a run that somebody stopped.
create function docket_private.tally_outcome_days() returns table (
    project_id uuid,
    day_start  timestamptz,
    kind       text,
    label      text,
    total      bigint,
    good       bigint,
    bad        bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
    select a.project_id, d.day_start, 'attempt', a.agent, count(*),
           count(*) filter (where a.outcome = 'completed'),
           count(*) filter (where a.outcome in ('failed', 'lease_expired'))
      from docket.task_attempts as a
     cross join lateral (select date_trunc('day', a.ended_at, 'UTC') as day_start) as d
     where a.ended_at is not null
     group by a.project_id, d.day_start, a.agent
     union all
    select v.project_id, d.day_start, 'validation',
           v.validation_type::text, count(*),
           count(*) filter (where v.validation_status in ('passed', 'warning')),
           count(*) filter (where v.validation_status in ('failed', 'error'))
      from docket.validation_results as v
     cross join lateral (select date_trunc('day', v.created_at, 'UTC') as day_start) as d
     where v.validation_status not in ('pending', 'running')
     group by v.project_id, d.day_start, v.validation_type
     union all
    select e.project_id, d.day_start, 'execution',
           e.execution_type::text, count(*),
           count(*) filter (where e.status = 'completed'),
           count(*) filter (where e.status in ('failed', 'timed_out'))
      from docket.execution_history as e
     cross join lateral (select date_trunc('day', e.completed_at, 'UTC') as day_start) as d
     where e.completed_at is not null
     group by e.project_id, d.day_start, e.execution_type
     union all
    select e.project_id, d.day_start, 'error',
           coalesce(e.error_type, ''), count(*), 0, count(*)
      from docket.error_logs as e
     cross join lateral (select date_trunc('day', e.occurred_at, 'UTC') as day_start) as d
     group by e.project_id, d.day_start, e.error_type;
end;
$$;

comment on function docket_private.tally_outcome_days() is
    'What ended on each day (UTC), how much of it well and how much badly: attempts by agent, validations and executions by type, errors by type ('''': none).';

create materialized view docket_private.outcome_days as
    select o.* from docket_private.tally_outcome_days() as o;

-- squawk-ignore require-concurrent-index-creation
create unique index outcome_days_key
    on docket_private.outcome_days (project_id, kind, day_start, label);

comment on materialized view docket_private.outcome_days is
    'What ended on each day (UTC), and how: attempts, validations, executions and errors.';

create function docket_private.tally_cost_days() returns table (
    project_id              uuid,
    day_start               timestamptz,
    agent_name              text,
    model                   text,
    currency                text,
    interactions            bigint,
    successes               bigint,
    input_tokens            bigint,
    output_tokens           bigint,
    cache_read_input_tokens bigint,
    cost                    numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
    select i.project_id, d.day_start, i.agent_name, m.model, m.currency,
           count(*), count(*) filter (where i.success),
           coalesce(sum(i.input_tokens), 0)::bigint, coalesce(sum(i.output_tokens), 0)::bigint,
           coalesce(sum(i.cache_read_input_tokens), 0)::bigint, coalesce(sum(i.cost_amount), 0)
      from docket.ai_interactions as i
     cross join lateral (select date_trunc('day', i.created_at, 'UTC') as day_start) as d
     cross join lateral (
               select coalesce(i.response_model, i.request_model, '') as model,
                      coalesce(i.cost_currency, '') as currency
           ) as m
     group by i.project_id, d.day_start, i.agent_name, m.model, m.currency;
end;
$$;

comment on function docket_private.tally_cost_days() is
    'The interactions of each day (UTC) by agent, model and currency, their tokens and cost; '''' is no model, or no currency.';

create materialized view docket_private.cost_days as
    select c.* from docket_private.tally_cost_days() as c;

-- squawk-ignore require-concurrent-index-creation
create unique index cost_days_key
    on docket_private.cost_days (project_id, day_start, agent_name, model, currency);

comment on materialized view docket_private.cost_days is
    'The interactions of each day (UTC) by agent, model and currency, with tokens and cost.';

create function docket_private.tally_communication_days() returns table (
    project_id      uuid,
    day_start       timestamptz,
    component       text,
    messages        bigint,
    failed          bigint,
    latency_mean_ms bigint,
    latency_p50_ms  bigint,
    latency_p95_ms  bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
    select c.project_id, d.day_start, c.to_component, count(*),
           count(*) filter (where c.status in ('failed', 'timed_out')),
           avg(c.latency_ms)::bigint,
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by c.latency_ms))[1],
           (percentile_disc('{0.5,0.95}'::float8[]) within group (order by c.latency_ms))[2]
      from docket.component_communications as c
     cross join lateral (select date_trunc('day', c.created_at, 'UTC') as day_start) as d
     group by c.project_id, d.day_start, c.to_component;
end;
$$;

comment on function docket_private.tally_communication_days() is
    'What each component was asked on each day (UTC): messages to it, how many failed, and how long they took.';

create materialized view docket_private.communication_days as
    select c.* from docket_private.tally_communication_days() as c;

-- squawk-ignore require-concurrent-index-creation
create unique index communication_days_key
    on docket_private.communication_days (project_id, day_start, component);

comment on materialized view docket_private.communication_days is
    'What each component was asked on each day (UTC): messages to it, how many failed, and how long they took.';

create function docket_private.tally_context_counts() returns table (
    project_id      uuid,
    context_type    text,
    tasks           bigint,
    versions        bigint,
    byte_size       bigint,
    largest_bytes   bigint,
    uses            bigint,
    last_written_at timestamptz,
    last_used_at    timestamptz
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set row_security = on
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
      with written as (
          select c.project_id, c.context_type, count(distinct c.task_id) as tasks,
                 count(*) as versions, sum(c.byte_size)::bigint as byte_size,
                 max(c.byte_size) as largest_bytes, max(c.created_at) as last_written_at
            from docket.task_contexts as c
           group by c.project_id, c.context_type
      ), used as (
          select u.project_id, u.context_type, sum(u.uses)::bigint as uses,
                 max(u.last_used_at) as last_used_at
            from docket.context_uses as u
           group by u.project_id, u.context_type
      )
    select w.project_id, w.context_type, w.tasks, w.versions, w.byte_size, w.largest_bytes,
           coalesce(u.uses, 0), w.last_written_at, u.last_used_at
      from written as w
      left join used as u
        on u.project_id   = w.project_id
       and u.context_type = w.context_type;
end;
$$;

comment on function docket_private.tally_context_counts() is
    'The contexts of each project by type: tasks, versions, bytes and uses.';

create materialized view docket_private.context_counts as
    select c.* from docket_private.tally_context_counts() as c;

-- squawk-ignore require-concurrent-index-creation
create unique index context_counts_key
    on docket_private.context_counts (project_id, context_type);

comment on materialized view docket_private.context_counts is
    'The contexts of each project by type: tasks, versions, bytes and uses.';

revoke all on function docket_private.tally_task_counts() from public;
revoke all on function docket_private.tally_task_times() from public;
revoke all on function docket_private.tally_work_periods() from public;
revoke all on function docket_private.tally_outcome_days() from public;
revoke all on function docket_private.tally_cost_days() from public;
revoke all on function docket_private.tally_communication_days() from public;
revoke all on function docket_private.tally_context_counts() from public;

commit;
