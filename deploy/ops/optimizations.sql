-- Deploy pgdocket:ops/optimizations to pg
-- requires: analytics/clues
-- requires: analytics/read_tallies
-- requires: ops/server_views

begin;
set local role docket_owner;

-- Each with the figures that it rests on, so that nobody has to believe it.
create function docket.optimizations(
    project_id uuid    default null,
    max_rows   integer default 50
) returns table (
    project  text,
    kind     text,
    subject  text,
    advice   text,
    evidence jsonb,
    as_of    timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_projects uuid[]  := docket_private.asked_projects(optimizations.project_id);
    v_dba      boolean := optimizations.project_id is null and docket_private.is_operator();
    v_as_of timestamptz := docket_private.tallied_at('{bottlenecks,validation_flips,agent_tags}');
begin
    return query
      with stuck as (
          select b.project_id, 'bottleneck' as kind, t.task_key as subject, b.waiting as weight,
                 case
                     when t.status in ('failed', 'blocked', 'deferred')
                         then 'Decide what becomes of it: nobody works on it, and others wait.'
                     when t.attempt_id is not null
                         then 'See whether whoever holds it gets on, or release it.'
                     else 'Raise its priority, or remove what it need not be waited for.'
                 end as advice,
                 jsonb_build_object(
                     'task_id', t.task_id, 'status', t.status, 'waiting', b.waiting,
                     'held_by', a.agent, 'held_ms', h.held_ms,
                     'cycle_p95_ms', c.cycle_p95_ms) as evidence
            from docket_private.bottlenecks as b
            join docket.tasks as t
              on t.task_id    = b.task_id
             and t.project_id = b.project_id
            left join docket.task_attempts as a
              on a.attempt_id = t.attempt_id
             and a.project_id = t.project_id
            left join docket_private.task_times as c
              on c.project_id = b.project_id
             and c.dimension  = ''
             and c.days       = 90
           cross join lateral (
                     select (extract(epoch from docket.clock() - a.created_at) * 1000)::bigint
                                as held_ms
                 ) as h
           where b.project_id = any (v_projects)
             and t.status not in ('completed', 'cancelled')
             and (b.waiting >= 5 or b.waiting >= 2 and h.held_ms > c.cycle_p95_ms)
      ), flaky as (
          select v.project_id, 'flaky validation', v.validation_type, v.flips,
                 'Mend it, or run it more than once: of the same revision it says yes and no.',
                 jsonb_build_object('revisions', v.revisions, 'flips', v.flips,
                                    'examples', v.examples)
            from docket_private.validation_flips as v
           where v.project_id = any (v_projects)
             and v.flips >= 2
      ), tagged as (
          select g.*, g.good + g.bad as n, o.good as others_good, o.good + o.bad as others_n
            from docket_private.agent_tags as g
           cross join lateral (
                     select coalesce(sum(w.good), 0) as good, coalesce(sum(w.bad), 0) as bad
                       from docket_private.agent_tags as w
                      where w.project_id = g.project_id
                        and w.tag        = g.tag
                        and w.agent     <> g.agent
                 ) as o
           where g.project_id = any (v_projects)
             and g.good + g.bad >= 20
      ), worse as (
          -- Two proportions with a common variance, one-sided, at 0.1 %: with some dozens of agents
          -- and tags hardly one is named by chance.
          select g.project_id, 'agent for a tag', format('%s for %s', g.agent, g.tag), g.bad,
                 'Give such tasks to others, or see what it lacks.',
                 jsonb_build_object(
                     'agent', g.agent, 'tag', g.tag, 'attempts', g.n, 'completed', g.good,
                     'others_attempts', g.others_n, 'others_completed', g.others_good,
                     'z_score', round(z.z, 2))
            from tagged as g
           cross join lateral (
                     select (g.good + g.others_good)::numeric / (g.n + g.others_n) as pooled
                 ) as p
           cross join lateral (
                     select (g.good::numeric / g.n - g.others_good / nullif(g.others_n, 0))
                            / nullif(sqrt(p.pooled * (1 - p.pooled)
                                          * (1.0 / g.n + 1.0 / nullif(g.others_n, 0))), 0) as z
                 ) as z
           where g.others_n >= 20
             and z.z <= -3.09
      ), unread as (
          select null::uuid, 'missing index', s.schema_name || '.' || s.table_name,
                 s.rows_read_by_them,
                 'Find the statement (slow_statements(), pgdocket explain), and give it an index.',
                 to_jsonb(s)
            from docket.table_scans as s
           where v_dba
             and s.may_lack_an_index
      ), kept as (
          select null::uuid, 'retention', p.table_name, sum(o.total_bytes)::bigint,
                 format('Say how long it is kept: set_retention(%L, ...).', p.table_name),
                 jsonb_build_object(
                     'total_bytes', sum(o.total_bytes),
                     'partitions', count(*),
                     'last_full_month_bytes', sum(o.total_bytes) filter (
                         where o.partition_name = p.table_name || to_char(
                                   docket.clock() at time zone 'UTC' - interval '1 month',
                                   '"_"YYYY"_"MM')))
            from docket.partition_policies as p
            join docket.partition_overview as o
              on o.table_name  = p.table_name
             and o.schema_name = 'docket'
           where v_dba
             and p.retention is null
           group by p.table_name
          having sum(o.total_bytes) >= 1073741824
      ), found (project_id, kind, subject, weight, advice, evidence) as (
          select * from stuck
           union all
          select * from flaky
           union all
          select * from worse
           union all
          select * from unread
           union all
          select * from kept
      )
    select p.slug, f.kind, f.subject, f.advice, f.evidence,
           case when f.project_id is not null then v_as_of end
      from found as f
      left join docket.projects as p
        on p.project_id = f.project_id
     order by f.kind, f.weight desc, p.slug, f.subject
     limit least(greatest(optimizations.max_rows, 1), 1000);
end;
$$;

comment on function docket.optimizations(uuid, integer) is
'What could go better, by what is recorded: each with what it is about, what to do, and the figures
that it rests on. What is advised for one task is recommendations().

`project_id` is null for each of the projects that you may see, `max_rows` bounds the answer (1 to
1000). Kinds: bottleneck, an unfinished task that five others wait for, or two and somebody has held
it longer than 95 of 100 tasks took (cycle time, 90 days). flaky validation, a type that both passed
and failed for the same revision (artifact, or commit of its metadata), of two revisions at least.
agent for a tag: its attempts at such tasks end well less often than those of others (90 days, 20
attempts of each at least, a one-sided test of two proportions at 0.1 %). For operators, without a
project, also missing index (docket.table_scans) and retention: months of a gigabyte or more that
nothing is ever dropped of. Returns rows by kind, the weightiest first. as_of says how old the
answer is; maintenance counts anew. project and as_of may be null: of the server. Raises nothing.';

revoke all on function docket.optimizations(uuid, integer) from public;
grant execute on function docket.optimizations(uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
