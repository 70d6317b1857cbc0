-- Deploy pgdocket:observability/set_alert_rules to pg
-- requires: observability/alerts
-- requires: observability/metric_series
-- requires: platform/idempotency_keys
-- requires: projects/require_project

begin;
set local role docket_owner;

insert into docket.settings (setting_key, value, description)
values ('max_alert_rules', '200', 'The most alert rules that a project may have; a project may not set its own.');

create function docket_private.require_rules(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if require_rules.project_id is null then
        perform docket_private.require_operator();
    else
        perform docket_private.require_project(require_rules.project_id);
    end if;
end;
$$;

comment on function docket_private.require_rules(uuid) is
    'Lets pass who may change the rules of a project, or those of all. Raises PD404, PD403.';

-- What is open of a rule that does not count any more is over: nobody would ever judge it again.
-- The caller holds the rule, or its evaluation in the project, which keeps evaluations away.
create function docket_private.close_alerts(
    alert_rule_id uuid,
    project_id    uuid default null
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_events jsonb;
begin
    perform
       from docket.alerts as a
      where a.alert_rule_id = close_alerts.alert_rule_id
        and (close_alerts.project_id is null or a.project_id = close_alerts.project_id)
        and a.state <> 'resolved'
      order by a.alert_id
        for no key update;

      with dropped as (
          delete from docket.alerts as a
           where a.alert_rule_id = close_alerts.alert_rule_id
             and (close_alerts.project_id is null or a.project_id = close_alerts.project_id)
             and a.state = 'pending'
          returning a.project_id, docket_private.alert_event(a, 'dropped') as event
      ), closed as (
          update docket.alerts as a
             set state       = 'resolved',
                 resolved_at = docket.clock(),
                 resolved_by = docket.principal(),
                 resolution  = 'rule_changed',
                 clear_since = null
           where a.alert_rule_id = close_alerts.alert_rule_id
             and (close_alerts.project_id is null or a.project_id = close_alerts.project_id)
             and a.state in ('firing', 'acknowledged')
          returning a.project_id, docket_private.alert_event(a, 'resolved') as event
      ), told as (
          select b.project_id, jsonb_agg(b.event) as events
            from (
                select * from dropped
                 union all
                select * from closed
            ) as b
           group by b.project_id
      )
    select coalesce(jsonb_object_agg(t.project_id, t.events), '{}')
      into v_events
      from told as t;

    perform docket_private.tell_alerts(e.key::uuid, e.value)
       from jsonb_each(v_events) as e
      order by e.key;
end;
$$;

comment on function docket_private.close_alerts(uuid, uuid) is
    'Resolves what a rule has open, in a project or in all (null), and drops what is pending.';

-- The project's own rule goes before the one of all projects, which nobody evaluates there any
-- more.
create function docket_private.replace_alert_rule(project_id uuid, name text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rule uuid := (
        select r.alert_rule_id
          from docket.alert_rules as r
         where r.project_id is null
           and r.name = replace_alert_rule.name);
begin
    if v_rule is null or replace_alert_rule.project_id is null then
        return;
    end if;

    insert into docket.alert_evaluations (alert_rule_id, project_id)
    values (v_rule, replace_alert_rule.project_id)
        on conflict on constraint alert_evaluations_pkey do nothing;

    perform
       from docket.alert_evaluations as e
      where e.alert_rule_id = v_rule
        and e.project_id    = replace_alert_rule.project_id
        for update;

    perform docket_private.close_alerts(v_rule, replace_alert_rule.project_id);
end;
$$;

comment on function docket_private.replace_alert_rule(uuid, text) is
    'Resolves what the rule of all projects that has this name has open in a project, which now has its own.';

create function docket.set_alert_rule(
    project_id      uuid,
    name            text,
    kind            text,
    threshold       numeric  default null,
    metric          text     default null,
    labels          jsonb    default '{}',
    group_by        text[]   default '{}',
    aggregate       text     default null,
    time_window     interval default '5 minutes',
    comparison      text     default 'above',
    clear_threshold numeric  default null,
    fire_after      interval default '0',
    clear_after     interval default '0',
    severity        text     default 'high',
    baseline_weeks  integer  default null,
    description     text     default null,
    is_enabled      boolean  default true,
    request_id      uuid     default null
) returns docket.alert_rules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'set_alert_rule');
    v_most       bigint;
    v_metric     docket.metric_definitions;
    v_former     docket.alert_rules;
    v_rule       docket.alert_rules;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.alert_rules, v_answer);
    end if;

    perform docket_private.require_rules(set_alert_rule.project_id);

    -- Two who make rules of a project follow each other here: none goes past the limit unseen.
    perform
       from docket.projects as p
      where p.project_id = set_alert_rule.project_id
        for no key update;

    v_most := (docket_private.setting('max_alert_rules') #>> '{}')::bigint;
    if set_alert_rule.project_id is not null
       and (select count(*) filter (where r.name <> set_alert_rule.name) >= v_most
              from docket.alert_rules as r
             where r.project_id = set_alert_rule.project_id)
    then
        raise exception 'the project has % alert rules already', v_most
            using errcode = 'PD413',
                  hint    = 'Let one rule judge many series, by group_by, or raise the setting max_alert_rules.';
    end if;

    -- A metric may come later than its rule.
    select d.* into v_metric
      from docket.metric_definitions as d
     where d.name       = set_alert_rule.metric
       and d.project_id = set_alert_rule.project_id;
    if found and set_alert_rule.aggregate is not null then
        perform docket_private.check_series_call(
            v_metric, interval '1 minute', lower(set_alert_rule.aggregate), docket.clock(),
            docket.clock());
    end if;

    -- Locked, against who evaluates it with what it was before.
    select r.* into v_former
      from docket.alert_rules as r
     where r.project_id is not distinct from set_alert_rule.project_id
       and r.name = set_alert_rule.name
       for update;

    begin
        insert into docket.alert_rules as r (
            alert_rule_id, project_id, name, kind, severity, metric, labels, group_by, aggregate,
            time_window, comparison, threshold, clear_threshold, fire_after, clear_after,
            baseline_weeks, description, is_enabled)
        select docket_private.new_id(set_alert_rule.project_id), set_alert_rule.project_id,
               set_alert_rule.name, k.kind, lower(btrim(set_alert_rule.severity)),
               set_alert_rule.metric, coalesce(set_alert_rule.labels, '{}'),
               coalesce(set_alert_rule.group_by, '{}'), lower(set_alert_rule.aggregate),
               set_alert_rule.time_window, lower(set_alert_rule.comparison), k.threshold,
               coalesce(set_alert_rule.clear_threshold, k.threshold), set_alert_rule.fire_after,
               set_alert_rule.clear_after,
               coalesce(set_alert_rule.baseline_weeks, case k.kind when 'anomaly' then 8 end),
               set_alert_rule.description, set_alert_rule.is_enabled
          from (
              select lower(set_alert_rule.kind) as kind,
                     case lower(set_alert_rule.kind)
                         when 'absence'
                             then coalesce(set_alert_rule.threshold,
                                           extract(epoch from set_alert_rule.time_window))
                         when 'anomaly' then coalesce(set_alert_rule.threshold, 5)
                         when 'budget' then coalesce(set_alert_rule.threshold, 0.8)
                         when 'component' then coalesce(set_alert_rule.threshold, 2)
                         else set_alert_rule.threshold
                     end as threshold
          ) as k
            on conflict on constraint alert_rules_name_key
            do update set kind            = excluded.kind,
                          severity        = excluded.severity,
                          metric          = excluded.metric,
                          labels          = excluded.labels,
                          group_by        = excluded.group_by,
                          aggregate       = excluded.aggregate,
                          time_window     = excluded.time_window,
                          comparison      = excluded.comparison,
                          threshold       = excluded.threshold,
                          clear_threshold = excluded.clear_threshold,
                          fire_after      = excluded.fire_after,
                          clear_after     = excluded.clear_after,
                          baseline_weeks  = excluded.baseline_weeks,
                          description     = excluded.description,
                          is_enabled      = excluded.is_enabled
        returning r.* into v_rule;
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the rule is refused: %',
                            coalesce(
                                docket_private.constraint_text('alert_rules', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422',
                      hint    = 'A rule has a name, a kind, and what that judges: docs/observability.md.';
    end;

    if not v_rule.is_enabled
       or (v_former.kind, v_former.metric, v_former.labels, v_former.group_by, v_former.aggregate,
           v_former.comparison)
          is distinct from (v_rule.kind, v_rule.metric, v_rule.labels, v_rule.group_by,
                            v_rule.aggregate, v_rule.comparison)
    then
        perform docket_private.close_alerts(v_rule.alert_rule_id);
    end if;
    perform docket_private.replace_alert_rule(v_rule.project_id, v_rule.name);

    perform docket_private.remember(request_id, to_jsonb(v_rule));
    return v_rule;
end;
$$;

comment on function docket.set_alert_rule(
    uuid, text, text, numeric, text, jsonb, text[], text, interval, text, numeric, interval,
    interval, text, integer, text, boolean, uuid) is
'Says when somebody is to look: makes a rule, or the rule of this name anew, all of it.

`project_id` is the project, null all of them (which an operator may say). `kind` is what is judged
in the `time_window` before each evaluation (a minute to 7 days):
threshold, what `metric` is; rate, how much it changes in a second (counters: their rate; all else:
from the window before to this one); anomaly, how far the metric is from the median of the same
hour of the week in the `baseline_weeks` before (3 to 52, null 8), in spreads, which are made of the
median absolute deviation; absence, for how many seconds there was no sample (null threshold: the
window); budget, what part of a budget is used (null: 0.8); component, how components are (1
degraded, 2 stale, 3 down; null: 2).
`labels` are those that series have to have (of budgets scope, workflow_id, task_id; of components
component, kind), `group_by` the labels whose values are judged each for itself, `aggregate` how
samples are taken together, as metric_series() does it. Values are bad from `threshold` on, above
or below it by `comparison`, of anomalies outside too, and good beyond `clear_threshold` (null: the
threshold). An alert fires when it has been bad for `fire_after`, and is resolved when it has been
good for `clear_after`. `severity` is low, medium, high or critical, `description` says what to do.
A rule that is not `is_enabled` is not evaluated. What an older rule had open is resolved where it
judged something else. The same `request_id` again returns the first answer. Returns the rule.
Raises PD404, PD403, PD413 (setting max_alert_rules), PD422.';

create function docket.delete_alert_rule(
    project_id uuid,
    name       text,
    request_id uuid default null
) returns docket.alert_rules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'delete_alert_rule');
    v_rule   docket.alert_rules;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.alert_rules, v_answer);
    end if;

    perform docket_private.require_rules(delete_alert_rule.project_id);

    delete from docket.alert_rules as r
     where r.project_id is not distinct from delete_alert_rule.project_id
       and r.name = delete_alert_rule.name
    returning r.* into v_rule;

    if not found then
        raise exception 'there is no alert rule "%"',
                        left(coalesce(delete_alert_rule.name, 'null'), 100)
            using errcode = 'PD404',
                  hint    = 'docket.list_alert_rules() lists them.';
    end if;

    delete from docket.alert_evaluations as e
     where e.alert_rule_id = v_rule.alert_rule_id;

    perform docket_private.close_alerts(v_rule.alert_rule_id);

    delete from docket.alert_silences as s
     where s.alert_rule_id = v_rule.alert_rule_id;

    perform docket_private.remember(request_id, to_jsonb(v_rule));
    return v_rule;
end;
$$;

comment on function docket.delete_alert_rule(uuid, text, uuid) is
'Deletes a rule, and resolves what it has open; its alerts stay.

`project_id` is the project, null for a rule of all projects (which an operator may delete), `name`
the rule. The same `request_id` again returns the first answer. Returns the rule as it was. Raises
PD404, PD403.';

create function docket.list_alert_rules(
    project_id uuid,
    after      text    default null,
    page_size  integer default 100
) returns table (
    alert_rule_id   uuid,
    name            text,
    is_global       boolean,
    kind            docket.alert_kind,
    severity        docket.severity,
    metric          text,
    labels          jsonb,
    group_by        text[],
    aggregate       text,
    time_window     interval,
    comparison      docket.alert_comparison,
    threshold       numeric,
    clear_threshold numeric,
    fire_after      interval,
    clear_after     interval,
    baseline_weeks  integer,
    description     text,
    is_enabled      boolean,
    open_alerts     bigint,
    evaluated_at    timestamptz,
    series_count    bigint,
    problem         text
)
language sql
stable
begin atomic
      with rules as (
          select distinct on (r.name) r.*
            from docket.alert_rules as r
           where (r.project_id = list_alert_rules.project_id or r.project_id is null)
             and r.name > coalesce(list_alert_rules.after, '')
           order by r.name, r.project_id nulls last
           limit least(greatest(list_alert_rules.page_size, 1), 1000)
      )
    select r.alert_rule_id, r.name, r.project_id is null, r.kind, r.severity, r.metric, r.labels,
           r.group_by, r.aggregate, r.time_window, r.comparison, r.threshold, r.clear_threshold,
           r.fire_after, r.clear_after, r.baseline_weeks, r.description, r.is_enabled,
           (select count(*)
              from docket.alerts as a
             where a.alert_rule_id = r.alert_rule_id
               and a.project_id    = list_alert_rules.project_id
               and a.state <> 'resolved'),
           e.evaluated_at, e.series_count, e.problem
      from rules as r
      left join docket.alert_evaluations as e
        on e.alert_rule_id = r.alert_rule_id
       and e.project_id    = list_alert_rules.project_id
     order by r.name;
end;

comment on function docket.list_alert_rules(uuid, text, integer) is
'The alert rules that count in a project, by name: its own, and those of all projects that it has
none of this name for.

`after` is the name of the last rule of the previous page, `page_size` is in rows (1 to 1000).
Returns rules with what they have open here, when they were evaluated last, how many series they
then judged, and what was in the way; metric, aggregate, baseline_weeks, description, evaluated_at,
series_count and problem may be null. Raises nothing.';

revoke all on function docket_private.require_rules(uuid) from public;
revoke all on function docket_private.close_alerts(uuid, uuid) from public;
revoke all on function docket_private.replace_alert_rule(uuid, text) from public;
revoke all on function docket.set_alert_rule(
    uuid, text, text, numeric, text, jsonb, text[], text, interval, text, numeric, interval,
    interval, text, integer, text, boolean, uuid) from public;
revoke all on function docket.delete_alert_rule(uuid, text, uuid) from public;
revoke all on function docket.list_alert_rules(uuid, text, integer) from public;
grant execute on function
    docket.set_alert_rule(
        uuid, text, text, numeric, text, jsonb, text[], text, interval, text, numeric, interval,
        interval, text, integer, text, boolean, uuid),
    docket.delete_alert_rule(uuid, text, uuid)
   to docket_admin, docket_app;
grant execute on function docket.list_alert_rules(uuid, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
