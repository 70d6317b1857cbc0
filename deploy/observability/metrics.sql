-- Deploy pgdocket:observability/metrics to pg
-- requires: platform/drop_partitions
-- requires: platform/settings
-- requires: projects/require_project

begin;
set local role docket_owner;

create domain docket.metric_kind as text
    constraint metric_kind_known
        check (value in ('gauge', 'counter', 'histogram', 'summary', 'timer'));

comment on domain docket.metric_kind is
    'How samples are taken together: gauge, a state that goes up and down; counter, a total that only grows, until it begins anew; histogram and timer, single observations, by quantiles; summary, single observations, by count and sum.';

create domain docket.metric_category as text
    constraint metric_category_known
        check (value in ('database', 'application', 'infrastructure', 'business', 'security'));

comment on domain docket.metric_category is
    'What a metric is about, and so how long it is kept: database, application, infrastructure, business or security.';

create domain docket.metric_resolution as text
    constraint metric_resolution_known check (value in ('raw', 'minute', 'hour', 'day'));

comment on domain docket.metric_resolution is
    'How finely metrics are kept: raw, each sample; minute, hour or day, what the samples of one come to.';

-- UCUM, of which this knows the units that machines and businesses are measured in; what is counted
-- stands in braces: {task}, {task}/h. "1" is a ratio.
create domain docket.metric_unit as text
    constraint metric_unit_is_ucum
        check (length(value) <= 60
               and value ~ ('^/?(([YZEPTGMkhdcmunpfazy]|da|[KMGT]i)?'
                            '(m|s|g|A|K|mol|cd|rad|sr|Hz|N|Pa|J|W|C|V|F|Ohm|S|Wb|T|H|Cel|lm|lx|Bq'
                            '|Gy|Sv|L|l|t|bar|eV|By|bit|Bd|B|min|h|d|wk|mo|a|10\*|%|\[ppm\]|\[ppb\]'
                            '|\[ppth\]|\[degF\]|\d+)([+-]?\d+)?(\{[!-z|~]*\})?|\{[!-z|~]*\})'
                            '([./](([YZEPTGMkhdcmunpfazy]|da|[KMGT]i)?'
                            '(m|s|g|A|K|mol|cd|rad|sr|Hz|N|Pa|J|W|C|V|F|Ohm|S|Wb|T|H|Cel|lm|lx|Bq'
                            '|Gy|Sv|L|l|t|bar|eV|By|bit|Bd|B|min|h|d|wk|mo|a|10\*|%|\[ppm\]|\[ppb\]'
                            '|\[ppth\]|\[degF\]|\d+)([+-]?\d+)?(\{[!-z|~]*\})?|\{[!-z|~]*\}))*$'));

comment on domain docket.metric_unit is
    'A unit of UCUM, in its case-sensitive form: ms, By, %, 1, {task}/h...';
comment on constraint metric_unit_is_ucum on domain docket.metric_unit is
    'a unit is one of UCUM: ms, s, By, %, 1, Cel, {task}/h...';

create table docket.metric_definitions (
    name        text                   not null,
    project_id  uuid                   not null,
    kind        docket.metric_kind     not null,
    category    docket.metric_category not null,
    unit        docket.metric_unit     not null,
    description text,
    created_at  timestamptz            not null default docket.clock(),
    created_by  text                   not null default docket.principal(),

    constraint metric_definitions_pkey primary key (name, project_id),
    constraint metric_definitions_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint metric_definitions_name_plain check (name ~ '^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$'),
    constraint metric_definitions_description_bounded
        check (length(description) between 1 and 2000)
);

create index metric_definitions_project_idx on docket.metric_definitions (project_id, name);

comment on table docket.metric_definitions is
    'What is measured: each metric of a project, with its kind and unit.';
comment on column docket.metric_definitions.name is
    'The metric''s name, as OpenMetrics has them.';
comment on column docket.metric_definitions.kind is
    'How its samples are taken together.';
comment on column docket.metric_definitions.category is
    'What it is about, and so how long it is kept.';
comment on column docket.metric_definitions.unit is
    'The unit of its samples.';
comment on column docket.metric_definitions.description is
    'What it says.';
