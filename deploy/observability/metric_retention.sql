-- Deploy pgdocket:observability/metric_retention to pg
-- requires: observability/metric_rollups

begin;
set local role docket_owner;

create function docket.set_metric_retention(
    category text,
    raw      interval,
    minute   interval,
    hour     interval,
    day      interval
) returns docket.metric_retention
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy     docket.metric_retention;
    v_constraint text;
begin
    perform docket_private.require_operator();

    -- Whoever changes another category at the same time is waited for: months go by all of them.
    perform
       from docket.metric_retention as r
      order by r.category
        for no key update;

    update docket.metric_retention as r
       set raw    = set_metric_retention.raw,
           minute = set_metric_retention.minute,
           hour   = set_metric_retention.hour,
           day    = set_metric_retention.day
     where r.category = lower(set_metric_retention.category)
    returning r.* into v_policy;

    if not found then
        raise exception 'there is no category "%"',
                        left(coalesce(set_metric_retention.category, 'null'), 100)
            using errcode = 'PD404',
                  hint    = 'docket.metric_retention lists them.';
    end if;

    -- Whole months go once no category keeps their samples.
    update docket.partition_policies as p
       set retention = k.retention
      from (
          select case when count(r.raw) = count(*) then max(r.raw) end as retention
            from docket.metric_retention as r
      ) as k
     where p.table_name = 'metrics'
       and p.retention is distinct from k.retention;

    return v_policy;
exception
    when check_violation then
        get stacked diagnostics v_constraint = constraint_name;
        raise exception 'the retention is refused: %',
                        docket_private.constraint_text('metric_retention', v_constraint)
            using errcode = 'PD422';
end;
$$;

comment on function docket.set_metric_retention(text, interval, interval, interval, interval) is
'Sets how long metrics of a category are kept, in all projects.

`category` is database, application, infrastructure, business or security; `raw` is how long
samples are kept, `minute`, `hour` and `day` how long their rollups are (null: for ever), each no
longer than the next. What is older goes in maintenance runs, by whole days; the journal says so.
Returns the policy. Raises PD403 (not an operator), PD404, PD422.';

-- Samples first say that they are gone, and then go: so none is taken in that would be the only one
-- of its bucket that is left. What no rollup has yet stays until one has.
create function docket_private.prune_metrics(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rolled pg_snapshot;
    v_before timestamptz;
    v_policy docket.metric_retention;
    v_gone   record;
    v_count  bigint := 0;
begin
    perform docket_private.require_operator();
    v_rolled := docket_private.rolled_snapshot();

    -- A loop over five categories, because each has its own time.
    for v_policy in
        select r.* from docket.metric_retention as r order by r.category
    loop
        v_before := date_trunc('day', docket.clock() - v_policy.raw, 'UTC');

        update docket.metric_retention as r
           set gone_until = v_before
         where r.category = v_policy.category
           and r.gone_until < v_before;

          with old as (
              select m.series_id, m.project_id, m.recorded_at, m.metric_id
                from docket.metric_series as s
                join docket.metric_definitions as d
                  on d.name = s.name and d.project_id = s.project_id
               cross join lateral (
                         select n.series_id, n.project_id, n.recorded_at, n.metric_id
                           from docket.metrics as n
                          where n.series_id   = s.series_id
                            and n.project_id  = s.project_id
                            and n.recorded_at < v_before
                            and pg_visible_in_snapshot(n.transaction_id, v_rolled)
                          offset 0
                     ) as m
               where d.category = v_policy.category
               limit greatest(prune_metrics.at_most - v_count, 0)
          ), samples as (
              delete from docket.metrics as m
               using old as o
               where m.series_id   = o.series_id
                 and m.project_id  = o.project_id
                 and m.recorded_at = o.recorded_at
                 and m.metric_id   = o.metric_id
              returning 1
          ), aged as (
              select r.series_id, r.project_id, r.resolution, r.bucket_at
                from (values ('minute', v_policy.minute), ('hour', v_policy.hour),
                             ('day', v_policy.day)) as k (resolution, retention)
               cross join lateral (
                         select n.series_id, n.project_id, n.resolution, n.bucket_at
                           from docket.metric_rollups as n
                          where n.resolution = k.resolution
                            and n.bucket_at < date_trunc(
                                    'day', docket.clock() - k.retention, 'UTC')
                          offset 0
                     ) as r
               cross join lateral (
                         select s.name
                           from docket.metric_series as s
                          where s.series_id  = r.series_id
                            and s.project_id = r.project_id
                          offset 0
                     ) as s
                join docket.metric_definitions as d
                  on d.name = s.name and d.project_id = r.project_id
               where d.category = v_policy.category
               limit greatest(prune_metrics.at_most - v_count, 0)
          ), rollups as (
              delete from docket.metric_rollups as r
               using aged as a
               where r.series_id  = a.series_id
                 and r.project_id = a.project_id
                 and r.resolution = a.resolution
                 and r.bucket_at  = a.bucket_at
              returning r.resolution
          )
        select (select count(*) from samples) as raw,
               count(*) filter (where r.resolution = 'minute') as minute,
               count(*) filter (where r.resolution = 'hour') as hour,
               count(*) filter (where r.resolution = 'day') as day
          into v_gone
          from rollups as r;

        if v_gone.raw + v_gone.minute + v_gone.hour + v_gone.day > 0 then
            insert into docket.audit_log (table_name, operation, row_key, old_values)
            values ('metrics', 'drop', v_policy.category, to_jsonb(v_gone));
            v_count := v_count + v_gone.raw + v_gone.minute + v_gone.hour + v_gone.day;
        end if;
    end loop;

    return v_count;
end;
$$;

comment on function docket_private.prune_metrics(bigint) is
    'A step of maintenance: removes samples and rollups that their categories keep no longer, about so many. Returns how many. Raises PD403.';

revoke all on function
    docket.set_metric_retention(text, interval, interval, interval, interval) from public;
revoke all on function docket_private.prune_metrics(bigint) from public;
grant execute on function
    docket.set_metric_retention(text, interval, interval, interval, interval)
   to docket_admin;

commit;
