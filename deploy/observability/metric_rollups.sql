-- Deploy pgdocket:observability/metric_rollups to pg
-- requires: observability/record_metrics

begin;
set local role docket_owner;

-- Quantiles come from a sketch with buckets that grow by a factor (that of DDSketch): what is in
-- one is at most 1 % from its middle, and so is every quantile. Sketches add up without any loss,
-- so that it is all the same in which order, and from which rollups, they are made. Values nearer
-- to 0 than 1e-30 count as 0.
--
-- Keys are in the order of the values: negative, 0 for zero, positive.
create function docket_private.sketch_key(value numeric) returns integer
language sql
immutable
parallel safe
begin atomic
    select case
               when abs(sketch_key.value) < 1e-30 then 0
               else sign(sketch_key.value)::integer
                    * (4000 + ceil(ln(abs(sketch_key.value)::double precision)
                                   / ln(1.01::double precision / 0.99))::integer)
           end;
end;

comment on function docket_private.sketch_key(numeric) is
    'The bucket of a value in a sketch: each is wider than the one before by 2 %.';

create function docket_private.sketch_value(key integer) returns numeric
language sql
immutable
parallel safe
begin atomic
    select case
               when sketch_value.key = 0 then 0
               else sign(sketch_value.key)::numeric
                    * (exp(ln(1.01::double precision / 0.99) * (abs(sketch_value.key) - 4000))
                       * 0.99)::numeric
           end;
end;

comment on function docket_private.sketch_value(integer) is
    'What stands for all values of a bucket: none of them is more than 1 % away from it.';

-- The value with as many before it as the quantile says: that of the sorted values at
-- floor(quantile * (n - 1)), counted from 0.
create function docket_private.sketch_quantile(
    keys     integer[],
    counts   bigint[],
    quantile numeric,
    lowest   numeric default null,
    highest  numeric default null
) returns numeric
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
          with buckets as (
              select k.key,
                     sum(k.value_count) over (order by k.key) as up_to,
                     sum(k.value_count) over () as total
                from unnest(sketch_quantile.keys, sketch_quantile.counts)
                     as k (key, value_count)
          )
        select greatest(
                   least(docket_private.sketch_value(b.key), sketch_quantile.highest),
                   sketch_quantile.lowest)
          from buckets as b
         where b.up_to > floor(sketch_quantile.quantile * (b.total - 1))
         order by b.key
         limit 1);
end;
$$;

comment on function docket_private.sketch_quantile(integer[], bigint[], numeric, numeric, numeric) is
    'A quantile (0 to 1) of the values of a sketch, within 2 % of the exact one, and between the lowest and the highest; null of an empty one.';

-- A row says all of its samples that a coarser one is made of. Nobody writes it but maintenance.
create table docket.metric_rollups (
    series_id     bigint                   not null,
    project_id    uuid                     not null,
    resolution    docket.metric_resolution not null,
    bucket_at     timestamptz              not null,
    sample_count  bigint                   not null,
    total         numeric                  not null,
    lowest        numeric                  not null,
    highest       numeric                  not null,
    first_value   numeric                  not null,
    last_value    numeric                  not null,
    last_at       timestamptz              not null,
    increase      numeric,
    sketch_keys   integer[],
    sketch_counts bigint[],

    constraint metric_rollups_pkey primary key (series_id, resolution, bucket_at, project_id),
    constraint metric_rollups_series_fkey
        foreign key (series_id, project_id) references docket.metric_series on delete cascade,
    constraint metric_rollups_coarser check (resolution <> 'raw')
);

create index metric_rollups_time_idx on docket.metric_rollups (resolution, bucket_at);

comment on table docket.metric_rollups is
    'What the samples of each series come to, by minute, hour and day (UTC).';
comment on column docket.metric_rollups.series_id is
    'The series.';
comment on column docket.metric_rollups.resolution is
    'How long it is: a minute, an hour or a day.';
comment on column docket.metric_rollups.bucket_at is
    'When it begins.';
comment on column docket.metric_rollups.sample_count is
    'How many samples there are.';
comment on column docket.metric_rollups.total is
    'Their sum.';
comment on column docket.metric_rollups.lowest is
    'The lowest.';
comment on column docket.metric_rollups.highest is
    'The highest.';
comment on column docket.metric_rollups.first_value is
    'The first.';
comment on column docket.metric_rollups.last_value is
    'The last.';
comment on column docket.metric_rollups.last_at is
    'When that was.';
comment on column docket.metric_rollups.increase is
    'Of counters: by how much it grew from the first sample to the last, whatever it began anew from.';
