-- Deploy pgdocket:observability/evaluate_alerts to pg
-- requires: observability/components
-- requires: observability/set_alert_rules
-- requires: tasks/budgets

begin;
set local role docket_owner;

-- Iglewicz and Hoaglin's: medians, so that what was odd before does not count as usual. Where more
-- than half is the same, the mean deviation; and never less than a hundredth of the median, which
-- is what sketches are off.
create function docket_private.robust_z(value numeric, usual numeric[]) returns numeric
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_median constant numeric := (
        select percentile_cont(0.5) within group (order by u.value::double precision)
          from unnest(usual) as u (value));
    v_spread numeric;
begin
    v_spread := (
        select greatest(
                   coalesce(
                       nullif(1.4826 * (percentile_cont(0.5) within group (
                                            order by abs(u.value - v_median)::double precision)
                                       )::numeric, 0),
                       1.2533 * avg(abs(u.value - v_median))),
                   0.01 * abs(v_median))
          from unnest(robust_z.usual) as u (value));

    return case
               when v_spread > 0
                   then greatest(least((robust_z.value - v_median) / v_spread, 1000000), -1000000)
               else sign(robust_z.value - v_median) * 1000000
           end;
end;
$$;

comment on function docket_private.robust_z(numeric, numeric[]) is
    'How far a value is from the median of others, in spreads of theirs: about as many standard deviations where they are normal. At most a million either way.';

-- The time before an evaluation ends with it. Rollups are of whole minutes, and serve where a
-- minute is little of the time that is judged.
create function docket_private.end_of_window(at timestamptz, time_window interval)
returns timestamptz
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
               when time_window > interval '1 hour'
                   then date_trunc('minute', at, 'UTC') + interval '1 minute'
               else at + interval '1 microsecond'
           end;
end;
$$;

comment on function docket_private.end_of_window(timestamptz, interval) is
    'Where the time ends that is judged at some time: samples of that very moment are in it.';

