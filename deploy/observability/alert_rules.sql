-- Deploy pgdocket:observability/alert_rules to pg
-- requires: delivery/error_logs
-- requires: observability/metrics

begin;
set local role docket_owner;

-- When somebody is to look: what is judged, and from which value on.
create domain docket.alert_kind as text
    constraint alert_kind_known
        check (value in ('threshold', 'rate', 'anomaly', 'absence', 'budget', 'component'));

comment on domain docket.alert_kind is
    'What a rule judges: threshold, what a metric is; rate, how fast it changes; anomaly, how far it is from what it usually is at this hour of the week; absence, for how long nothing was measured; budget, what part of a budget is used; component, how a component is.';

create domain docket.alert_comparison as text
    constraint alert_comparison_known check (value in ('above', 'below', 'outside'));

comment on domain docket.alert_comparison is
    'On which side of its threshold a value is bad: above, at it or above; below, at it or below; outside, of an anomaly, on either side.';

create table docket.alert_rules (
    alert_rule_id   uuid                    not null,
    project_id      uuid,
    name            text                    not null,
    kind            docket.alert_kind       not null,
    severity        docket.severity         not null,
    metric          text,
    labels          jsonb                   not null default '{}',
    group_by        text[]                  not null default '{}',
    aggregate       text,
    time_window     interval                not null,
    comparison      docket.alert_comparison not null,
    threshold       numeric                 not null,
    clear_threshold numeric                 not null,
    fire_after      interval                not null,
    clear_after     interval                not null,
    baseline_weeks  integer,
    description     text,
    is_enabled      boolean                 not null,
    version         bigint                  not null default 1,
    created_at      timestamptz             not null default docket.clock(),
    updated_at      timestamptz             not null default docket.clock(),
    created_by      text                    not null default docket.principal(),
    updated_by      text                    not null default docket.principal(),

    constraint alert_rules_pkey primary key (alert_rule_id),
    constraint alert_rules_name_key unique nulls not distinct (project_id, name),
    constraint alert_rules_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint alert_rules_texts_bounded
        check (length(name) between 1 and 255
               and length(metric) between 1 and 200
               and length(description) between 1 and 2000),
    constraint alert_rules_metric_where_measured
        check ((metric is null) = (kind in ('budget', 'component'))),
    constraint alert_rules_labels_plain check (docket_private.is_labels(labels)),
    constraint alert_rules_group_by_bounded
        check (case
                   when array_ndims(group_by) > 1 or cardinality(group_by) > 32 then false
                   else octet_length(array_to_string(group_by, ',', '-')) <= 4096
                        and array_position(group_by, null) is null
               end),
    constraint alert_rules_aggregate_where_taken_together
        check (aggregate is null or kind in ('threshold', 'rate', 'anomaly')),
    constraint alert_rules_time_window_bounded
        check (time_window between interval '1 minute' and interval '7 days'
               and extract(month from time_window) = 0
               and (kind <> 'anomaly'
                    or mod(3600, nullif(extract(epoch from time_window), 0)) = 0)),
    constraint alert_rules_comparison_fits
        check (case kind
                   when 'anomaly' then true
                   when 'threshold' then comparison <> 'outside'
                   when 'rate' then comparison <> 'outside'
                   else comparison = 'above'
               end),
    constraint alert_rules_threshold_plain
        check (threshold > -1e30 and threshold < 1e30 and scale(threshold) <= 30
               and (kind not in ('absence', 'budget', 'component') or threshold > 0)
               and (comparison <> 'outside' or threshold > 0)),
    constraint alert_rules_clears_on_the_other_side
        check (scale(clear_threshold) <= 30
               and case comparison
                       when 'above' then clear_threshold <= threshold and clear_threshold > -1e30
                       when 'below' then clear_threshold >= threshold and clear_threshold < 1e30
                       else clear_threshold > 0 and clear_threshold <= threshold
                   end),
    constraint alert_rules_waits_bounded
        check (fire_after between interval '0' and interval '7 days'
               and clear_after between interval '0' and interval '7 days'
               and extract(month from fire_after) = 0
               and extract(month from clear_after) = 0),
    constraint alert_rules_baseline_bounded
        check ((baseline_weeks is not null) = (kind = 'anomaly')
               and baseline_weeks between 3 and 52)
);

comment on table docket.alert_rules is
    'When somebody is to look: which values of what are bad, for how long, and how bad that is.';
comment on column docket.alert_rules.alert_rule_id is
    'The rule.';
comment on column docket.alert_rules.project_id is
    'The project that it is a rule of; null: of every project.';
comment on column docket.alert_rules.name is
    'Its name.';
comment on column docket.alert_rules.kind is
    'What it judges.';
comment on column docket.alert_rules.severity is
    'How bad it is when an alert fires.';
