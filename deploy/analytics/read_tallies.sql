-- Deploy pgdocket:analytics/read_tallies to pg
-- requires: analytics/refresh_tallies

begin;
set local role docket_owner;

-- Materialized views know nothing of row-level security: this is asked instead, by every reader.
create function docket_private.asked_projects(project_id uuid) returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if asked_projects.project_id is null then
        return docket_private.visible_projects();
    end if;

    return array(
        select asked_projects.project_id
         where asked_projects.project_id = any (docket_private.visible_projects()));
end;
$$;

comment on function docket_private.asked_projects(uuid) is
    'The project that is asked for, if the principal may see it; with null all that he may see.';

create function docket_private.tallied_at(tallies text[]) returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case when count(*) = count(t.refreshed_at) then min(t.refreshed_at) end
          from docket.tallies as t
         where t.tally = any (tallied_at.tallies));
end;
$$;

comment on function docket_private.tallied_at(text[]) is
    'As of when some tallies are all together: the age of the oldest; null where one was never counted.';

create function docket_private.require_word(
    word    text,
    allowed text[],
    thing   text
) returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if (require_word.word = any (require_word.allowed)) is not true then
        raise exception '% is no %', coalesce(quote_literal(left(require_word.word, 100)), 'null'),
                        require_word.thing
            using errcode = 'PD422',
                  hint    = format('One of %s.', array_to_string(require_word.allowed, ', '));
    end if;
end;
$$;

comment on function docket_private.require_word(text, text[], text) is
    'Refuses a word that is none of those allowed (PD422).';