comment on column docket.metric_rollups.sketch_keys is
    'Of histograms and timers: the buckets in which there are samples, in their order.';
comment on column docket.metric_rollups.sketch_counts is
    'How many are in each of these.';

call docket_private.add_isolation('docket.metric_rollups');

-- What has been rolled up: all that a snapshot sees. A transaction that was still running then is
-- not among it, however old it was: its samples are found the next time by this, and by no time.
create table docket_private.metric_watermark (
    is_only boolean     not null default true,
    rolled  pg_snapshot not null default '1:1:',

    constraint metric_watermark_pkey primary key (is_only),
    constraint metric_watermark_only check (is_only)
);

comment on table docket_private.metric_watermark is
    'Up to which transactions samples are rolled up.';
comment on column docket_private.metric_watermark.is_only is
    'There is one row.';
comment on column docket_private.metric_watermark.rolled is
    'The snapshot that sees just the samples that are.';

alter table docket_private.metric_watermark enable row level security;
alter table docket_private.metric_watermark force row level security;
create policy metric_watermark_by_functions on docket_private.metric_watermark to docket_owner
    using (true);

insert into docket_private.metric_watermark default values;

create function docket_private.roll_minutes(
    series_ids  bigint[],
    project_ids uuid[],
    minutes     timestamptz[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
      with buckets as (
          select b.series_id, b.project_id, b.minute, d.kind
            from unnest(roll_minutes.series_ids, roll_minutes.project_ids, roll_minutes.minutes)
                 as b (series_id, project_id, minute)
           cross join lateral (
                     select s.name
                       from docket.metric_series as s
                      where s.series_id  = b.series_id
                        and s.project_id = b.project_id
                     offset 0
                 ) as s
           cross join lateral (
                     select k.kind
                       from docket.metric_definitions as k
                      where k.name       = s.name
                        and k.project_id = b.project_id
                     offset 0
                 ) as d
      ), samples as (
          select b.series_id, b.project_id, b.minute, b.kind, m.recorded_at, m.metric_id, m.value,
                 lag(m.value) over w as previous,
                 lead(m.value) over w as following
            from buckets as b
           cross join lateral (
                     select n.recorded_at, n.metric_id, n.value
                       from docket.metrics as n
                      where n.series_id   = b.series_id
                        and n.project_id  = b.project_id
                        and n.recorded_at >= b.minute
                        and n.recorded_at < b.minute + interval '1 minute'
                     offset 0
                 ) as m
          window w as (
                     partition by b.series_id, b.minute
                         order by m.recorded_at, m.metric_id)
      ), counted as (
          select k.series_id, k.minute,
                 array_agg(k.key order by k.key) as keys,
                 array_agg(k.key_count order by k.key) as counts
            from (
                select s.series_id, s.minute, docket_private.sketch_key(s.value) as key,
                       count(*) as key_count
                  from samples as s
                 where s.kind in ('histogram', 'timer')
                 group by 1, 2, 3
            ) as k
           group by k.series_id, k.minute
      ), summed as (
          select s.series_id, s.project_id, s.minute,
                 count(*) as sample_count,
                 sum(s.value) as total,
                 min(s.value) as lowest,
                 max(s.value) as highest,
                 max(s.value) filter (where s.previous is null) as first_value,
                 max(s.value) filter (where s.following is null) as last_value,
                 max(s.recorded_at) as last_at,
                 sum(case
                         when s.kind <> 'counter' then null
                         when s.previous is null then 0
                         when s.value >= s.previous then s.value - s.previous
                         else s.value
                     end) as increase
            from samples as s
           group by s.series_id, s.project_id, s.minute
      )
    insert into docket.metric_rollups as r (
        series_id, project_id, resolution, bucket_at, sample_count, total, lowest, highest,
        first_value, last_value, last_at, increase, sketch_keys, sketch_counts)
    select s.series_id, s.project_id, 'minute', s.minute, s.sample_count, s.total, s.lowest,
           s.highest, s.first_value, s.last_value, s.last_at, s.increase, c.keys, c.counts
      from summed as s
      left join counted as c using (series_id, minute)
        on conflict on constraint metric_rollups_pkey
        do update set sample_count  = excluded.sample_count,
                      total         = excluded.total,
                      lowest        = excluded.lowest,
                      highest       = excluded.highest,
                      first_value   = excluded.first_value,
                      last_value    = excluded.last_value,
                      last_at       = excluded.last_at,
                      increase      = excluded.increase,
                      sketch_keys   = excluded.sketch_keys,
                      sketch_counts = excluded.sketch_counts;
end;
$$;

comment on function docket_private.roll_minutes(bigint[], uuid[], timestamptz[]) is
    'Makes the rollups of some minutes of some series anew, from all samples that there are.';

create function docket_private.roll_up(
    series_ids  bigint[],
    project_ids uuid[],
    bucket_ats  timestamptz[],
    resolution  text,
    finer       text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
      with buckets as (
          select distinct b.series_id, b.project_id,
                 date_trunc(roll_up.resolution, b.bucket_at, 'UTC') as bucket_at
            from unnest(roll_up.series_ids, roll_up.project_ids, roll_up.bucket_ats)
                 as b (series_id, project_id, bucket_at)
      ), parts as (
          select b.series_id, b.project_id, b.bucket_at, p.bucket_at as part_at, p.sample_count,
                 p.total, p.lowest, p.highest, p.first_value, p.last_value, p.last_at, p.increase,
                 p.sketch_keys, p.sketch_counts,
                 lag(p.last_value) over (
                     partition by b.series_id, b.bucket_at
                         order by p.bucket_at) as previous
            from buckets as b
           cross join lateral (
                     select f.*
                       from docket.metric_rollups as f
                      where f.series_id  = b.series_id
                        and f.project_id = b.project_id
                        and f.resolution = roll_up.finer
                        and f.bucket_at >= b.bucket_at
                        and f.bucket_at < b.bucket_at
                                          + make_interval(
                                                hours => case roll_up.resolution
                                                             when 'day' then 24 else 1
                                                         end)
                     offset 0
                 ) as p
      ), counted as (
          select k.series_id, k.bucket_at,
                 array_agg(k.key order by k.key) as keys,
                 array_agg(k.key_count order by k.key) as counts
            from (
                select p.series_id, p.bucket_at, e.key, sum(e.key_count)::bigint as key_count
                  from parts as p
                 cross join lateral unnest(p.sketch_keys, p.sketch_counts) as e (key, key_count)
                 group by 1, 2, 3
            ) as k
           group by k.series_id, k.bucket_at
      ), summed as (
          select p.series_id, p.project_id, p.bucket_at,
                 sum(p.sample_count)::bigint as sample_count,
                 sum(p.total) as total,
                 min(p.lowest) as lowest,
                 max(p.highest) as highest,
                 (array_agg(p.first_value order by p.part_at))[1] as first_value,
                 (array_agg(p.last_value order by p.part_at desc))[1] as last_value,
                 max(p.last_at) as last_at,
                 sum(p.increase
                     + case
                           when p.previous is null then 0
                           when p.first_value >= p.previous then p.first_value - p.previous
                           else p.first_value
                       end) as increase
            from parts as p
           group by p.series_id, p.project_id, p.bucket_at
      )
    insert into docket.metric_rollups as r (
        series_id, project_id, resolution, bucket_at, sample_count, total, lowest, highest,
        first_value, last_value, last_at, increase, sketch_keys, sketch_counts)
    select s.series_id, s.project_id, roll_up.resolution, s.bucket_at, s.sample_count, s.total,
           s.lowest, s.highest, s.first_value, s.last_value, s.last_at, s.increase, c.keys,
           c.counts
      from summed as s
      left join counted as c using (series_id, bucket_at)
        on conflict on constraint metric_rollups_pkey
        do update set sample_count  = excluded.sample_count,
                      total         = excluded.total,
                      lowest        = excluded.lowest,
                      highest       = excluded.highest,
                      first_value   = excluded.first_value,
                      last_value    = excluded.last_value,
                      last_at       = excluded.last_at,
                      increase      = excluded.increase,
                      sketch_keys   = excluded.sketch_keys,
                      sketch_counts = excluded.sketch_counts;
end;
$$;

comment on function docket_private.roll_up(bigint[], uuid[], timestamptz[], text, text) is
    'Makes the rollups anew in which some finer buckets lie: hours of minutes, days of hours.';

-- From a snapshot of this server's: one that was restored elsewhere says nothing there.
create function docket_private.rolled_snapshot() returns pg_snapshot
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case
                   when pg_snapshot_xmax(w.rolled) > pg_snapshot_xmax(pg_current_snapshot())
                   then '1:1:'::pg_snapshot
                   else w.rolled
               end
          from docket_private.metric_watermark as w);
end;
$$;

comment on function docket_private.rolled_snapshot() is
    'The snapshot that sees just the samples that are rolled up.';

-- A snapshot leaves out whose it is: what this transaction brings later would count as seen.
create function docket_private.seen_by_others(seen pg_snapshot) returns pg_snapshot
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_own xid8 := pg_current_xact_id_if_assigned();
begin
    if v_own is null or v_own >= pg_snapshot_xmax(seen) then
        return seen;
    end if;

    return (
        select format('%s:%s:%s', least(pg_snapshot_xmin(seen)::text::numeric, min(x.id)),
                      pg_snapshot_xmax(seen), string_agg(x.id::text, ',' order by x.id)
               )::pg_snapshot
          from (
              select r.id::text::numeric
                from pg_snapshot_xip(seen) as r (id)
               union
              select v_own::text::numeric
          ) as x (id));
end;
$$;

comment on function docket_private.seen_by_others(pg_snapshot) is
    'What a snapshot of this transaction sees, without what the transaction itself does.';

create function docket_private.roll_metrics(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rolled pg_snapshot;
    v_bound  xid8;
    v_new    record;
begin
    perform docket_private.require_operator();

    -- One at a time: each goes on where the one before it ended.
    perform from docket_private.metric_watermark as w for no key update;
    v_rolled := docket_private.rolled_snapshot();

    -- Where there is more than one call may do: up to a transaction before which none is running.
    v_bound := (
        select m.transaction_id
          from docket.metrics as m
         where m.transaction_id >= pg_snapshot_xmin(v_rolled)
           and not pg_visible_in_snapshot(m.transaction_id, v_rolled)
         order by m.transaction_id
        offset roll_metrics.at_most - 1
         limit 1);
    if v_bound >= pg_snapshot_xmin(pg_current_snapshot()) then
        v_bound := null;
    end if;

    -- One statement, so that it is the snapshot which sees them that is kept. What has been dropped
    -- in part is not made anew.
      with fresh as (
          select m.series_id, m.project_id, date_trunc('minute', m.recorded_at, 'UTC') as minute,
                 count(*) as sample_count
            from docket.metrics as m
           where m.transaction_id >= pg_snapshot_xmin(v_rolled)
             and m.transaction_id <= coalesce(v_bound, '18446744073709551615'::xid8)
             and not pg_visible_in_snapshot(m.transaction_id, v_rolled)
           group by 1, 2, 3
      ), kept as (
          select f.*, f.minute >= r.gone_until as is_kept
            from fresh as f
           cross join lateral (
                     select s.name
                       from docket.metric_series as s
                      where s.series_id  = f.series_id
                        and s.project_id = f.project_id
                     offset 0
                 ) as s
           cross join lateral (
                     select k.category
                       from docket.metric_definitions as k
                      where k.name       = s.name
                        and k.project_id = f.project_id
                     offset 0
                 ) as d
            join docket.metric_retention as r on r.category = d.category
      )
    select pg_current_snapshot() as seen,
           coalesce(sum(k.sample_count), 0)::bigint as sample_count,
           array_agg(k.series_id) filter (where k.is_kept) as series_ids,
           array_agg(k.project_id) filter (where k.is_kept) as project_ids,
           array_agg(k.minute) filter (where k.is_kept) as minutes
      into v_new
      from kept as k;

    if v_new.series_ids is not null then
        perform docket_private.roll_minutes(v_new.series_ids, v_new.project_ids, v_new.minutes);
        perform docket_private.roll_up(
            v_new.series_ids, v_new.project_ids, v_new.minutes, 'hour', 'minute');
        perform docket_private.roll_up(
            v_new.series_ids, v_new.project_ids, v_new.minutes, 'day', 'hour');
    end if;

    update docket_private.metric_watermark as w
       set rolled = case
                        when v_bound is null
                            then docket_private.seen_by_others(v_new.seen)
                        else format('%1$s:%1$s:', v_bound::text::numeric + 1)::pg_snapshot
                    end;
    return v_new.sample_count;
end;
$$;

comment on function docket_private.roll_metrics(bigint) is
    'A step of maintenance: rolls up the samples that have come since the last time, about so many, whatever time they are of. Returns how many. Raises PD403.';

revoke all on function docket_private.sketch_key(numeric) from public;
revoke all on function docket_private.sketch_value(integer) from public;
revoke all on function
    docket_private.sketch_quantile(integer[], bigint[], numeric, numeric, numeric) from public;
revoke all on function docket_private.roll_minutes(bigint[], uuid[], timestamptz[]) from public;
revoke all on function docket_private.roll_up(bigint[], uuid[], timestamptz[], text, text)
  from public;
revoke all on function docket_private.rolled_snapshot() from public;
revoke all on function docket_private.seen_by_others(pg_snapshot) from public;
revoke all on function docket_private.roll_metrics(bigint) from public;
grant select on docket.metric_rollups
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
