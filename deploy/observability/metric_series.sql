-- Deploy pgdocket:observability/metric_series to pg
-- requires: observability/metric_rollups

begin;
set local role docket_owner;

create function docket_private.check_series_call(
    metric    docket.metric_definitions,
    bucket    interval,
    aggregate text,
    since     timestamptz,
    until     timestamptz
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_plain constant text[] := array['count', 'sum', 'avg', 'min', 'max', 'last'];
    v_count constant text[] := array['increase', 'rate', 'count', 'last'];
begin
    if (case metric.kind
            when 'counter' then check_series_call.aggregate = any (v_count)
            else check_series_call.aggregate = any (v_plain)
                 or check_series_call.aggregate ~ '^p\d{1,2}(\.\d{1,3})?$'
        end) is not true
    then
        raise exception '"%" is no way to take samples of a % together',
                        left(check_series_call.aggregate, 100), metric.kind
            using errcode = 'PD422',
                  hint    = 'For counters: increase, rate, count, last. For all else: count, sum, avg, min, max, last, or a quantile as p50, p95, p99.9.';
    end if;

    if (check_series_call.bucket >= interval '1 second'
        and check_series_call.bucket <= interval '36600 days'
        and extract(month from check_series_call.bucket) = 0
        and extract(year from check_series_call.bucket) = 0) is not true
    then
        raise exception 'a bucket is not %', check_series_call.bucket
            using errcode = 'PD422',
                  hint    = 'Give a second or more, in seconds, minutes, hours, days or weeks.';
    end if;

    if (isfinite(check_series_call.since) and isfinite(check_series_call.until)
        and check_series_call.since >= '1900-01-01' and check_series_call.until < '3000-01-01'
        and extract(epoch from check_series_call.until - check_series_call.since)
            <= 10000 * extract(epoch from check_series_call.bucket)) is not true
    then
        raise exception 'the time asked for is not one of up to 10000 buckets'
            using errcode = 'PD422',
                  hint    = 'Give since and until, nearer to each other, or a longer bucket.';
    end if;
end;
$$;

comment on function docket_private.check_series_call(
    docket.metric_definitions, interval, text, timestamptz, timestamptz) is
    'Raises PD422 for what can not be asked of a metric.';

-- The samples of some series, or the rollups that say the same: a row for each. Rollups do not say
-- the same where samples have come since they were made, whatever time these are of.
create function docket_private.series_parts(
    project_id uuid,
    series_ids bigint[],
    resolution text,
    since      timestamptz,
    until      timestamptz,
    kept_since timestamptz
) returns table (
    series_id     bigint,
    part_at       timestamptz,
    metric_id     bigint,
    sample_count  bigint,
    total         numeric,
    lowest        numeric,
    highest       numeric,
    first_value   numeric,
    last_value    numeric,
    last_at       timestamptz,
    increase      numeric,
    sketch_keys   integer[],
    sketch_counts bigint[],
    resolution_of text
)
language plpgsql
stable
rows 100
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rolled pg_snapshot := docket_private.rolled_snapshot();
    v_length interval    := case series_parts.resolution
                                when 'day' then interval '24 hours'
                                when 'hour' then interval '1 hour'
                                when 'minute' then interval '1 minute'
                            end;
    v_stale  bigint[];
    v_when   timestamptz[];
begin
    if series_parts.resolution <> 'raw' then
        select array_agg(f.series_id), array_agg(f.bucket_at)
          into v_stale, v_when
          from (
              select distinct m.series_id,
                     date_trunc(series_parts.resolution, m.recorded_at, 'UTC') as bucket_at
                from docket.metrics as m
               where m.transaction_id >= pg_snapshot_xmin(v_rolled)
                 and not pg_visible_in_snapshot(m.transaction_id, v_rolled)
                 and m.project_id  = series_parts.project_id
                 and m.series_id   = any (series_parts.series_ids)
                 and m.recorded_at >= greatest(series_parts.since, series_parts.kept_since)
                 and m.recorded_at < series_parts.until
          ) as f;

        return query
        select r.series_id, r.bucket_at, 0::bigint, r.sample_count, r.total, r.lowest, r.highest,
               r.first_value, r.last_value, r.last_at, r.increase, r.sketch_keys,
               r.sketch_counts, r.resolution::text
          from unnest(series_parts.series_ids) as s (series_id)
         cross join lateral (
                   select n.*
                     from docket.metric_rollups as n
                    where n.series_id  = s.series_id
                      and n.project_id = series_parts.project_id
                      and n.resolution = series_parts.resolution
                      and n.bucket_at >= series_parts.since
                      and n.bucket_at < series_parts.until
                    offset 0
               ) as r
         where not exists (
                   select
                     from unnest(v_stale, v_when)
                          as f (series_id, bucket_at)
                    where f.series_id = r.series_id
                      and f.bucket_at = r.bucket_at);
    end if;

    return query
    select m.series_id, m.recorded_at, m.metric_id, 1::bigint, m.value, m.value, m.value, m.value,
           m.value, m.recorded_at, 0::numeric, array[docket_private.sketch_key(m.value)],
           '{1}'::bigint[], 'raw'
      from (
          select s.series_id, series_parts.since, series_parts.until
            from unnest(series_parts.series_ids) as s (series_id)
           where series_parts.resolution = 'raw'
           union all
          select f.series_id, f.bucket_at, f.bucket_at + v_length
            from unnest(v_stale, v_when) as f (series_id, bucket_at)
           where series_parts.resolution <> 'raw'
      ) as w (series_id, since, until)
     cross join lateral (
               select n.*
                 from docket.metrics as n
                where n.series_id   = w.series_id
                  and n.project_id  = series_parts.project_id
                  and n.recorded_at >= w.since
                  and n.recorded_at < w.until
                offset 0
           ) as m;

    -- What a counter was before.
    return query
    select s.series_id, b.last_at, b.metric_id, 0::bigint, null::numeric, null::numeric,
           null::numeric, b.last_value, b.last_value, b.last_at, null::numeric, null::integer[],
           null::bigint[], 'before'
      from unnest(series_parts.series_ids) as s (series_id)
     cross join lateral (
               select m.recorded_at as last_at, m.metric_id, m.value as last_value
                 from docket.metrics as m
                where m.series_id   = s.series_id
                  and m.project_id  = series_parts.project_id
                  and m.recorded_at < series_parts.since
                order by m.recorded_at desc, m.metric_id desc
                limit 1
           ) as b
     union all
    select s.series_id, b.last_at, 0::bigint, 0::bigint, null::numeric, null::numeric,
           null::numeric, b.last_value, b.last_value, b.last_at, null::numeric, null::integer[],
           null::bigint[], 'before'
      from unnest(series_parts.series_ids) as s (series_id)
     cross join lateral (
               select r.last_at, r.last_value
                 from docket.metric_rollups as r
                where r.series_id  = s.series_id
                  and r.project_id = series_parts.project_id
                  and r.resolution = 'day'
                  and r.last_at < least(series_parts.since, series_parts.kept_since)
                  and r.bucket_at < least(series_parts.since, series_parts.kept_since)
                order by r.bucket_at desc
                limit 1
           ) as b;
end;
$$;

comment on function docket_private.series_parts(
    uuid, bigint[], text, timestamptz, timestamptz, timestamptz) is
    'The samples of some series in a time, one by one or as rollups where these say the same, and each series'' last sample before it.';

create function docket_private.usual_aggregate(kind text) returns text
language sql
immutable
parallel safe
begin atomic
    select case usual_aggregate.kind
               when 'counter' then 'rate'
               when 'gauge' then 'avg'
               when 'summary' then 'avg'
               else 'p95'
           end;
end;

comment on function docket_private.usual_aggregate(text) is
    'How samples of a kind are taken together where nobody says how.';

create function docket_private.labels_of_group(labels jsonb, group_by text[]) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select coalesce(jsonb_object_agg(l.key, l.value), '{}')
          from jsonb_each(labels_of_group.labels) as l
         where l.key = any (labels_of_group.group_by));