comment on column docket.alert_rules.metric is
    'The metric; null: it judges budgets or components.';
comment on column docket.alert_rules.labels is
    'The labels that have to be there: of series; of budgets scope, workflow_id and task_id; of components component and kind.';
comment on column docket.alert_rules.group_by is
    'The labels that tell series apart: each value has an alert of its own, all other series are taken together.';
comment on column docket.alert_rules.aggregate is
    'How samples are taken together, as metric_series() does it; null: as is usual for the metric.';
comment on column docket.alert_rules.time_window is
    'The time before an evaluation that is judged.';
comment on column docket.alert_rules.comparison is
    'On which side of the threshold values are bad.';
comment on column docket.alert_rules.threshold is
    'From which value on it is bad: in the unit of the metric (rate: per second); anomaly: how many times the usual spread; absence: seconds; budget: the part that is used, 1 all; component: 1 degraded, 2 stale, 3 down.';
comment on column docket.alert_rules.clear_threshold is
    'Beyond which value, on the good side, it is good again.';
comment on column docket.alert_rules.fire_after is
    'For how long it has to be bad before the alert fires.';
comment on column docket.alert_rules.clear_after is
    'For how long it has to be good again before the alert is resolved.';
comment on column docket.alert_rules.baseline_weeks is
    'Of an anomaly: how many weeks before say what is usual.';
comment on column docket.alert_rules.description is
    'What it means, and what to do about it.';
comment on column docket.alert_rules.is_enabled is
    'Whether it is evaluated.';
comment on constraint alert_rules_texts_bounded on docket.alert_rules is
    'the name of a rule has 1 to 255 characters, its metric up to 200, its description 1 to 2000';
comment on constraint alert_rules_metric_where_measured on docket.alert_rules is
    'a rule names a metric, unless its kind is budget or component';
comment on constraint alert_rules_labels_plain on docket.alert_rules is
    'labels are an object of at most 32 texts under plain names';
comment on constraint alert_rules_group_by_bounded on docket.alert_rules is
    'series are told apart by at most 32 labels';
comment on constraint alert_rules_aggregate_where_taken_together on docket.alert_rules is
    'only rules of the kinds threshold, rate and anomaly take samples together';
comment on constraint alert_rules_time_window_bounded on docket.alert_rules is
    'time_window is from a minute to 7 days; that of an anomaly fits into an hour without a rest';
comment on constraint alert_rules_comparison_fits on docket.alert_rules is
    'values are bad above or below; of an anomaly outside too; of absence, budgets and components above';
comment on constraint alert_rules_threshold_plain on docket.alert_rules is
    'a threshold is a number, and more than 0 of absence, budget and component and for outside';
comment on constraint alert_rules_clears_on_the_other_side on docket.alert_rules is
    'clear_threshold lies on the good side of the threshold, or on it';
comment on constraint alert_rules_waits_bounded on docket.alert_rules is
    'fire_after and clear_after are from 0 to 7 days';
comment on constraint alert_rules_baseline_bounded on docket.alert_rules is
    'an anomaly is one against 3 to 52 weeks before, and no other rule has such';

call docket_private.add_touch('docket.alert_rules');
call docket_private.add_journal('docket.alert_rules', 'alert_rule_id');

alter table docket.alert_rules enable row level security;
alter table docket.alert_rules force row level security;
create policy alert_rules_of_visible_projects on docket.alert_rules
    using (project_id is null
           or project_id = any ((select docket_private.visible_projects())::uuid[]));

-- Whoever evaluates a rule in a project holds the row. Apart from the rule, which may be that of
-- all projects: nobody keeps it from being evaluated in another's.
create table docket.alert_evaluations (
    alert_rule_id uuid        not null,
    project_id    uuid        not null,
    evaluated_at  timestamptz,
    series_count  bigint,
    problem       text,

    constraint alert_evaluations_pkey primary key (alert_rule_id, project_id),
    constraint alert_evaluations_project_fkey
        foreign key (project_id) references docket.projects on delete cascade
) with (fillfactor = 50);

create index alert_evaluations_project_idx on docket.alert_evaluations (project_id);

comment on table docket.alert_evaluations is
    'How the last evaluation of each rule went, by project.';
comment on column docket.alert_evaluations.alert_rule_id is
    'The rule.';
comment on column docket.alert_evaluations.evaluated_at is
    'When it was evaluated last; null: never.';
comment on column docket.alert_evaluations.series_count is
    'How many series, budgets or components it then judged.';
comment on column docket.alert_evaluations.problem is
    'Why it could not be evaluated; null: it could.';

call docket_private.add_isolation('docket.alert_evaluations');

grant select on docket.alert_rules, docket.alert_evaluations
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