comment on constraint metric_definitions_name_plain on docket.metric_definitions is
    'a metric''s name has 1 to 200 letters, digits, "_" and ":", no digit first';
comment on constraint metric_definitions_description_bounded on docket.metric_definitions is
    'the description of a metric has 1 to 2000 characters';

create function docket_private.is_labels(labels jsonb) returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- One after the other: what is no object can not be taken apart.
    if jsonb_typeof(is_labels.labels) <> 'object' or octet_length(is_labels.labels::text) > 4096
    then
        return false;
    end if;

    return (
        select count(*) <= 32
               and coalesce(
                       bool_and(l.key ~ '^[a-zA-Z_][a-zA-Z0-9_]{0,99}$'
                                and l.key <> all (array['le', 'quantile'])
                                and jsonb_typeof(l.value) = 'string'),
                       true)
          from jsonb_each(is_labels.labels) as l);
end;
$$;

comment on function docket_private.is_labels(jsonb) is
    'Whether a value is an object of labels: at most 32 texts under plain names.';

create sequence docket_private.series_id_seq as bigint;

comment on sequence docket_private.series_id_seq is
    'The ids of series.';

-- Its id is a number, and not a uuid as elsewhere: each sample has it, twice. It is the project's
-- in every key, and no function takes it without the project, which knows its shard.
create table docket.metric_series (
    series_id  bigint      not null default nextval('docket_private.series_id_seq'),
    project_id uuid        not null,
    name       text        not null,
    labels     jsonb       not null default '{}',
    created_at timestamptz not null default docket.clock(),

    constraint metric_series_pkey primary key (series_id, project_id),
    constraint metric_series_labels_key unique (name, project_id, labels),
    constraint metric_series_definition_fkey
        foreign key (name, project_id) references docket.metric_definitions on delete cascade,
    constraint metric_series_labels_plain check (docket_private.is_labels(labels))
);

comment on table docket.metric_series is
    'The series of each metric: one for each set of labels that it was recorded with.';
comment on column docket.metric_series.series_id is
    'The series.';
comment on column docket.metric_series.name is
    'The metric.';
comment on column docket.metric_series.labels is
    'What the series was measured at, as an object of texts; under component the part of the system.';
comment on constraint metric_series_labels_plain on docket.metric_series is
    'labels are an object of at most 32 texts, of 4096 bytes together, under names of letters, digits and "_"; le and quantile are no labels';

create sequence docket_private.metric_id_seq as bigint;

comment on sequence docket_private.metric_id_seq is
    'The order in which samples came.';

-- As narrow as a row can be that says whose it is. One index finds the samples of a series; that by
-- transactions finds what has come since the last rollup, however late, and takes little, since all
-- rows of a batch are one entry; that over time takes nothing.
--
-- What refers to the series is kept by statements: a foreign key would look it up once for each
-- row.
create table docket.metrics (
    series_id      bigint      not null,
    project_id     uuid        not null,
    recorded_at    timestamptz not null,
    metric_id      bigint      not null default nextval('docket_private.metric_id_seq'),
    value          numeric     not null,
    transaction_id xid8        not null default pg_current_xact_id(),

    constraint metrics_pkey primary key (series_id, recorded_at, metric_id, project_id),
    constraint metrics_value_plain
        check (value > -1e30 and value < 1e30 and scale(value) <= 30)
) partition by range (recorded_at);

create index metrics_transaction_idx on docket.metrics (transaction_id);

create index metrics_time_idx on docket.metrics using brin (recorded_at);

comment on table docket.metrics is
    'Samples: what a series was at a time. Rows are added, never changed.';
comment on column docket.metrics.series_id is
    'The series.';
comment on column docket.metrics.recorded_at is
    'When it was so.';
comment on column docket.metrics.metric_id is
    'The sample: they are numbered as they come.';
comment on column docket.metrics.value is
    'What was measured, in the unit of the metric.';
comment on column docket.metrics.transaction_id is
    'The transaction that brought it.';
comment on constraint metrics_value_plain on docket.metrics is
    'a sample is a number between -1e30 and 1e30 with at most 30 decimals';

create table docket.metrics_default partition of docket.metrics default;