end;
$$;

comment on function docket_private.labels_of_group(jsonb, text[]) is
    'Of the labels of a series those by which it is told apart.';

-- The buckets begin at `origin`, or whole lengths of them before and after it.
create function docket_private.series_buckets(
    metric    docket.metric_definitions,
    labels    jsonb,
    bucket    interval,
    aggregate text,
    since     timestamptz,
    until     timestamptz,
    group_by  text[],
    origin    timestamptz
) returns table (
    bucket_at    timestamptz,
    group_labels jsonb,
    value        numeric,
    sample_count bigint,
    read_from    text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seconds  constant numeric     := extract(epoch from bucket);
    -- What of whole minutes, hours or days the buckets are, counted from where they begin.
    v_offset   constant numeric     := extract(epoch from origin);
    v_quantile constant numeric     := substring(aggregate from '^p(.*)$')::numeric / 100;
    v_since    constant timestamptz := date_bin(bucket, since, origin);
    v_until    constant timestamptz := date_bin(
        bucket, until + bucket - interval '1 microsecond', origin);
    v_from     text;
    v_kept     timestamptz;
    v_series   record;
begin
    v_from := case
                  when v_quantile is not null and metric.kind not in ('histogram', 'timer')
                      then 'raw'
                  when v_seconds % 86400 = 0 and v_offset % 86400 = 0 then 'day'
                  when v_seconds % 3600 = 0 and v_offset % 3600 = 0 then 'hour'
                  when v_seconds % 60 = 0 and v_offset % 60 = 0 then 'minute'
                  else 'raw'
              end;
    v_kept := (
        select r.gone_until
          from docket.metric_retention as r
         where r.category = metric.category);

    select array_agg(s.series_id) as ids,
           array_agg(docket_private.labels_of_group(s.labels, series_buckets.group_by)) as groups
      into v_series
      from docket.metric_series as s
     where s.name       = metric.name
       and s.project_id = metric.project_id
       and s.labels @> coalesce(series_buckets.labels, '{}');

    return query
      with parts as materialized (
          select g.group_labels,
                 date_bin(series_buckets.bucket, p.part_at, series_buckets.origin) as bucket_at,
                 p.*,
                 lag(p.last_value) over (
                     partition by p.series_id
                         order by p.part_at, p.metric_id) as previous
            from docket_private.series_parts(
                     metric.project_id, v_series.ids, v_from, v_since, v_until, v_kept) as p
            join unnest(v_series.ids, v_series.groups) as g (series_id, group_labels)
              on g.series_id = p.series_id
      ), counted as (
          select k.group_labels, k.bucket_at,
                 array_agg(k.key) as keys,
                 array_agg(k.key_count) as counts
            from (
                select p.group_labels, p.bucket_at, e.key, sum(e.key_count)::bigint as key_count
                  from parts as p
                 cross join lateral unnest(p.sketch_keys, p.sketch_counts) as e (key, key_count)
                 where v_quantile is not null
                   and p.resolution_of <> 'before'
                 group by 1, 2, 3
            ) as k
           group by k.group_labels, k.bucket_at
      ), summed as (
          select p.group_labels, p.bucket_at,
                 sum(p.sample_count)::bigint as sample_count,
                 sum(p.total) as total,
                 min(p.lowest) as lowest,
                 max(p.highest) as highest,
                 (array_agg(p.last_value
                            order by p.last_at desc, p.series_id desc, p.metric_id desc))[1]
                     as last_value,
                 sum(p.increase
                     + case
                           when p.previous is null then 0
                           when p.first_value >= p.previous then p.first_value - p.previous
                           else p.first_value
                       end) as increase,
                 string_agg(distinct p.resolution_of, ', ' order by p.resolution_of) as read_from
            from parts as p
           where p.resolution_of <> 'before'
           group by p.group_labels, p.bucket_at
      )
    select s.bucket_at, s.group_labels,
           case series_buckets.aggregate
               when 'count' then s.sample_count::numeric
               when 'sum' then s.total
               when 'avg' then s.total / s.sample_count
               when 'min' then s.lowest
               when 'max' then s.highest
               when 'last' then s.last_value
               when 'increase' then s.increase
               when 'rate' then s.increase / v_seconds
               else docket_private.sketch_quantile(
                        c.keys, c.counts, v_quantile, s.lowest, s.highest)
           end,
           s.sample_count, s.read_from
      from summed as s
      left join counted as c using (group_labels, bucket_at)
     order by s.bucket_at, s.group_labels;
end;
$$;

comment on function docket_private.series_buckets(
    docket.metric_definitions, jsonb, interval, text, timestamptz, timestamptz, text[], timestamptz
) is
    'What a metric was over a time, bucket by bucket, as docket.metric_series() says it: who calls it has let the caller through and checked what he asks for.';

create function docket.metric_series(
    project_id uuid,
    name       text,
    labels     jsonb       default '{}',
    bucket     interval    default '1 hour',
    aggregate  text        default null,
    since      timestamptz default null,
    until      timestamptz default null,
    group_by   text[]      default '{}'
) returns table (
    bucket_at    timestamptz,
    group_labels jsonb,
    value        numeric,
    sample_count bigint,
    read_from    text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- A Monday, in UTC: days begin at midnight, and weeks on Mondays.
    v_origin    constant timestamptz := timestamptz '2001-01-01 00:00:00+00';
    v_metric    docket.metric_definitions;
    v_aggregate text;
    v_since     timestamptz;
    v_until     timestamptz;
begin
    perform docket_private.require_project(metric_series.project_id, false);

    select d.* into v_metric
      from docket.metric_definitions as d
     where d.name       = metric_series.name
       and d.project_id = metric_series.project_id;

    if not found then
        raise exception 'there is no metric "%"', left(coalesce(metric_series.name, 'null'), 100)
            using errcode = 'PD404',
                  hint    = 'docket.list_metrics() lists those of a project.';
    end if;

    v_aggregate := lower(coalesce(
        metric_series.aggregate, docket_private.usual_aggregate(v_metric.kind)));
    v_until := coalesce(
        metric_series.until, docket.clock() + interval '1 microsecond');
    v_since := coalesce(metric_series.since, v_until - 24 * metric_series.bucket);
    perform docket_private.check_series_call(
        v_metric, metric_series.bucket, v_aggregate, v_since, v_until);

    return query
    select b.bucket_at, b.group_labels, b.value, b.sample_count, b.read_from
      from docket_private.series_buckets(
               v_metric, metric_series.labels, metric_series.bucket, v_aggregate, v_since, v_until,
               metric_series.group_by, v_origin) as b;
end;
$$;

comment on function docket.metric_series(
    uuid, text, jsonb, interval, text, timestamptz, timestamptz, text[]) is
'What a metric was over a time, bucket by bucket; buckets without samples are left out.

`name` is the metric, `labels` those that its series have to have, `bucket` how long one row is of
(a second or more; days begin at midnight UTC, weeks on Mondays). `since` and `until` are widened
to whole buckets; null until is now, null since 24 buckets before. `aggregate` says how samples are
taken together: for counters increase, rate (per second; both over what a counter begins anew
from), count or last; for all other kinds count, sum, avg, min, max, last, or a quantile as p50,
p95, p99.9. Null: rate of counters, avg of gauges and summaries, p95 of histograms and timers.
`group_by` are the labels whose values are told apart; all other series are taken together.
Quantiles are within 2 % of the sample that has that many before it. Rollups are read where they
say the same as the samples, and the samples where they do not. Returns a row for each bucket and
group: bucket_at, when it begins; group_labels; value, in the metric''s unit; sample_count; and
read_from, raw, minute, hour or day. value may be null. Raises PD404, PD422 (no such aggregate for
the kind, no such bucket, more than 10000 buckets).';

create function docket.list_metrics(
    project_id uuid,
    category   text    default null,
    labels     jsonb   default '{}',
    after      text    default null,
    page_size  integer default 100
) returns table (
    name         text,
    kind         docket.metric_kind,
    category     docket.metric_category,
    unit         docket.metric_unit,
    description  text,
    series_count bigint,
    label_names  text[]
)
language sql
stable
begin atomic
    select d.name, d.kind, d.category, d.unit, d.description, s.series_count,
           coalesce(s.label_names, '{}')
      from docket.metric_definitions as d
     cross join lateral (
               select count(distinct k.series_id) as series_count,
                      array_agg(distinct l.label order by l.label)
                          filter (where l.label is not null) as label_names
                 from docket.metric_series as k
                 left join lateral jsonb_object_keys(k.labels) as l (label) on true
                where k.name       = d.name
                  and k.project_id = d.project_id
                  and k.labels @> coalesce(list_metrics.labels, '{}')
           ) as s
     where d.project_id = list_metrics.project_id
       and (list_metrics.category is null or d.category = lower(list_metrics.category))
       and (list_metrics.after is null or d.name > list_metrics.after)
       and (s.series_count > 0 or coalesce(list_metrics.labels, '{}') = '{}')
     order by d.name
     limit least(greatest(list_metrics.page_size, 1), 1000);
end;

comment on function docket.list_metrics(uuid, text, jsonb, text, integer) is
'The metrics of a project, by name.

`category` is one of database, application, infrastructure, business and security, `labels` those
that a series has to have. `after` is the name of the last metric of the previous page, `page_size`
is in rows (1 to 1000). Returns a row for each metric: name, kind, category, unit, description,
series_count, how many series it has with these labels, and label_names, the labels that tell them
apart. description may be null. Raises nothing.';

revoke all on function docket_private.check_series_call(
    docket.metric_definitions, interval, text, timestamptz, timestamptz) from public;
revoke all on function docket_private.series_parts(
    uuid, bigint[], text, timestamptz, timestamptz, timestamptz) from public;
revoke all on function docket_private.usual_aggregate(text) from public;
revoke all on function docket_private.labels_of_group(jsonb, text[]) from public;
revoke all on function docket_private.series_buckets(
    docket.metric_definitions, jsonb, interval, text, timestamptz, timestamptz, text[],
    timestamptz) from public;
revoke all on function docket.metric_series(
    uuid, text, jsonb, interval, text, timestamptz, timestamptz, text[]) from public;
revoke all on function docket.list_metrics(uuid, text, jsonb, text, integer) from public;
grant execute on function
    docket.metric_series(
        uuid, text, jsonb, interval, text, timestamptz, timestamptz, text[]),
    docket.list_metrics(uuid, text, jsonb, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