create function docket_private.judged_metric(
    rule   docket.alert_rules,
    metric docket.metric_definitions,
    at     timestamptz
) returns table (
    labels jsonb,
    value  numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_aggregate constant text        := coalesce(
        rule.aggregate, docket_private.usual_aggregate(metric.kind));
    v_until     constant timestamptz := docket_private.end_of_window(at, rule.time_window);
    v_hour      constant timestamptz := date_trunc('hour', at, 'UTC');
    -- How many weeks, and how many values in all, are enough to say what is usual.
    v_weeks     constant integer     := 3;
    v_values    constant integer     := 5;
begin
    perform docket_private.check_series_call(
        metric, rule.time_window, v_aggregate, v_until - rule.time_window, v_until);

    case rule.kind
        when 'threshold' then
            return query
            select b.group_labels, b.value
              from docket_private.series_buckets(
                       metric, rule.labels, rule.time_window, v_aggregate,
                       v_until - rule.time_window, v_until, rule.group_by, v_until) as b;
        when 'rate' then
            return query
            select b.group_labels,
                   case
                       when metric.kind = 'counter' then max(b.value)
                       when count(*) = 2
                           then (max(b.value) filter (
                                     where b.bucket_at = v_until - rule.time_window)
                                 - max(b.value) filter (
                                       where b.bucket_at < v_until - rule.time_window))
                                / extract(epoch from rule.time_window)
                   end
              from docket_private.series_buckets(
                       metric, rule.labels, rule.time_window,
                       case metric.kind when 'counter' then 'rate' else v_aggregate end,
                       v_until - case metric.kind when 'counter' then 1 else 2 end
                                 * rule.time_window,
                       v_until, rule.group_by, v_until) as b
             group by b.group_labels;
        when 'anomaly' then
            return query
            select n.group_labels, docket_private.robust_z(n.value, u.usual)
              from docket_private.series_buckets(
                       metric, rule.labels, rule.time_window, v_aggregate,
                       v_until - rule.time_window, v_until, rule.group_by, v_until) as n
              join (
                  select b.group_labels, array_agg(b.value) as usual
                    from generate_series(1, rule.baseline_weeks) as w (week)
                   cross join lateral docket_private.series_buckets(
                             metric, rule.labels, rule.time_window, v_aggregate,
                             v_hour - w.week * interval '168 hours',
                             v_hour - w.week * interval '168 hours' + interval '1 hour',
                             rule.group_by, v_hour) as b
                   where b.value is not null
                   group by b.group_labels
                  having count(*) >= v_values
                     and count(distinct w.week) >= v_weeks
              ) as u using (group_labels);
    end case;
end;
$$;

comment on function docket_private.judged_metric(
    docket.alert_rules, docket.metric_definitions, timestamptz) is
    'The values that a rule of the kinds threshold, rate and anomaly judges, by what tells series apart. Raises PD422 where the metric has no such aggregate.';

create function docket_private.judged_absence(
    rule       docket.alert_rules,
    project_id uuid,
    at         timestamptz
) returns table (
    labels jsonb,
    value  numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Series that are told apart are missed for so long: hosts go.
    v_longest constant interval := interval '7 days';
begin
    return query
      with heard as (
          select docket_private.labels_of_group(s.labels, rule.group_by) as group_labels,
                 max(m.recorded_at) as recorded_at
            from docket.metric_series as s
           cross join lateral (
                     select n.recorded_at
                       from docket.metrics as n
                      where n.series_id   = s.series_id
                        and n.project_id  = s.project_id
                        and n.recorded_at > judged_absence.at - v_longest
                      order by n.recorded_at desc
                      limit 1
                 ) as m
           where s.name       = rule.metric
             and s.project_id = judged_absence.project_id
             and s.labels @> rule.labels
           group by 1
      )
    select h.group_labels, round(extract(epoch from judged_absence.at - h.recorded_at), 3)
      from heard as h
     union all
    select '{}', extract(epoch from v_longest)
     where rule.group_by = '{}'
       and not exists (select from heard);
end;
$$;

comment on function docket_private.judged_absence(docket.alert_rules, uuid, timestamptz) is
    'For how many seconds there was no sample, by what tells series apart: seven days at most. Where nothing tells them apart there is always a row.';

create function docket_private.judged_values(
    rule       docket.alert_rules,
    project_id uuid,
    at         timestamptz
) returns table (
    labels jsonb,
    value  numeric
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_metric docket.metric_definitions;
begin
    if rule.kind = 'budget' then
        return query
        select l.labels, trunc(u.used, 6)
          from docket.budgets as b
          left join docket.tasks as t
            on t.task_id = b.task_id and t.project_id = b.project_id
         cross join lateral (
                   -- What may not be used at all is used up.
                   select greatest(
                              b.used_tokens / nullif(b.max_tokens, 0)::numeric,
                              b.used_cost / nullif(b.max_cost, 0),
                              case when b.is_exhausted then 1 else 0 end) as used
               ) as u
         cross join lateral (
                   select jsonb_strip_nulls(
                              jsonb_build_object(
                                  'scope', case
                                      when b.task_id is not null then 'task'
                                      when b.workflow_id is not null then 'workflow'
                                      else 'project'
                                  end,
                                  'workflow_id', b.workflow_id, 'task_id', b.task_id,
                                  'task', t.task_key)) as labels
               ) as l
         where b.project_id = judged_values.project_id
           and num_nonnulls(b.max_tokens, b.max_cost) > 0
           -- Nobody works on it any more.
           and coalesce(t.status, 'pending') not in ('completed', 'cancelled')
           and t.archived_at is null
           and l.labels @> rule.labels;
        return;
    elsif rule.kind = 'component' then
        return query
        select l.labels,
               case h.state
                   when 'degraded' then 1 when 'stale' then 2 when 'down' then 3 else 0
               end::numeric
          from docket.system_health as h
         cross join lateral (
                   select jsonb_build_object('component', h.name, 'kind', h.kind) as labels
               ) as l
         where h.project_id = judged_values.project_id
           and l.labels @> rule.labels;
        return;
    end if;

    select d.* into v_metric
      from docket.metric_definitions as d
     where d.name       = rule.metric
       and d.project_id = judged_values.project_id;

    -- A rule of all projects is about those that have the metric.
    if rule.kind = 'absence' and (found or rule.project_id is not null) then
        return query
        select a.labels, a.value
          from docket_private.judged_absence(rule, judged_values.project_id, judged_values.at) as a;
    elsif found then
        return query
        select m.labels, m.value
          from docket_private.judged_metric(rule, v_metric, judged_values.at) as m;
    end if;
end;
$$;

comment on function docket_private.judged_values(docket.alert_rules, uuid, timestamptz) is
    'What a rule judges in a project, and the value of each.';

-- What became of the alerts of a rule in a project. Who is at one of them right now is left alone:
-- he is judged the next time. No two evaluate the same, since the caller holds the evaluation.
create function docket_private.judge_alerts(
    rule       docket.alert_rules,
    project_id uuid,
    at         timestamptz
) returns table (
    series_count bigint,
    events       jsonb
)
language plpgsql
rows 1
set search_path = pg_catalog, pg_temp
as $$
declare
    -- What one evaluation may tell at most; the next one goes on.
    v_most constant integer := 1000;
begin
    return query
      with judged as materialized (
          select v.labels, v.value, j.is_bad, j.is_good
            from docket_private.judged_values(rule, judge_alerts.project_id, judge_alerts.at) as v
           cross join lateral (
                     select case rule.comparison
                                when 'above' then v.value >= rule.threshold
                                when 'below' then v.value <= rule.threshold
                                else abs(v.value) >= rule.threshold
                            end as is_bad,
                            case rule.comparison
                                when 'above' then v.value < rule.clear_threshold
                                when 'below' then v.value > rule.clear_threshold
                                else abs(v.value) < rule.clear_threshold
                            end as is_good
                 ) as j
           where v.value is not null
      ), held as materialized (
          select a.alert_id, a.labels, a.state, a.started_at, a.clear_since
            from docket.alerts as a
           where a.alert_rule_id = rule.alert_rule_id
             and a.project_id    = judge_alerts.project_id
             and a.state <> 'resolved'
             for no key update skip locked
      ), decided as materialized (
          select h.alert_id, h.state, j.value,
                 coalesce(h.clear_since, judge_alerts.at) as clear_since,
                 case
                     when h.state = 'pending' and j.is_bad is not true then 'dropped'
                     when h.state = 'pending' and h.started_at + rule.fire_after <= judge_alerts.at
                         then 'firing'
                     when h.state = 'pending' then 'same'
                     -- What is not measured is neither good nor bad; what there is not is over.
                     when j.value is null and rule.kind in ('absence', 'budget', 'component')
                         then 'gone'
                     when j.value is null then 'same'
                     when not j.is_good then 'bad'
                     when coalesce(h.clear_since, judge_alerts.at) + rule.clear_after
                          <= judge_alerts.at
                         then 'cleared'
                     else 'good'
                 end as happening
            from held as h
            left join judged as j using (labels)
           order by h.alert_id
      ), told as materialized (
          select d.alert_id
            from decided as d
           where d.happening in ('dropped', 'firing', 'gone', 'cleared')
           order by d.alert_id
           limit v_most
      ), dropped as (
          delete from docket.alerts as a
           using decided as d
           where d.happening = 'dropped'
             and d.alert_id in (select t.alert_id from told as t)
             and a.alert_id   = d.alert_id
             and a.project_id = judge_alerts.project_id
          returning docket_private.alert_event(a, 'dropped') as event
      ), changed as (
          update docket.alerts as a
             set value       = coalesce(d.value, a.value),
                 state       = case
                                   when d.happening = 'firing' then 'firing'
                                   when d.happening in ('cleared', 'gone') then 'resolved'
                                   else a.state
                               end,
                 fired_at    = case d.happening
                                   when 'firing' then judge_alerts.at
                                   else a.fired_at
                               end,
                 clear_since = case d.happening
                                   when 'good' then d.clear_since
                                   when 'cleared' then d.clear_since
                                   when 'same' then a.clear_since
                               end,
                 resolved_at = case
                                   when d.happening in ('cleared', 'gone') then judge_alerts.at
                               end,
                 resolved_by = case
                                   when d.happening in ('cleared', 'gone') then docket.principal()
                               end,
                 resolution  = case when d.happening in ('cleared', 'gone') then d.happening end
            from decided as d
           where a.alert_id   = d.alert_id
             and a.project_id = judge_alerts.project_id
             and case
                     when d.happening in ('firing', 'cleared', 'gone')
                         then d.alert_id in (select t.alert_id from told as t)
                     when d.happening = 'good'
                         then a.clear_since is null or a.value <> d.value
                     when d.happening = 'bad'
                         then a.clear_since is not null or a.value <> d.value
                     when d.happening = 'same' then a.value <> d.value
                     else false
                 end
          returning d.happening, docket_private.alert_event(
                        a, case a.state when 'firing' then 'firing' else 'resolved' end) as event
      ), opened as (
          insert into docket.alerts as a (
              alert_id, project_id, alert_rule_id, rule_name, kind, severity, metric, labels,
              state, value, threshold, started_at, fired_at)
          select docket_private.new_id(judge_alerts.project_id, n.ordinal), judge_alerts.project_id,
                 rule.alert_rule_id, rule.name, rule.kind, rule.severity, rule.metric, n.labels,
                 case when rule.fire_after > interval '0' then 'pending' else 'firing' end,
                 n.value, rule.threshold, judge_alerts.at,
                 case when rule.fire_after > interval '0' then null else judge_alerts.at end
            from (
                select row_number() over (order by j.labels) as ordinal, j.labels, j.value
                  from judged as j
                 where j.is_bad
                   -- Whoever holds it: there is one.
                   and not exists (
                           select
                             from docket.alerts as a
                            where a.alert_rule_id = rule.alert_rule_id
                              and a.project_id    = judge_alerts.project_id
                              and a.labels        = j.labels
                              and a.state <> 'resolved')
                 order by j.labels
                 limit v_most
            ) as n
          returning docket_private.alert_event(a, a.state) as event
      )
    select (select count(*) from judged),
           (select jsonb_agg(b.event)
              from (
                  select o.event from opened as o
                   union all
                  select c.event from changed as c
                   where c.happening in ('firing', 'cleared', 'gone')
                   union all
                  select d.event from dropped as d
              ) as b);
end;
$$;

comment on function docket_private.judge_alerts(docket.alert_rules, uuid, timestamptz) is
    'Opens, fires, drops and resolves the alerts of a rule in a project, as its values are. Returns how many it judged, and what there is to tell; null: nothing.';

create function docket_private.end_silences(project_id uuid, at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_ended record;
begin
      with over as (
          select s.alert_rule_id, s.project_id, s.labels
            from docket.alert_silences as s
           where s.silenced_until <= docket.clock()
             and (end_silences.project_id is null or s.project_id = end_silences.project_id)
           order by s.silenced_until
           limit end_silences.at_most
             for update skip locked
      ), ended as (
          delete from docket.alert_silences as s
           using over as o
           where s.alert_rule_id = o.alert_rule_id
             and s.project_id    = o.project_id
             and s.labels        = o.labels
          returning s.alert_id, s.project_id
      ), told as (
          select a.project_id, jsonb_agg(docket_private.alert_event(a, 'unsilenced')) as events
            from ended as e
            join docket.alerts as a using (alert_id, project_id)
           group by a.project_id
      )
    select (select count(*) from ended) as number,
           coalesce((select jsonb_object_agg(t.project_id, t.events) from told as t), '{}')
               as events
      into v_ended;

    perform docket_private.tell_alerts(e.key::uuid, e.value)
       from jsonb_each(v_ended.events) as e
      order by e.key;

    return v_ended.number;
end;
$$;

comment on function docket_private.end_silences(uuid, bigint) is
    'Ends at most so many silences whose time is over, of a project or of all (null). Returns how many.';

create function docket_private.evaluate_rule(
    alert_rule_id  uuid,
    project_id     uuid,
    out outcome    text,
    out judged     bigint,
    out happenings bigint,
    out problem    text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now    constant timestamptz := docket.clock();
    v_rule   docket.alert_rules;
    v_judged record;
begin
    outcome := 'busy';

    insert into docket.alert_evaluations (alert_rule_id, project_id)
    values (evaluate_rule.alert_rule_id, evaluate_rule.project_id)
        on conflict on constraint alert_evaluations_pkey do nothing;

    perform
       from docket.alert_evaluations as e
      where e.alert_rule_id = evaluate_rule.alert_rule_id
        and e.project_id    = evaluate_rule.project_id
        for no key update skip locked;

    if not found then
        return;
    end if;

    -- As it is now that nobody changes it; one that was replaced in the project is no more.
    select r.* into v_rule
      from docket.alert_rules as r
     where r.alert_rule_id = evaluate_rule.alert_rule_id
       and r.is_enabled
       and (r.project_id is not null
            or not exists (
                   select
                     from docket.alert_rules as o
                    where o.project_id = evaluate_rule.project_id
                      and o.name       = r.name))
       for key share skip locked;

    if not found then
        return;
    end if;

    begin
        select j.* into v_judged
          from docket_private.judge_alerts(v_rule, evaluate_rule.project_id, v_now) as j;
        perform docket_private.tell_alerts(evaluate_rule.project_id, v_judged.events);
        outcome    := 'done';
        judged     := v_judged.series_count;
        happenings := coalesce(jsonb_array_length(v_judged.events), 0);
    exception
        when others then
            outcome := 'failed';
            problem := left(sqlerrm, 1000);
    end;

    update docket.alert_evaluations as e
       set evaluated_at = v_now,
           series_count = evaluate_rule.judged,
           problem      = evaluate_rule.problem
     where e.alert_rule_id = evaluate_rule.alert_rule_id
       and e.project_id    = evaluate_rule.project_id;
exception
    -- Nobody holds what it waits for but those who change rules or evaluate them, and they end.
    when lock_not_available or deadlock_detected then
        outcome := 'busy';
end;
$$;

comment on function docket_private.evaluate_rule(uuid, uuid) is
    'Evaluates a rule in a project. How that ended: done, busy (another is at it, or changes it) or failed, which is a problem; how many it judged, and how much it told of.';

create function docket_private.due_rules(
    project_id uuid,
    rule_name  text,
    before     timestamptz,
    at_most    bigint
) returns table (
    alert_rule_id uuid,
    of_project    uuid,
    slug          text,
    name          text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
      with counted as (
          select r.alert_rule_id, p.project_id, p.slug, r.name
            from docket.alert_rules as r
            join docket.projects as p using (project_id)
           where r.is_enabled
             and p.archived_at is null
           union all
          select r.alert_rule_id, p.project_id, p.slug, r.name
            from docket.alert_rules as r
           cross join docket.projects as p
           where r.is_enabled
             and r.project_id is null
             and p.archived_at is null
             and not exists (
                     select
                       from docket.alert_rules as o
                      where o.project_id = p.project_id
                        and o.name       = r.name)
      )
    select c.alert_rule_id, c.project_id, c.slug, c.name
      from counted as c
      left join docket.alert_evaluations as e
        on e.alert_rule_id = c.alert_rule_id and e.project_id = c.project_id
     where (due_rules.project_id is null or c.project_id = due_rules.project_id)
       and (due_rules.rule_name is null or c.name = due_rules.rule_name)
       and (e.evaluated_at is null or e.evaluated_at <= due_rules.before)
     order by e.evaluated_at nulls first, c.project_id, c.name
     limit due_rules.at_most;
end;
$$;

comment on function docket_private.due_rules(uuid, text, timestamptz, bigint) is
    'The rules to evaluate, in a project or in all (null), those first whose evaluation is the oldest.';

create function docket.evaluate_alerts(
    project_id uuid default null,
    rule_name  text default null
) returns table (
    slug         text,
    name         text,
    outcome      text,
    series_count bigint,
    transitions  bigint,
    problem      text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
-- Who is in the way for longer is left to the next time.
set lock_timeout = '500ms'
-- As the specification of events writes times.
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_rule record;
begin
    if evaluate_alerts.project_id is null then
        perform docket_private.require_operator();
    else
        perform docket_private.require_project(evaluate_alerts.project_id);
    end if;

    perform docket_private.end_silences(evaluate_alerts.project_id, 1000);

    -- A loop, because each rule stands or falls by itself.
    for v_rule in
        select d.*
          from docket_private.due_rules(
                   evaluate_alerts.project_id, evaluate_alerts.rule_name, 'infinity', null) as d
    loop
        slug := v_rule.slug;
        name := v_rule.name;
        select e.outcome, e.judged, e.happenings, e.problem
          into outcome, series_count, transitions, problem
          from docket_private.evaluate_rule(v_rule.alert_rule_id, v_rule.of_project) as e;
        return next;
    end loop;
end;
$$;

comment on function docket.evaluate_alerts(uuid, text) is
'Judges what alert rules judge, now: opens alerts, fires them, and resolves what is good again. A
step of docket.maintain(), which evaluates each rule every half minute; this is for who does not
want to wait. To evaluate again, or at the same time as another, opens nothing twice.

`project_id` is the project (null: all, for operators), `rule_name` a rule (null: all that are
enabled). Returns a row for each rule and project: outcome is done, busy (another is at it, or
changes it) or failed; series_count is how many it judged, transitions what became of alerts,
problem what was in the way. series_count, transitions and problem may be null. Raises PD404,
PD403.';

-- Each rule every half minute at most, so that a run comes to an end.
create function docket_private.evaluate_due(
    at_most       bigint,
    out evaluated bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_rule   record;
    v_result record;
begin
    perform docket_private.require_operator();
    evaluated := docket_private.end_silences(null, evaluate_due.at_most)
                 + docket_private.forget_alerts(evaluate_due.at_most);

    for v_rule in
        select d.*
          from docket_private.due_rules(
                   null, null, docket.clock() - interval '30 seconds', evaluate_due.at_most) as d
    loop
        select e.* into v_result
          from docket_private.evaluate_rule(v_rule.alert_rule_id, v_rule.of_project) as e;
        evaluated := evaluated + (v_result.outcome <> 'busy')::integer;
    end loop;
end;
$$;

comment on function docket_private.evaluate_due(bigint) is
    'A step of maintenance: evaluates at most so many rules, each in one project. A rule that can not be evaluated says so itself, and fails nobody. Returns how many. Raises PD403.';

revoke all on function docket_private.robust_z(numeric, numeric[]) from public;
revoke all on function docket_private.end_of_window(timestamptz, interval) from public;
revoke all on function docket_private.judged_metric(
    docket.alert_rules, docket.metric_definitions, timestamptz) from public;
revoke all on function docket_private.judged_absence(docket.alert_rules, uuid, timestamptz)
  from public;
revoke all on function docket_private.judged_values(docket.alert_rules, uuid, timestamptz)
  from public;
revoke all on function docket_private.judge_alerts(docket.alert_rules, uuid, timestamptz)
  from public;
revoke all on function docket_private.end_silences(uuid, bigint) from public;
revoke all on function docket_private.evaluate_rule(uuid, uuid) from public;
revoke all on function docket_private.due_rules(uuid, text, timestamptz, bigint) from public;
revoke all on function docket.evaluate_alerts(uuid, text) from public;
revoke all on function docket_private.evaluate_due(bigint) from public;
grant execute on function docket.evaluate_alerts(uuid, text)
   to docket_admin, docket_app, docket_maintenance;

commit;
