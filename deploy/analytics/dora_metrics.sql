-- Deploy pgdocket:analytics/dora_metrics to pg
-- requires: delivery/deployment_executions
-- requires: delivery/task_pull_requests
-- requires: platform/settings

begin;
set local role docket_owner;

insert into docket.settings (setting_key, value, description)
values ('rework_tags', '["bug", "hotfix", "incident"]', 'The tags of tasks that mend what was delivered: a deployment for one of them is rework. A project may set its own.');

-- The five metrics of software delivery of dora.dev, as its guide of 2025 names them, reckoned from
-- what is recorded here. A deployment is a first attempt with all that try it again: it has failed
-- when its first attempt has, however soon another went well.
create function docket.dora_metrics(
    project_id  uuid,
    environment text        default 'production',
    since       timestamptz default null,
    until       timestamptz default null
) returns table (
    metric       text,
    value        numeric,
    unit         text,
    counted      bigint,
    of_all       bigint,
    value_before numeric,
    change       numeric
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_until timestamptz := coalesce(dora_metrics.until, docket.clock());
    v_since timestamptz;
    v_rework text[] := array(
        select jsonb_array_elements_text(docket_private.setting(
            'rework_tags',
            (select p.settings from docket.projects as p
              where p.project_id = dora_metrics.project_id))));
begin
    -- So far from the ends of time that what is reckoned from them still is one.
    if v_until between '0100-01-01' and '9000-01-01' then
        v_since := coalesce(dora_metrics.since, v_until - interval '30 days');
    end if;

    if (v_since < v_until and v_since >= '0100-01-01') is not true then
        raise exception 'from % to % is no period',
                        coalesce(v_since, dora_metrics.since), v_until
            using errcode = 'PD422',
                  hint    = 'since comes before until; they are 30 days ago and now unless given.';
    end if;

    return query
      with periods as (
          select w.name, w.begins_at, w.begins_at + (v_until - v_since) as ends_at,
                 extract(epoch from v_until - v_since)::numeric / 86400 as days
            from (values ('now', v_since), ('before', v_since - (v_until - v_since)))
                 as w (name, begins_at)
      ), deployments as materialized (
          -- The first attempts of both periods, and when the last of their attempts went well.
          select p.name as period, d.deployment_id, d.script_id, d.project_id, d.status,
                 d.started_at, d.completed_at, d.task_id, d.metadata
            from periods as p
            join docket.deployment_executions as d
              on d.project_id   = dora_metrics.project_id
             and d.environment  = dora_metrics.environment
             and d.started_at  >= p.begins_at
             and d.started_at   < p.ends_at
             and d.status in ('completed', 'failed', 'timed_out')
           where d.attempt_no = 1
      ), successes as materialized (
          select p.name as period, d.deployment_id, d.completed_at, d.pull_request_id
            from periods as p
            join docket.deployment_executions as d
              on d.project_id    = dora_metrics.project_id
             and d.environment   = dora_metrics.environment
             and d.completed_at >= p.begins_at
             and d.completed_at  < p.ends_at
           where d.status = 'completed'
      ), changes as (
          -- A change is out with the first deployment that names it or began after it was merged.
          select s.period,
                 extract(epoch from s.completed_at - r.opened_at)::numeric / 3600 as hours
            from docket.pull_requests as r
           cross join lateral (
                     -- Each by an index, and what begins after the merge ends after it.
                     select o.deployment_id
                       from (
                           (select d.deployment_id, d.completed_at
                              from docket.deployment_executions as d
                             where d.project_id    = r.project_id
                               and d.environment   = dora_metrics.environment
                               and d.status        = 'completed'
                               and d.completed_at >= r.merged_at
                               and d.started_at   >= r.merged_at
                             order by d.completed_at
                             limit 1)
                            union all
                           (select d.deployment_id, d.completed_at
                              from docket.deployment_executions as d
                             where d.pull_request_id = r.pull_request_id
                               and d.project_id      = r.project_id
                               and d.environment     = dora_metrics.environment
                               and d.status          = 'completed'
                             order by d.completed_at
                             limit 1)
                       ) as o
                      order by o.completed_at
                      limit 1
                 ) as f
            join successes as s
              on s.deployment_id = f.deployment_id
           where r.project_id = dora_metrics.project_id
             and r.status     = 'merged'
             and r.opened_at is not null
      ), failures as (
          select d.period, extract(epoch from w.completed_at - d.completed_at)::numeric / 3600
                               as hours
            from deployments as d
            left join lateral (
                     select n.completed_at
                       from docket.deployment_executions as n
                      where n.script_id    = d.script_id
                        and n.project_id   = d.project_id
                        and n.environment  = dora_metrics.environment
                        and n.status       = 'completed'
                        and n.completed_at > d.completed_at
                      order by n.completed_at
                      limit 1
                 ) as w on true
           where d.status in ('failed', 'timed_out')
      ), figures as (
          select p.name as period, f.ordinal, f.metric, f.value, f.unit, f.counted, f.of_all
            from periods as p
           cross join lateral (
                     select (select count(*) from successes as s where s.period = p.name)
                                as successes,
                            (select count(*) from deployments as d where d.period = p.name)
                                as deployments,
                            (select count(*) from failures as x where x.period = p.name)
                                as failures,
                            (select count(x.hours) from failures as x where x.period = p.name)
                                as recovered,
                            (select percentile_cont(0.5) within group (order by x.hours)
                               from failures as x where x.period = p.name) as recovery,
                            (select count(*) from changes as c where c.period = p.name)
                                as changes,
                            (select percentile_cont(0.5) within group (order by c.hours)
                               from changes as c where c.period = p.name) as lead,
                            (select count(*)
                               from deployments as d
                              where d.period = p.name
                                and (d.metadata @> '{"unplanned": true}'
                                     or exists (
                                         select
                                           from docket.tasks as t
                                          where t.task_id    = d.task_id
                                            and t.project_id = d.project_id
                                            and t.tags && v_rework))) as rework
                 ) as n
           cross join lateral (
                     values (1, 'deployment_frequency', n.successes / p.days, '1/d',
                             n.successes, n.successes),
                            (2, 'change_lead_time', n.lead::numeric, 'h',
                             n.changes, n.changes),
                            (3, 'change_fail_rate', n.failures::numeric / nullif(n.deployments, 0),
                             '1', n.failures, n.deployments),
                            (4, 'failed_deployment_recovery_time', n.recovery::numeric, 'h',
                             n.recovered, n.failures),
                            (5, 'rework_rate', n.rework::numeric / nullif(n.deployments, 0),
                             '1', n.rework, n.deployments)
                 ) as f (ordinal, metric, value, unit, counted, of_all)
      )
    select a.metric, round(a.value, 4), a.unit, a.counted, a.of_all, round(b.value, 4),
           round(a.value / nullif(b.value, 0) - 1, 4)
      from figures as a
      join figures as b
        on b.metric = a.metric
       and b.period = 'before'
     where a.period = 'now'
     order by a.ordinal;
end;
$$;

comment on function docket.dora_metrics(uuid, text, timestamptz, timestamptz) is
'The five metrics of software delivery of dora.dev, from pull requests and deployments: how often,
how fast and how well what was changed came to those who use it.

`environment` is where it has to come (production, staging, development), `since` and `until` are
the period, from the first to before the second (default: the last 30 days).
deployment_frequency: deployments that went well, by day. change_lead_time: the median from the
opening of a pull request to the end of the deployment that brought it out: the first that names it
or began after it was merged. change_fail_rate: the part of the deployments whose
first attempt failed. failed_deployment_recovery_time: the median from there to the end of the next
run of the same script that went well. rework_rate: the part of the deployments that mend something,
for a task with one of the tags of the setting rework_tags, or with "unplanned": true in their
metadata.
Returns five rows, unit in UCUM (1/d, h, 1): counted is how many the value rests on, of_all out of
how many; value_before is that of the equally long time before, change by which part the value is
greater. value, value_before and change may be null: there is nothing to reckon them from. Raises
PD422.';

revoke all on function docket.dora_metrics(uuid, text, timestamptz, timestamptz) from public;
grant execute on function docket.dora_metrics(uuid, text, timestamptz, timestamptz)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
