-- Deploy pgdocket:analytics/read_costs to pg
-- requires: analytics/read_tallies
-- requires: observability/metric_rollups

begin;
set local role docket_owner;

create function docket.cost_breakdown(
    project_id uuid        default null,
    group_by   text        default 'project',
    since      timestamptz default null,
    until      timestamptz default null,
    max_rows   integer     default 20
) returns table (
    project                 text,
    label                   text,
    currency                text,
    interactions            bigint,
    success_rate            numeric,
    input_tokens            bigint,
    output_tokens           bigint,
    cache_read_input_tokens bigint,
    cost                    numeric,
    as_of                   timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_projects uuid[] := docket_private.asked_projects(cost_breakdown.project_id);
    v_days timestamptz[] := docket_private.read_periods(
        'day', cost_breakdown.since, cost_breakdown.until);
    v_as_of timestamptz := docket_private.tallied_at('{cost_days}');
begin
    perform docket_private.require_word(
        cost_breakdown.group_by, '{project,agent,model,day,week}', 'thing to group by');

    return query
      with days as (
          select d.*,
                 case cost_breakdown.group_by
                     when 'agent' then d.agent_name
                     when 'model' then nullif(d.model, '')
                     when 'day' then (d.day_start at time zone 'UTC')::date::text
                     when 'week' then
                         (date_trunc('week', d.day_start, 'UTC') at time zone 'UTC')::date::text
                 end as label
            from docket_private.cost_days as d
           where d.project_id = any (v_projects)
             and d.day_start >= v_days[1]
             and d.day_start <= v_days[cardinality(v_days)]
      )
    select p.slug, d.label, nullif(d.currency, ''), sum(d.interactions)::bigint,
           round(sum(d.successes) / sum(d.interactions), 4), sum(d.input_tokens)::bigint,
           sum(d.output_tokens)::bigint, sum(d.cache_read_input_tokens)::bigint, sum(d.cost),
           v_as_of
      from days as d
      join docket.projects as p
        on p.project_id = d.project_id
     group by p.slug, d.label, d.currency
     order by case when cost_breakdown.group_by in ('day', 'week') then d.label end desc,
              sum(d.cost) desc, sum(d.interactions) desc, p.slug, d.label
     limit least(greatest(cost_breakdown.max_rows, 1), 1000);
end;
$$;

comment on function docket.cost_breakdown(uuid, text, timestamptz, timestamptz, integer) is
'What interactions with models used and cost, by project, agent, model, day or week.

`project_id` is null for each of the projects that you may see. `group_by` is project, agent, model
(the one that answered, else the one asked for), day or week (by its first day, UTC). `since` and
`until` are the days, from that of the first to before the second (the last 30 unless given, 1000 at
most), `max_rows` bounds the answer (1 to 1000). Returns a row for each currency too, the dearest
first, days and weeks the latest first. as_of says how old the answer is; maintenance counts anew.
label, currency and as_of may be null: not grouped or not known, of no cost, never counted. Raises
PD422.';

create function docket.error_rates(
    project_id uuid        default null,
    period     text        default 'day',
    since      timestamptz default null,
    until      timestamptz default null,
    max_rows   integer     default 100
) returns table (
    project              text,
    period_start         timestamptz,
    error_type           text,
    errors               bigint,
    executions           bigint,
    errors_per_execution numeric,
    as_of                timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_projects uuid[] := docket_private.asked_projects(error_rates.project_id);
    v_periods timestamptz[] := docket_private.read_periods(
        error_rates.period, error_rates.since, error_rates.until);
    v_as_of timestamptz := docket_private.tallied_at('{outcome_days}');
begin
    return query
      with outcomes as materialized (
          select o.project_id, b.period_start, o.kind, nullif(o.label, '') as label,
                 sum(o.total)::bigint as total
            from docket_private.outcome_days as o
           cross join lateral (
                     select date_trunc(error_rates.period, o.day_start, 'UTC') as period_start
                 ) as b
           where o.project_id = any (v_projects)
             and o.kind       = any ('{execution,error}'::text[])
             and o.day_start >= v_periods[1]
             and b.period_start <= v_periods[cardinality(v_periods)]
           group by o.project_id, b.period_start, o.kind, o.label
      ), runs as (
          select o.project_id, o.period_start, sum(o.total)::bigint as executions
            from outcomes as o
           where o.kind = 'execution'
           group by o.project_id, o.period_start
      )
    select p.slug, o.period_start, o.label, o.total, coalesce(r.executions, 0),
           round(o.total::numeric / r.executions, 4), v_as_of
      from outcomes as o
      join docket.projects as p
        on p.project_id = o.project_id
      left join runs as r
        on r.project_id   = o.project_id
       and r.period_start = o.period_start
     where o.kind = 'error'
     order by o.period_start desc, o.total desc, p.slug, o.label
     limit least(greatest(error_rates.max_rows, 1), 1000);
end;
$$;

comment on function docket.error_rates(uuid, text, timestamptz, timestamptz, integer) is
'The errors of each day or week by their type, and how many that is for each execution that ended in
the same time.

`project_id` is null for each of the projects that you may see. `period` is day or week (UTC, from
Monday), `since` and `until` which of them (30 days or 12 weeks unless given, 1000 days at most),
`max_rows` bounds the answer (1 to 1000). Returns rows, the latest first and of these the most
frequent. as_of says how old the answer is; maintenance counts anew. error_type,
errors_per_execution and as_of may be null: of no type, nothing was run, never counted. Raises
PD422.';

create function docket.context_usage(
    project_id uuid    default null,
    max_rows   integer default 20
) returns table (
    project         text,
    context_type    text,
    tasks           bigint,
    versions        bigint,
    byte_size       bigint,
    mean_bytes      bigint,
    largest_bytes   bigint,
    uses            bigint,
    last_written_at timestamptz,
    last_used_at    timestamptz,
    as_of           timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_projects uuid[] := docket_private.asked_projects(context_usage.project_id);
    v_as_of timestamptz := docket_private.tallied_at('{context_counts}');
begin
    return query
    select p.slug, c.context_type, c.tasks, c.versions, c.byte_size, c.byte_size / c.versions,
           c.largest_bytes, c.uses, c.last_written_at, c.last_used_at, v_as_of
      from docket_private.context_counts as c
      join docket.projects as p
        on p.project_id = c.project_id
     where c.project_id = any (v_projects)
     order by c.byte_size desc, p.slug, c.context_type
     limit least(greatest(context_usage.max_rows, 1), 1000);
end;
$$;

comment on function docket.context_usage(uuid, integer) is
'What is kept as context, by type: for how many tasks, in how many versions, how large (in bytes, as
given), and how often it was used.

`project_id` is null for each of the projects that you may see, `max_rows` bounds the answer (1 to
1000). Returns rows, the largest first. as_of says how old the answer is; maintenance counts anew
(context_statistics() does it while one waits). last_used_at and as_of may be null. Raises
nothing.';

create function docket.component_trends(
    project_id uuid        default null,
    component  text        default null,
    since      timestamptz default null,
    until      timestamptz default null,
    max_rows   integer     default 1000
) returns table (
    project         text,
    component_name  text,
    day_start       timestamptz,
    messages        bigint,
    messages_failed bigint,
    latency_mean_ms bigint,
    latency_p50_ms  bigint,
    latency_p95_ms  bigint,
    utilization     jsonb,
    as_of           timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_projects uuid[] := docket_private.asked_projects(component_trends.project_id);
    v_days timestamptz[] := docket_private.read_periods(
        'day', component_trends.since, component_trends.until);
    v_as_of timestamptz := docket_private.tallied_at('{communication_days}');
begin
    return query
      with talked as (
          select c.project_id, c.component, c.day_start, c.messages, c.failed, c.latency_mean_ms,
                 c.latency_p50_ms, c.latency_p95_ms
            from docket_private.communication_days as c
           where c.project_id = any (v_projects)
             and c.day_start >= v_days[1]
             and c.day_start <= v_days[cardinality(v_days)]
      ), used as (
          select s.project_id, s.labels ->> 'component' as component, r.bucket_at as day_start,
                 jsonb_object_agg(
                     coalesce(s.labels ->> 'resource', ''),
                     jsonb_build_object('mean', round(r.total / r.sample_count, 4),
                                        'peak', r.highest)) as utilization
            from docket.metric_series as s
           cross join lateral (
                     select w.bucket_at, w.total, w.sample_count, w.highest
                       from docket.metric_rollups as w
                      where w.series_id  = s.series_id
                        and w.project_id = s.project_id
                        and w.resolution = 'day'
                        and w.bucket_at >= v_days[1]
                        and w.bucket_at <= v_days[cardinality(v_days)]
                     offset 0
                 ) as r
           where s.project_id = any (v_projects)
             and s.name       = 'component_utilization'
             and s.labels ? 'component'
           group by s.project_id, s.labels ->> 'component', r.bucket_at
      )
    select p.slug, k.component, k.day_start, coalesce(t.messages, 0), coalesce(t.failed, 0),
           t.latency_mean_ms, t.latency_p50_ms, t.latency_p95_ms,
           coalesce(u.utilization, '{}'), v_as_of
      from (
          select t.project_id, t.component, t.day_start from talked as t
           union
          select u.project_id, u.component, u.day_start from used as u
      ) as k
      join docket.projects as p
        on p.project_id = k.project_id
      left join talked as t
        on t.project_id = k.project_id
       and t.component  = k.component
       and t.day_start  = k.day_start
      left join used as u
        on u.project_id = k.project_id
       and u.component  = k.component
       and u.day_start  = k.day_start
     where component_trends.component is null
        or k.component = component_trends.component
     order by p.slug, k.component, k.day_start desc
     limit least(greatest(component_trends.max_rows, 1), 1000);
end;
$$;

comment on function docket.component_trends(uuid, text, timestamptz, timestamptz, integer) is
'How components did, by day: messages to them, how many failed and how long they took, and how much of
their resources was in use.

`project_id` is null for each of the projects that you may see, `component` names one of them;
`since` and `until` are the days (UTC), from that of the first to before the second (the last 30
unless given, 1000 at most); `max_rows` bounds the answer (1 to 1000). Returns a row for each
component and day that something is known of, by name and the latest first: latencies in
milliseconds; utilization is an object {resource: {mean, peak}}, of what its signs of life have told
(as far as maintenance has rolled it up). as_of says how old the rest is. latency_mean_ms,
latency_p50_ms, latency_p95_ms and as_of may be null. Raises PD422.';

revoke all on function docket.cost_breakdown(uuid, text, timestamptz, timestamptz, integer)
  from public;
revoke all on function docket.error_rates(uuid, text, timestamptz, timestamptz, integer)
  from public;
revoke all on function docket.context_usage(uuid, integer) from public;
revoke all on function docket.component_trends(uuid, text, timestamptz, timestamptz, integer)
  from public;
grant execute on function
    docket.cost_breakdown(uuid, text, timestamptz, timestamptz, integer),
    docket.error_rates(uuid, text, timestamptz, timestamptz, integer),
    docket.context_usage(uuid, integer),
    docket.component_trends(uuid, text, timestamptz, timestamptz, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
