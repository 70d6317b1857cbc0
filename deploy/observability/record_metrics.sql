-- Deploy pgdocket:observability/record_metrics to pg
-- requires: observability/metrics
-- requires: platform/idempotency_keys

begin;
set local role docket_owner;

create function docket_private.labels_of(
    labels    jsonb,
    component text
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(labels_of.labels, '{}')
           || case
                  when labels_of.component is null then '{}'
                  else jsonb_build_object('component', labels_of.component)
              end;
end;
$$;

comment on function docket_private.labels_of(jsonb, text) is
    'The labels of a series, among which is its component.';

create function docket_private.samples_in(metrics jsonb) returns table (
    place        bigint,
    name         text,
    labels       jsonb,
    sample_value numeric,
    recorded_at  timestamptz
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select e.place, e.element ->> 'name',
           docket_private.labels_of(e.element -> 'labels', e.element ->> 'component'),
           (e.element ->> 'value')::numeric,
           coalesce((e.element ->> 'recorded_at')::timestamptz, docket.clock())
      from jsonb_array_elements(samples_in.metrics) with ordinality as e (element, place)
     order by e.place;
end;
$$;

comment on function docket_private.samples_in(jsonb) is
    'The samples of a batch, as rows.';

-- Refuses what can't be meant before anything is written, and says which element it is.
create function docket_private.check_metrics(metrics jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most  integer := (docket_private.setting('max_batch_size') #>> '{}')::integer;
    v_known constant text[] := array[
        'name', 'value', 'recorded_at', 'labels', 'component', 'kind', 'unit', 'category',
        'description'];
    v_wrong record;
begin
    if metrics is null or jsonb_typeof(metrics) <> 'array' or jsonb_array_length(metrics) = 0 then
        raise exception 'metrics is not a JSON array of samples'
            using errcode = 'PD422',
                  hint    = 'Give an array of objects with name and value.';
    end if;

    if jsonb_array_length(metrics) > v_most then
        raise exception '% samples in one call', jsonb_array_length(metrics)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_batch_size).', v_most);
    end if;

    select e.place, w.reason into v_wrong
      from jsonb_array_elements(metrics) with ordinality as e (element, place)
     cross join lateral (
               select case
                          when jsonb_typeof(e.element) <> 'object' then 'is not a JSON object'
                          when (e.element - v_known) <> '{}'
                              then format('has a field %s that samples do not have',
                                          (select left(min(k.name), 100)
                                             from jsonb_object_keys(e.element - v_known)
                                                  as k (name)))
                          when coalesce(e.element ->> 'name', '') = '' then 'has no name'
                          when jsonb_typeof(e.element -> 'value') is distinct from 'number'
                              then 'has no value that is a number'
                          when not docket_private.is_labels(coalesce(e.element -> 'labels', '{}'))
                              then 'has labels that are none: an object of texts is asked for'
                      end as reason
           ) as w
     where w.reason is not null
     order by e.place
     limit 1;

    if found then
        raise exception 'sample number % %', v_wrong.place, v_wrong.reason
            using errcode = 'PD422',
                  hint    = format('Known are %s.', array_to_string(v_known, ', '));
    end if;
end;
$$;

comment on function docket_private.check_metrics(jsonb) is
    'Raises PD422 or PD413 for what can not be a batch of samples.';

-- Whoever writes samples of a project keeps it, as a foreign key of each row would.
create function docket_private.keep_project(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.require_project(keep_project.project_id);

    perform
       from docket.projects as p
      where p.project_id = keep_project.project_id
        for key share;
end;
$$;

comment on function docket_private.keep_project(uuid) is
    'Keeps a project from being deleted until the transaction ends. Raises PD404, PD403.';

-- Times that samples may have: not before what is still kept, or rollups would be made anew of less
-- than they were made of; and not far ahead, or the clock of one machine would be taken for all.
create function docket_private.check_times(
    first_at   timestamptz,
    last_at    timestamptz,
    categories text[]
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kept timestamptz := (
        select max(greatest(
                   r.gone_until, date_trunc('day', docket.clock() - r.raw, 'UTC')))
          from docket.metric_retention as r
         where r.category = any (check_times.categories));
begin
    if check_times.first_at < v_kept then
        raise exception 'a sample is of %, and samples are kept since %',
                        check_times.first_at, v_kept
            using errcode = 'PD422',
                  hint    = 'docket.set_metric_retention() says how long they are kept.';
    end if;

    if check_times.last_at > docket.clock() + interval '1 day' then
        raise exception 'a sample is of %, which is more than a day ahead', check_times.last_at
            using errcode = 'PD422',
                  hint    = 'See whose clock is wrong.';
    end if;
end;
$$;

comment on function docket_private.check_times(timestamptz, timestamptz, text[]) is
    'Raises PD422 unless samples from the first to the last time are kept.';

-- Finds the series of samples, and makes those that are new. Two who make the same meet at its key.
create function docket_private.find_series(
    project_id uuid,
    metrics    jsonb
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most       bigint;
    v_wrong      record;
    v_constraint text;
begin
    insert into docket.metric_definitions as d (
        name, project_id, kind, category, unit, description)
    select distinct on (e.element ->> 'name')
           e.element ->> 'name', find_series.project_id,
           coalesce(lower(e.element ->> 'kind'), 'gauge'),
           coalesce(lower(e.element ->> 'category'), 'application'),
           coalesce(e.element ->> 'unit',
                    case lower(e.element ->> 'kind') when 'timer' then 'ms' else '1' end),
           e.element ->> 'description'
      from jsonb_array_elements(find_series.metrics) with ordinality as e (element, place)
     where not exists (
               select
                 from docket.metric_definitions as k
                where k.name       = e.element ->> 'name'
                  and k.project_id = find_series.project_id)
     order by e.element ->> 'name', e.element ->> 'kind' is null, e.place
        on conflict on constraint metric_definitions_pkey do nothing;

    select d.name, d.kind, d.unit, d.category into v_wrong
      from jsonb_array_elements(find_series.metrics) as e (element)
      join docket.metric_definitions as d
        on d.name = e.element ->> 'name' and d.project_id = find_series.project_id
     where lower(e.element ->> 'kind') <> d.kind
        or e.element ->> 'unit' <> d.unit
        or lower(e.element ->> 'category') <> d.category
     limit 1;

    if found then
        raise exception 'metric "%" is a % of category %, in %',
                        v_wrong.name, v_wrong.kind, v_wrong.category, v_wrong.unit
            using errcode = 'PD409',
                  hint    = 'A metric has one kind, one unit and one category: take another name.';
    end if;

    insert into docket.metric_series as s (project_id, name, labels)
    select distinct find_series.project_id, e.name, e.labels
      from docket_private.samples_in(find_series.metrics) as e
     where not exists (
               select
                 from docket.metric_series as k
                where k.name       = e.name
                  and k.project_id = find_series.project_id
                  and k.labels     = e.labels)
     order by 2, 3
        on conflict on constraint metric_series_labels_key do nothing;

    if not found then
        return;
    end if;

    v_most := (
        select (docket_private.setting('max_metric_series', p.settings) #>> '{}')::bigint
          from docket.projects as p
         where p.project_id = find_series.project_id);
    if (select count(*)
          from docket.metric_series as s
         where s.project_id = find_series.project_id) > v_most
    then
        raise exception 'the project would have more than % series', v_most
            using errcode = 'PD413',
                  hint    = 'Labels are for what has few values, not for ids (setting max_metric_series).';
    end if;
exception
    when check_violation or not_null_violation or data_exception or program_limit_exceeded then
        get stacked diagnostics v_constraint = constraint_name;
        raise exception 'samples are refused: %',
                        coalesce(
                            docket_private.constraint_text('metric_definitions', v_constraint),
                            docket_private.constraint_text('metric_series', v_constraint),
                            left(sqlerrm, 300))
            using errcode = 'PD422';
end;
$$;

comment on function docket_private.find_series(uuid, jsonb) is
    'Makes the metrics and series of some samples where they are new. Raises PD409 where a metric is of another kind, unit or category, PD413.';

-- The last step of all who record. Samples come as columns, which costs least.
create function docket_private.insert_samples(
    project_id    uuid,
    series_ids    bigint[],
    sample_values numeric[],
    recorded_at   timestamptz[]
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_facts record;
    v_count bigint;
begin
    select min(g.series_id) filter (where s.series_id is null) as unknown,
           min(s.name) filter (
               where d.kind in ('counter', 'timer') and g.lowest < 0) as negative,
           array_agg(distinct d.category::text) as categories,
           min(g.first_at) as first_at,
           max(g.last_at) as last_at
      into v_facts
      from (
          select u.series_id,
                 min(u.sample_value) as lowest,
                 min(u.at) as first_at,
                 max(u.at) as last_at
            from unnest(insert_samples.series_ids, insert_samples.sample_values,
                        insert_samples.recorded_at) as u (series_id, sample_value, at)
           group by u.series_id
      ) as g
      left join lateral (
               select k.series_id, k.name
                 from docket.metric_series as k
                where k.series_id  = g.series_id
                  and k.project_id = insert_samples.project_id
               offset 0
           ) as s on true
      left join docket.metric_definitions as d
        on d.name = s.name and d.project_id = insert_samples.project_id;

    if v_facts.unknown is not null then
        raise exception 'series % is none of the project', v_facts.unknown
            using errcode = 'PD404',
                  hint    = 'docket.register_series() gives the ids of series.';
    end if;

    if v_facts.negative is not null then
        raise exception 'metric "%" has a sample below 0', v_facts.negative
            using errcode = 'PD422',
                  hint    = 'Counters and timers have none; a gauge or a histogram may.';
    end if;

    perform docket_private.check_times(v_facts.first_at, v_facts.last_at, v_facts.categories);

    insert into docket.metrics as m (series_id, project_id, recorded_at, value)
    select u.series_id, insert_samples.project_id, u.at, u.sample_value
      from unnest(insert_samples.series_ids, insert_samples.sample_values,
                  insert_samples.recorded_at) as u (series_id, sample_value, at);
    get diagnostics v_count = row_count;
    return v_count;
exception
    when check_violation or not_null_violation then
        raise exception 'samples are refused: each has a series, a time, and a value: a number between -1e30 and 1e30 with at most 30 decimals'
            using errcode = 'PD422';
end;
$$;

comment on function docket_private.insert_samples(uuid, bigint[], numeric[], timestamptz[]) is
    'Writes samples that come as columns. Returns how many. Raises PD404, PD422.';

create function docket.register_series(
    project_id uuid,
    series     jsonb
) returns setof docket.metric_series
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_given jsonb := case
                         when jsonb_typeof(series) = 'array' then (
                             select coalesce(
                                        jsonb_agg(
                                            case jsonb_typeof(e.element)
                                                when 'object' then '{"value": 0}' || e.element
                                                else e.element
                                            end
                                            order by e.place),
                                        '[]')
                               from jsonb_array_elements(series) with ordinality
                                    as e (element, place))
                         else series
                     end;
begin
    perform docket_private.keep_project(register_series.project_id);
    perform docket_private.check_metrics(v_given);
    perform docket_private.find_series(register_series.project_id, v_given);

    return query
    select s.*
      from docket_private.samples_in(v_given) as e
      join docket.metric_series as s
        on s.name = e.name and s.project_id = register_series.project_id and s.labels = e.labels
     order by e.place;
end;
$$;

comment on function docket.register_series(uuid, jsonb) is
'Finds series of a project, and makes those that are new: for who records many samples of few series
and gives their ids to record_samples().

`series` is an array of objects with name, and labels, component, kind, unit, category and
description as in record_metrics(). To call it again is harmless. Returns the series, in the order
in which they were given. Raises PD404, PD403, PD409 (the metric is of another kind, unit or
category), PD413, PD422.';

create function docket.record_samples(
    project_id    uuid,
    series_ids    bigint[],
    sample_values numeric[],
    recorded_at   timestamptz[],
    request_id    uuid default null
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb  := docket_private.replay(request_id, 'record_samples');
    v_most   bigint := 10 * (docket_private.setting('max_batch_size') #>> '{}')::bigint;
    v_count  bigint;
begin
    if v_answer is not null then
        return v_answer::bigint;
    end if;

    perform docket_private.keep_project(record_samples.project_id);

    if coalesce(array_ndims(record_samples.series_ids), 0) <> 1
       or cardinality(record_samples.series_ids)
          is distinct from cardinality(record_samples.sample_values)
       or cardinality(record_samples.series_ids)
          is distinct from cardinality(record_samples.recorded_at)
    then
        raise exception 'the columns of the samples are not equally long, or empty'
            using errcode = 'PD422',
                  hint    = 'Give one series id, one value and one time for each sample.';
    end if;

    if cardinality(record_samples.series_ids) > v_most then
        raise exception '% samples in one call', cardinality(record_samples.series_ids)
            using errcode = 'PD413',
                  hint    = format('At most %s (ten times the setting max_batch_size).', v_most);
    end if;

    v_count := docket_private.insert_samples(
        record_samples.project_id, record_samples.series_ids, record_samples.sample_values,
        record_samples.recorded_at);

    perform docket_private.remember(record_samples.request_id, to_jsonb(v_count));
    return v_count;
end;
$$;

comment on function docket.record_samples(uuid, bigint[], numeric[], timestamptz[], uuid) is
'Records many samples of series that are known: they come as columns, as COPY takes them, and this
is the quickest way in.

`series_ids` are the series that register_series() told, `sample_values` and `recorded_at` are the
values and times, one for each; all are equally long, at most ten times the setting max_batch_size.
What is older than samples are kept, or more than a day ahead, is refused. The same `request_id`
again records nothing more. Returns how many it recorded. Raises PD404, PD403, PD413, PD422.';

create function docket.record_metrics(
    project_id uuid,
    metrics    jsonb,
    request_id uuid default null
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'record_metrics');
    v_given  record;
    v_count  bigint;
begin
    if v_answer is not null then
        return v_answer::bigint;
    end if;

    perform docket_private.keep_project(record_metrics.project_id);
    perform docket_private.check_metrics(record_metrics.metrics);

    perform docket_private.find_series(record_metrics.project_id, record_metrics.metrics);

    select array_agg(s.series_id) as series_ids,
           array_agg(e.sample_value) as sample_values,
           array_agg(e.recorded_at) as times
      into v_given
      from docket_private.samples_in(record_metrics.metrics) as e
      join docket.metric_series as s
        on s.name = e.name and s.project_id = record_metrics.project_id and s.labels = e.labels;

    v_count := docket_private.insert_samples(
        record_metrics.project_id, v_given.series_ids, v_given.sample_values, v_given.times);

    perform docket_private.remember(record_metrics.request_id, to_jsonb(v_count));
    return v_count;
end;
$$;

comment on function docket.record_metrics(uuid, jsonb, uuid) is
'Records samples, each with the name of its metric and its labels. What is new is made: the metric
with the kind, unit, category and description of the first sample that tells one, and the series.

`metrics` is an array of objects with name and value, and recorded_at (now), labels (an object of
texts), component (short for a label of that name), kind (gauge, counter, histogram, summary,
timer; else gauge), unit (one of UCUM; else 1, and ms for timers), category (database, application,
infrastructure, business, security; else application) and description. At most the setting
max_batch_size of them; record_samples() is quicker where there are many. What is older than
samples are kept, or more than a day ahead, is refused. The same `request_id` again records nothing
more. Returns how many it recorded. Raises PD404, PD403, PD409 (the metric is of another kind, unit
or category), PD413, PD422.';

create function docket.record_metric(
    project_id   uuid,
    name         text,
    sample_value numeric,
    unit         text        default null,
    component    text        default null,
    labels       jsonb       default null,
    kind         text        default null,
    category     text        default null,
    recorded_at  timestamptz default null,
    request_id   uuid        default null
) returns docket.system_metrics
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb       := docket_private.replay(request_id, 'record_metric');
    v_now    timestamptz := docket.clock();
    v_metric docket.system_metrics;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.system_metrics, v_answer);
    end if;

    if record_metric.sample_value in ('NaN', 'Infinity', '-Infinity') then
        raise exception 'a sample is a number, not %', record_metric.sample_value
            using errcode = 'PD422';
    end if;

    perform docket.record_metrics(
        record_metric.project_id,
        jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
            'name', record_metric.name, 'value', record_metric.sample_value,
            'unit', record_metric.unit, 'component', record_metric.component,
            'labels', record_metric.labels, 'kind', record_metric.kind,
            'category', record_metric.category,
            'recorded_at', coalesce(record_metric.recorded_at, v_now)))));

    select m.* into v_metric
      from docket.system_metrics as m
     where m.project_id = record_metric.project_id
       and m.name       = record_metric.name
       and m.labels     = docket_private.labels_of(record_metric.labels, record_metric.component)
       and m.metric_id  = currval('docket_private.metric_id_seq')
       and m.recorded_at = coalesce(record_metric.recorded_at, v_now);

    perform docket_private.remember(record_metric.request_id, to_jsonb(v_metric));
    return v_metric;
end;
$$;

comment on function docket.record_metric(
    uuid, text, numeric, text, text, jsonb, text, text, timestamptz, uuid) is
'Records one sample of a metric.

`name` is the metric, `sample_value` what was measured, `unit` one of UCUM (ms, By, %, 1...),
`component` the part of the system where (a label of that name), `labels` an object of texts,
`kind` gauge, counter, histogram, summary or timer, `category` database, application,
infrastructure, business or security, `recorded_at` when (null: now). What is null is as the metric
has it; for a new one a gauge of category application. The same `request_id` again returns the
first answer. Returns the sample, with all that is known of it. Raises PD404, PD403, PD409 (the
metric is of another kind, unit or category), PD413, PD422.';

revoke all on function docket_private.labels_of(jsonb, text) from public;
revoke all on function docket_private.samples_in(jsonb) from public;
revoke all on function docket_private.check_metrics(jsonb) from public;
revoke all on function docket_private.keep_project(uuid) from public;
revoke all on function docket_private.check_times(timestamptz, timestamptz, text[]) from public;
revoke all on function docket_private.find_series(uuid, jsonb) from public;
revoke all on function docket_private.insert_samples(uuid, bigint[], numeric[], timestamptz[])
  from public;
revoke all on function docket.register_series(uuid, jsonb) from public;
revoke all on function docket.record_samples(uuid, bigint[], numeric[], timestamptz[], uuid)
  from public;
revoke all on function docket.record_metrics(uuid, jsonb, uuid) from public;
revoke all on function docket.record_metric(
    uuid, text, numeric, text, text, jsonb, text, text, timestamptz, uuid) from public;
grant execute on function
    docket.register_series(uuid, jsonb),
    docket.record_samples(uuid, bigint[], numeric[], timestamptz[], uuid),
    docket.record_metrics(uuid, jsonb, uuid),
    docket.record_metric(
        uuid, text, numeric, text, text, jsonb, text, text, timestamptz, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