comment on table docket.metrics_default is
    'Rows of metrics for which no month is there. The first row in it is an alarm.';

alter table docket.metrics_default enable row level security;
alter table docket.metrics_default force row level security;

create function docket_private.delete_samples() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from docket.metrics as m
     using deleted as d
     where m.series_id  = d.series_id
       and m.project_id = d.project_id;
    return null;
end;
$$;

comment on function docket_private.delete_samples() is
    'Deletes the samples of series that are deleted.';

create trigger metric_series_delete_samples
    after delete on docket.metric_series
    referencing old table as deleted
    for each statement execute function docket_private.delete_samples();

-- A finer resolution is kept no longer than the next coarser, which is made of it.
create table docket.metric_retention (
    category   docket.metric_category not null,
    raw        interval,
    minute     interval,
    hour       interval,
    day        interval,
    gone_until timestamptz            not null default '-infinity',

    constraint metric_retention_pkey primary key (category),
    constraint metric_retention_days
        check (least(raw, minute, hour, day) >= interval '1 day'
               and greatest(raw, minute, hour, day) <= interval '100 years'),
    constraint metric_retention_coarser_longer
        check (coalesce(raw <= minute, minute is null)
               and coalesce(minute <= hour, hour is null)
               and coalesce(hour <= day, day is null))
);

comment on table docket.metric_retention is
    'How long metrics of each category are kept: samples, and what they come to by minute, hour and day; null: for ever.';
comment on column docket.metric_retention.category is
    'The category.';
comment on column docket.metric_retention.raw is
    'How long samples are kept.';
comment on column docket.metric_retention.minute is
    'How long rollups by the minute are kept.';
comment on column docket.metric_retention.hour is
    'How long rollups by the hour are kept.';
comment on column docket.metric_retention.day is
    'How long rollups by the day are kept.';
comment on column docket.metric_retention.gone_until is
    'Samples from before this are gone, or about to go; none is taken in any more.';
comment on constraint metric_retention_days on docket.metric_retention is
    'metrics are kept for a day at least, and for 100 years at most';
comment on constraint metric_retention_coarser_longer on docket.metric_retention is
    'samples are kept no longer than minutes, minutes no longer than hours, hours no longer than days';

insert into docket.metric_retention (category, raw, minute, hour)
select c.category, interval '30 days', interval '90 days', interval '400 days'
  from unnest(array['database', 'application', 'infrastructure', 'business', 'security'])
       as c (category);

call docket_private.add_journal('docket.metric_definitions', 'name');
call docket_private.add_journal('docket.metric_retention', 'category');
call docket_private.add_isolation('docket.metric_definitions');
call docket_private.add_isolation('docket.metric_series');
call docket_private.add_isolation('docket.metrics');

insert into docket.partition_policies (table_name, retention)
values ('metrics', interval '30 days');

do $$ begin perform docket_private.ensure_partitions(); end $$;

insert into docket.settings (setting_key, value, description)
values ('max_metric_series', '10000', 'The most series that a project may have: labels are for what has few values, not for ids; a project may set its own.');

create view docket.system_metrics with (security_invoker = true) as
select m.project_id,
       d.category,
       s.labels ->> 'component' as component,
       d.name,
       d.kind,
       m.value,
       d.unit,
       m.recorded_at,
       s.labels,
       m.series_id,
       m.metric_id
  from docket.metrics as m
  join docket.metric_series as s using (series_id, project_id)
  join docket.metric_definitions as d on d.name = s.name and d.project_id = s.project_id;

comment on view docket.system_metrics is
    'Samples with all that is known of them: category, component, name, kind, unit and labels.';

create view docket.performance_metrics with (security_invoker = true) as
select s.project_id, s.component, s.name, s.value, s.unit, s.recorded_at, s.labels
  from docket.system_metrics as s
 where s.component is not null;

comment on view docket.performance_metrics is
    'Samples of components: what was measured at which part of the system.';

revoke all on function docket_private.is_labels(jsonb) from public;
revoke all on function docket_private.delete_samples() from public;
grant select on docket.metric_definitions, docket.metric_series, docket.metrics,
                docket.system_metrics, docket.performance_metrics
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.metric_retention
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_maintenance;

commit;
