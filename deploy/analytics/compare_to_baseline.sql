-- Deploy pgdocket:analytics/compare_to_baseline to pg
-- requires: analytics/read_costs

begin;
set local role docket_owner;

insert into docket.settings (setting_key, value, description)
values ('baseline', 'null', 'The days that a project is compared with, as {"since": "2026-01-05", "until": "2026-02-02"}; null: as many days just before those that are looked at. A project may set its own.');

-- A baseline is a stretch of days, and every day is kept: nothing is copied. Whether a change is
-- more than noise is asked of the daily values by the rank test of Mann and Whitney (1947), which
-- asks nothing of how they are distributed, with the correction for ties; its normal approximation
-- is good from eight days on. Four whole weeks have as many Sundays as the four before.
create function docket.compare_to_baseline(
    project_id     uuid,
    since          timestamptz default null,
    until          timestamptz default null,
    baseline_since timestamptz default null,
    baseline_until timestamptz default null
) returns table (
    metric          text,
    unit            text,
    baseline        numeric,
    value           numeric,
    change          numeric,
    baseline_days   bigint,
    days            bigint,
    z_score         numeric,
    is_beyond_noise boolean,
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
    v_until timestamptz := coalesce(
        compare_to_baseline.until, date_trunc('day', docket.clock(), 'UTC'));
    v_setting jsonb := docket_private.setting(
        'baseline',
        (select p.settings
           from docket.projects as p
          where p.project_id = compare_to_baseline.project_id));
    v_days timestamptz[];
    v_baseline timestamptz[];
    v_as_of timestamptz := docket_private.tallied_at('{work_periods,outcome_days,cost_days}');
begin
    -- read_periods() refuses what is no period, and what is too near the ends of time.
    v_days := docket_private.read_periods(
        'day',
        coalesce(compare_to_baseline.since,
                 case when v_until between '0100-01-01' and '9000-01-01'
                     then v_until - interval '28 days'
                 end),
        v_until);

    begin
        v_baseline := docket_private.read_periods(
            'day',
            coalesce(compare_to_baseline.baseline_since, (v_setting ->> 'since')::timestamptz,
                     v_days[1] - cardinality(v_days) * interval '1 day'),
            coalesce(compare_to_baseline.baseline_until, (v_setting ->> 'until')::timestamptz,
                     v_days[1]));
    exception
        when invalid_datetime_format or datetime_field_overflow then
            raise exception 'the setting baseline of the project is no period: %',
                            left(v_setting::text, 100)
                using errcode = 'PD422',
                      hint    = 'It is {"since": "2026-01-05", "until": "2026-02-02"}, or null.';
    end;

    return query
      with periods as (
          select 'now' as period, v_days as days
           union all
          select 'baseline', v_baseline
      ), trends as materialized (
          select p.period, t.*
            from periods as p
           cross join lateral docket.work_trends(
                     compare_to_baseline.project_id, 'day', p.days[1],
                     p.days[cardinality(p.days)] + interval '1 day') as t
           where compare_to_baseline.project_id is not null
      ), spent as materialized (
          select t.period, t.period_start, coalesce(sum(c.cost), 0) as cost,
                 coalesce(sum(c.input_tokens + c.output_tokens), 0) as tokens
            from trends as t
            left join docket_private.cost_days as c
              on c.project_id = compare_to_baseline.project_id
             and c.day_start  = t.period_start
           group by t.period, t.period_start
      ), samples as materialized (
          select t.period, m.ordinal, m.metric, m.unit, m.value
            from trends as t
            join spent as s
              on s.period       = t.period
             and s.period_start = t.period_start
           cross join lateral (
                     values (1, 'tasks_completed', '1/d', t.tasks_completed::numeric),
                            (2, 'lead_time', 'ms', t.lead_p50_ms),
                            (3, 'cycle_time', 'ms', t.cycle_p50_ms),
                            (4, 'success_rate', '1', t.success_rate),
                            (5, 'validation_failures', '1',
                             t.validations_failed::numeric / nullif(t.validations, 0)),
                            (6, 'execution_failures', '1',
                             t.executions_failed::numeric / nullif(t.executions, 0)),
                            (7, 'errors', '1/d', t.errors),
                            (8, 'tokens', '1/d', s.tokens),
                            (9, 'cost', '1/d', s.cost)
                 ) as m (ordinal, metric, unit, value)
           where m.value is not null
      ), ranked as (
          select s.period, s.ordinal, s.metric, s.unit, s.value,
                 rank() over (partition by s.metric order by s.value)
                 + (count(*) over same - 1) / 2.0 as place,
                 (count(*) over same) ^ 2 - 1 as ties
            from samples as s
          window same as (partition by s.metric, s.value)
      ), summed as (
          select r.ordinal, r.metric, r.unit,
                 avg(r.value) filter (where r.period = 'baseline') as baseline,
                 avg(r.value) filter (where r.period = 'now') as value,
                 count(*) filter (where r.period = 'baseline') as m,
                 count(*) filter (where r.period = 'now') as n,
                 count(*)::numeric as total,
                 sum(r.place) filter (where r.period = 'now') as places,
                 sum(r.ties)::numeric as ties
            from ranked as r
           group by r.ordinal, r.metric, r.unit
      ), tested as (
          select s.*, u.off,
                 sign(u.off) * greatest(abs(u.off) - 0.5, 0) / nullif(u.deviation, 0) as z
            from summed as s
           cross join lateral (
                     select s.places - s.n * (s.total + 1) / 2.0 as off,
                            sqrt(s.m * s.n / 12.0 * greatest(
                                     s.total + 1 - s.ties / nullif(s.total * (s.total - 1), 0),
                                     0)) as deviation
                 ) as u
      )
    select t.metric, t.unit, round(t.baseline, 4), round(t.value, 4),
           round(t.value / nullif(t.baseline, 0) - 1, 4), t.m, t.n, round(t.z, 3),
           coalesce(least(t.m, t.n) >= 8 and abs(t.z) >= 2.576, false), v_as_of
      from tested as t
     order by t.ordinal;
end;
$$;

comment on function docket.compare_to_baseline(
    uuid, timestamptz, timestamptz, timestamptz, timestamptz) is
'How a project does, against how it did: tasks completed, lead and cycle time (the medians of the
days), success of attempts, failures of validations and executions, errors, tokens and cost, each by
day.

`since` and `until` are the days looked at (UTC), from that of the first to before the second: the
last 28 whole ones unless given. `baseline_since` and `baseline_until` are those they are compared
with: else what the setting baseline of the project says, else as many days just before. Returns a
row for each metric that there is anything of, the means of the days that have it (baseline_days
and days of them): change is by which part it is greater; is_beyond_noise whether it hardly comes
by chance: eight days at least of each, and a two-sided rank test of the daily values (Mann and
Whitney; z_score) below 1 %. as_of says how old the answer is; maintenance counts anew. baseline,
value, change, z_score and as_of may be null. Raises PD422.';

revoke all on function docket.compare_to_baseline(
    uuid, timestamptz, timestamptz, timestamptz, timestamptz) from public;
grant execute on function docket.compare_to_baseline(
    uuid, timestamptz, timestamptz, timestamptz, timestamptz)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
