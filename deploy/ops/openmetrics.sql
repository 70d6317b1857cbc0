-- Deploy pgdocket:ops/openmetrics to pg
-- requires: observability/components
-- requires: observability/metric_series
-- requires: ops/maintain
-- requires: queue/read_queue

begin;
set local role docket_owner;

create function docket_private.exposed_text(value text) returns text
language sql
immutable
begin atomic
    select replace(replace(replace(exposed_text.value, '\', '\\'), '"', '\"'), e'\n', '\n');
end;

comment on function docket_private.exposed_text(text) is
    'A text as OpenMetrics writes it between quotes.';

create function docket_private.exposed_labels(labels jsonb) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (select '{' || string_agg(
                           format('%s="%s"', l.key, docket_private.exposed_text(l.value)), ','
                           order by l.key) || '}'
           from jsonb_each_text(exposed_labels.labels) as l),
        '');
end;
$$;

comment on function docket_private.exposed_labels(jsonb) is
    'Labels as OpenMetrics writes them.';

-- What the docket says of itself. Its names are a promise: dashboards are built on them.
create function docket_private.own_metrics() returns table (
    family text,
    kind   text,
    help   text,
    suffix text,
    labels jsonb,
    value  numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select 'docket_tasks', 'gauge', 'Tasks by status.', '',
           jsonb_build_object('project', p.slug, 'project_id', p.project_id, 'status', t.status),
           count(*)::numeric
      from docket.projects as p
      join docket.tasks as t using (project_id)
     where p.archived_at is null
       and t.archived_at is null
     group by p.slug, p.project_id, t.status;

    return query
    select f.family, 'gauge', f.help, '',
           jsonb_build_object('project', p.slug, 'project_id', p.project_id), f.value
      from docket.projects as p
     cross join lateral (
               select count(*) as held,
                      count(*) filter (where a.lease_expires_at <= docket.clock()) as expired
                 from docket.task_attempts as a
                where a.project_id = p.project_id
                  and a.outcome is null
           ) as l
     cross join lateral (
               select count(*) as ready
                 from docket.ready_tasks as t
                where t.project_id = p.project_id
           ) as r
     cross join lateral (
               values ('docket_ready_tasks', 'Tasks that can be claimed.', r.ready::numeric),
                      ('docket_leases', 'Tasks that are held by agents.', l.held),
                      ('docket_expired_leases', 'Leases that have expired.', l.expired)
           ) as f (family, help, value)
     where p.archived_at is null;

    return query
    select 'docket_components', 'gauge', 'Components by state.', '',
           jsonb_build_object('project', p.slug, 'project_id', p.project_id, 'state', h.state),
           count(*)::numeric
      from docket.projects as p
      join docket.system_health as h using (project_id)
     where p.archived_at is null
     group by p.slug, p.project_id, h.state;

    return query
    select 'docket_database_size_bytes', 'gauge', 'The size of the database.', '', '{}'::jsonb,
           pg_database_size(current_database())::numeric
     union all
    select 'docket_database_connections', 'gauge', 'Connections to the database.', '', '{}',
           d.numbackends
      from pg_catalog.pg_stat_database as d
     where d.datname = current_database()
     union all
    select 'docket_database_transactions', 'counter', 'Transactions by how they ended.', '_total',
           jsonb_build_object('outcome', o.outcome), o.n
      from pg_catalog.pg_stat_database as d
     cross join lateral (
               values ('committed', d.xact_commit), ('rolled_back', d.xact_rollback)
           ) as o (outcome, n)
     where d.datname = current_database()
     union all
    select 'docket_maintenance_age_seconds', 'gauge', 'Time since each step was last done.', '',
           jsonb_build_object('step', s.step),
           round(extract(epoch from docket.clock() - s.succeeded_at), 3)
      from docket.maintenance_steps as s
     where s.succeeded_at is not null;
end;
$$;

comment on function docket_private.own_metrics() is
    'What the docket says of itself to who collects metrics.';

-- What was recorded. Names have their kind behind them: one project's gauge may be another's
-- counter, and samples of a family end in words that might end another's name.
create function docket_private.recorded_metrics() returns table (
    family text,
    kind   text,
    help   text,
    suffix text,
    labels jsonb,
    value  numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
      with series as (
          select s.series_id, s.project_id, d.name || '_' || d.kind as family, d.kind,
                 s.labels || jsonb_build_object('project', p.slug, 'project_id', p.project_id)
                     as labels,
                 concat_ws(' ', d.description, format('(%s)', d.unit)) as help
            from docket.projects as p
            join docket.metric_definitions as d using (project_id)
            join docket.metric_series as s on s.name = d.name and s.project_id = d.project_id
           where p.archived_at is null
      )
    select s.family,
           case when s.kind in ('gauge', 'counter') then s.kind else 'summary' end,
           s.help, v.suffix, s.labels || v.labels, v.value
      from series as s
     cross join lateral (
               -- The last one, unless it is too old to be what is now.
               select case s.kind when 'counter' then '_total' else '' end as suffix,
                      '{}'::jsonb as labels, m.value
                 from (
                     select n.value
                       from docket.metrics as n
                      where n.series_id   = s.series_id
                        and n.project_id  = s.project_id
                        and n.recorded_at > docket.clock() - interval '1 hour'
                      order by n.recorded_at desc, n.metric_id desc
                      limit 1
                 ) as m
                where s.kind in ('gauge', 'counter')
                union all
               select f.suffix, '{}', f.value
                 from (
                     select sum(r.sample_count) as n, sum(r.total) as total,
                            min(r.lowest) as lowest
                       from docket.metric_rollups as r
                      where r.series_id  = s.series_id
                        and r.project_id = s.project_id
                        and r.resolution = 'day'
                 ) as r
                cross join lateral (
                          values ('_count', r.n), ('_sum', r.total)
                      ) as f (suffix, value)
                where s.kind not in ('gauge', 'counter')
                  and r.n > 0
                  and (f.suffix = '_count' or r.lowest >= 0)
                union all
               select '', jsonb_build_object('quantile', q.quantile),
                      docket_private.sketch_quantile(k.keys, k.counts, q.quantile::numeric)
                 from (
                     select array_agg(e.key) as keys, array_agg(e.n) as counts
                       from docket.metric_rollups as r
                      cross join lateral unnest(r.sketch_keys, r.sketch_counts) as e (key, n)
                      where r.series_id  = s.series_id
                        and r.project_id = s.project_id
                        and r.resolution = 'minute'
                        and r.bucket_at  > docket.clock() - interval '10 minutes'
                 ) as k
                cross join unnest('{0.5,0.95,0.99}'::text[]) as q (quantile)
                where s.kind in ('histogram', 'timer')
                  and k.keys is not null
           ) as v;
end;
$$;

comment on function docket_private.recorded_metrics() is
    'What was recorded, for who collects metrics: of gauges and counters the last sample, of all else count, sum and quantiles.';

create function docket.openmetrics() returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
          with samples as (
              select o.* from docket_private.own_metrics() as o
               union all
              select r.* from docket_private.recorded_metrics() as r
          ), families as (
              select s.family,
                     format(e'# TYPE %1$s %2$s\n# HELP %1$s %3$s\n', s.family, min(s.kind),
                            docket_private.exposed_text(min(s.help)))
                     || string_agg(
                            format(e'%s%s%s %s\n', s.family, s.suffix,
                                   docket_private.exposed_labels(s.labels), trim_scale(s.value)),
                            '' order by s.labels - 'quantile', s.suffix, s.labels) as exposed
                from samples as s
               group by s.family
          )
        select coalesce(string_agg(f.exposed, '' order by f.family), '') || e'# EOF\n'
          from families as f);
end;
$$;

comment on function docket.openmetrics() is
'What there is to collect, as OpenMetrics 1.0 writes it: what the docket says of itself
(docket_tasks, docket_ready_tasks, docket_leases, docket_expired_leases, docket_components,
docket_maintenance_age_seconds, docket_database_size_bytes, docket_database_connections and
docket_database_transactions), and the metrics that were recorded, each with its kind behind its
name: build_time_timer. Of gauges and counters that is the last sample of the last hour; of all
else count and sum of all that is rolled up, and of timers and histograms the quantiles of the last
ten minutes.

Of projects it says what the caller may see; members of docket_admin and docket_maintenance see
all. Returns the text, which ends in # EOF: to be served as application/openmetrics-text;
version=1.0.0; charset=utf-8. Raises nothing.';

revoke all on function docket_private.exposed_text(text) from public;
revoke all on function docket_private.exposed_labels(jsonb) from public;
revoke all on function docket_private.own_metrics() from public;
revoke all on function docket_private.recorded_metrics() from public;
revoke all on function docket.openmetrics() from public;
grant execute on function docket.openmetrics()
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_metrics,
      docket_maintenance;

commit;