-- The beginnings of the periods that an answer has a row for: whoever draws a line wants zeros too.
create function docket_private.read_periods(
    period text,
    since  timestamptz,
    until  timestamptz
) returns timestamptz[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_until timestamptz := coalesce(read_periods.until, docket.clock());
    v_since timestamptz;
begin
    perform docket_private.require_word(read_periods.period, '{day,week}', 'period');

    -- So far from the ends of time that what is reckoned from them still is one.
    if v_until between '0100-01-01' and '9000-01-01'
       and coalesce(read_periods.since, v_until) between '0100-01-01' and '9000-01-01'
    then
        v_since := date_trunc(
            read_periods.period,
            coalesce(read_periods.since, v_until - case read_periods.period
                                            when 'day' then interval '29 days'
                                            else interval '77 days'
                                        end),
            'UTC');
    end if;

    if (v_since < v_until and extract(epoch from v_until - v_since) < 86400000) is not true then
        raise exception 'from % to % is not looked at by the %',
                        coalesce(v_since, read_periods.since), v_until, read_periods.period
            using errcode = 'PD422',
                  hint    = 'since comes before until, 1000 days at most; they are 30 days or 12 weeks ago and now unless given.';
    end if;

    return array(
        select b at time zone 'UTC'
          from generate_series(
                   v_since at time zone 'UTC', v_until at time zone 'UTC',
                   case read_periods.period
                       when 'day' then interval '1 day'
                       else interval '7 days'
                   end) as b
         where b < v_until at time zone 'UTC');
end;
$$;

comment on function docket_private.read_periods(text, timestamptz, timestamptz) is
    'The beginnings of the days or weeks (UTC) from a time to before another, 30 days or 12 weeks unless given. Raises PD422.';

create function docket.task_breakdown(
    project_id uuid    default null,
    group_by   text    default 'status',
    max_rows   integer default 20
) returns table (
    project      text,
    label        text,
    tasks        bigint,
    share        numeric,
    pending      bigint,
    in_progress  bigint,
    review       bigint,
    completed    bigint,
    failed       bigint,
    blocked      bigint,
    deferred     bigint,
    cancelled    bigint,
    success_rate numeric,
    as_of        timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_projects uuid[] := docket_private.asked_projects(task_breakdown.project_id);
    v_as_of timestamptz := docket_private.tallied_at('{task_counts}');
begin
    perform docket_private.require_word(
        task_breakdown.group_by, '{status,priority,agent,workflow,tag}', 'thing to group by');

    return query
      with counts as (
          -- Each task has one priority, and so all of them are there once.
          select c.project_id, c.status, c.tasks,
                 case task_breakdown.group_by when 'status' then c.status else c.label end as label
            from docket_private.task_counts as c
           where c.project_id = any (v_projects)
             and c.dimension = case task_breakdown.group_by
                                   when 'status' then 'priority'
                                   else task_breakdown.group_by
                               end
      ), totals as (
          select c.project_id, sum(c.tasks) as tasks
            from docket_private.task_counts as c
           where c.project_id = any (v_projects)
             and c.dimension = 'priority'
           group by c.project_id
      ), grouped as (
          select c.project_id, nullif(c.label, '') as label, sum(c.tasks) as tasks,
                 jsonb_object_agg(c.status, c.tasks) as by_status
            from (
                select c.project_id, c.label, c.status, sum(c.tasks) as tasks
                  from counts as c
                 group by c.project_id, c.label, c.status
            ) as c
           group by c.project_id, c.label
      )
    select p.slug, g.label, g.tasks::bigint, round(g.tasks / t.tasks, 4), s.pending,
           s.in_progress, s.review, s.completed, s.failed, s.blocked, s.deferred, s.cancelled,
           round(s.completed::numeric / nullif(s.completed + s.failed, 0), 4), v_as_of
      from grouped as g
      join totals as t
        on t.project_id = g.project_id
      join docket.projects as p
        on p.project_id = g.project_id
     cross join lateral (
               select coalesce((g.by_status ->> 'pending')::bigint, 0) as pending,
                      coalesce((g.by_status ->> 'in_progress')::bigint, 0) as in_progress,
                      coalesce((g.by_status ->> 'review')::bigint, 0) as review,
                      coalesce((g.by_status ->> 'completed')::bigint, 0) as completed,
                      coalesce((g.by_status ->> 'failed')::bigint, 0) as failed,
                      coalesce((g.by_status ->> 'blocked')::bigint, 0) as blocked,
                      coalesce((g.by_status ->> 'deferred')::bigint, 0) as deferred,
                      coalesce((g.by_status ->> 'cancelled')::bigint, 0) as cancelled
           ) as s
     order by g.tasks desc, p.slug, g.label
     limit least(greatest(task_breakdown.max_rows, 1), 1000);
end;
$$;

comment on function docket.task_breakdown(uuid, text, integer) is
'How many tasks a project has in use, and how they stand: by status, priority, agent, workflow or tag.

`project_id` is null for each of the projects that you may see. `group_by` is status, priority,
agent (who has a task, or had it last), workflow (by its id) or tag (a task counts for each of its
own).
`max_rows` bounds the answer (1 to 1000). Returns rows, the most tasks first: share is the part of
the project''s tasks, success_rate the part that was completed of those that were completed or have
failed. as_of says how old the answer is (docket.tallies); maintenance counts anew. label may be
null: of none. success_rate and as_of may be null: nothing has ended, nothing was counted yet.
Raises PD422.';

create function docket.task_times(
    project_id uuid    default null,
    group_by   text    default 'project',
    days       integer default 30,
    max_rows   integer default 20
) returns table (
    project       text,
    label         text,
    completed     bigint,
    throughput    numeric,
    lead_mean_ms  bigint,
    lead_p50_ms   bigint,
    lead_p95_ms   bigint,
    cycles        bigint,
    cycle_mean_ms bigint,
    cycle_p50_ms  bigint,
    cycle_p95_ms  bigint,
    as_of         timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_projects uuid[] := docket_private.asked_projects(task_times.project_id);
    v_as_of timestamptz := docket_private.tallied_at('{task_times}');
begin
    perform docket_private.require_word(
        task_times.group_by, '{project,priority,agent,workflow,tag}', 'thing to group by');

    if (task_times.days in (7, 30, 90, 365)) is not true then
        raise exception 'times are not known of % days', coalesce(task_times.days::text, 'null')
            using errcode = 'PD422',
                  hint    = 'Of the last 7, 30, 90 or 365.';
    end if;

    return query
    select p.slug, nullif(t.label, ''), t.completed,
           round(t.completed::numeric / t.days, 4), t.lead_mean_ms, t.lead_p50_ms, t.lead_p95_ms,
           t.cycles, t.cycle_mean_ms, t.cycle_p50_ms, t.cycle_p95_ms, v_as_of
      from docket_private.task_times as t
      join docket.projects as p
        on p.project_id = t.project_id
     where t.project_id = any (v_projects)
       and t.dimension  = case task_times.group_by
                              when 'project' then ''
                              else task_times.group_by
                          end
       and t.days       = task_times.days
     order by t.completed desc, p.slug, t.label
     limit least(greatest(task_times.max_rows, 1), 1000);
end;
$$;

comment on function docket.task_times(uuid, text, integer, integer) is
'How long the tasks took that were completed in the last days, of a project, or by priority, agent,
workflow or tag.

`project_id` is null for each of the projects that you may see. `group_by` is project, priority,
agent, workflow (by its id) or tag, `days` 7, 30, 90 or 365, up to the last count; `max_rows`
bounds the answer (1 to 1000). The lead time is from the creation of a task to its completion, the
cycle time from the first attempt at it (cycles: how many had one). Returns rows, the most completed
tasks first: mean, median (p50) and the time that 95 of 100 did not exceed (p95), in milliseconds;
throughput is in tasks by day. as_of says how old the answer is; maintenance counts anew. label may
be null: of none. cycle_mean_ms, cycle_p50_ms, cycle_p95_ms and as_of may be null. Raises PD422.';

create function docket.work_trends(
    project_id uuid        default null,
    period     text        default 'day',
    since      timestamptz default null,
    until      timestamptz default null
) returns table (
    project            text,
    period_start       timestamptz,
    tasks_created      bigint,
    tasks_completed    bigint,
    lead_mean_ms       bigint,
    lead_p50_ms        bigint,
    lead_p95_ms        bigint,
    cycle_mean_ms      bigint,
    cycle_p50_ms       bigint,
    cycle_p95_ms       bigint,
    attempts           bigint,
    attempts_failed    bigint,
    success_rate       numeric,
    validations        bigint,
    validations_failed bigint,
    executions         bigint,
    executions_failed  bigint,
    errors             bigint,
    as_of              timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_projects uuid[] := docket_private.asked_projects(work_trends.project_id);
    v_periods timestamptz[] := docket_private.read_periods(
        work_trends.period, work_trends.since, work_trends.until);
    v_as_of timestamptz := docket_private.tallied_at('{work_periods,outcome_days}');
begin
    return query
      with outcomes as materialized (
          select o.project_id, date_trunc(work_trends.period, o.day_start, 'UTC')
                     as period_start,
                 sum(o.good + o.bad) filter (where o.kind = 'attempt') as attempts,
                 sum(o.bad) filter (where o.kind = 'attempt') as attempts_failed,
                 sum(o.good + o.bad) filter (where o.kind = 'validation') as validations,
                 sum(o.bad) filter (where o.kind = 'validation') as validations_failed,
                 sum(o.total) filter (where o.kind = 'execution') as executions,
                 sum(o.bad) filter (where o.kind = 'execution') as executions_failed,
                 sum(o.total) filter (where o.kind = 'error') as errors
            from docket_private.outcome_days as o
           where o.project_id = any (v_projects)
             and o.kind       = any ('{attempt,validation,execution,error}'::text[])
             and o.day_start >= v_periods[1]
           group by 1, 2
      )
    select p.slug, b.period_start, coalesce(w.created, 0), coalesce(w.completed, 0),
           w.lead_mean_ms, w.lead_p50_ms, w.lead_p95_ms, w.cycle_mean_ms, w.cycle_p50_ms,
           w.cycle_p95_ms, coalesce(o.attempts, 0)::bigint, coalesce(o.attempts_failed, 0)::bigint,
           round(1 - o.attempts_failed / nullif(o.attempts, 0), 4),
           coalesce(o.validations, 0)::bigint, coalesce(o.validations_failed, 0)::bigint,
           coalesce(o.executions, 0)::bigint, coalesce(o.executions_failed, 0)::bigint,
           coalesce(o.errors, 0)::bigint, v_as_of
      from docket.projects as p
     cross join unnest(v_periods) as b (period_start)
      left join docket_private.work_periods as w
        on w.project_id   = p.project_id
       and w.period       = work_trends.period
       and w.period_start = b.period_start
      left join outcomes as o
        on o.project_id   = p.project_id
       and o.period_start = b.period_start
     where p.project_id = any (v_projects)
     order by p.slug, b.period_start;
end;
$$;

comment on function docket.work_trends(uuid, text, timestamptz, timestamptz) is
'How work went, by day or week: tasks created and completed with their lead and cycle times, attempts
that ended and failed, validations, executions and errors.

`project_id` is null for each of the projects that you may see. `period` is day or week (UTC, from
Monday), `since` and `until` which of them, from the one with the first to before the second (30
days or 12 weeks unless given, 1000 days at most). Returns a row for each period, of those without
anything too. Times are as in task_times(), in milliseconds, of the tasks completed then. attempts
are those that were completed, failed, or whose lease expired (these two are attempts_failed),
success_rate the part that was completed; validations those that passed or failed. as_of says how
old the answer is; maintenance counts anew. lead_mean_ms, lead_p50_ms, lead_p95_ms, cycle_mean_ms,
cycle_p50_ms, cycle_p95_ms, success_rate and as_of may be null. Raises PD422.';

revoke all on function docket_private.asked_projects(uuid) from public;
revoke all on function docket_private.tallied_at(text[]) from public;
revoke all on function docket_private.require_word(text, text[], text) from public;
revoke all on function docket_private.read_periods(text, timestamptz, timestamptz) from public;
revoke all on function docket.task_breakdown(uuid, text, integer) from public;
revoke all on function docket.task_times(uuid, text, integer, integer) from public;
revoke all on function docket.work_trends(uuid, text, timestamptz, timestamptz) from public;
grant execute on function
    docket.task_breakdown(uuid, text, integer),
    docket.task_times(uuid, text, integer, integer),
    docket.work_trends(uuid, text, timestamptz, timestamptz)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
