-- Deploy pgdocket:knowledge/recommendations to pg
-- requires: delivery/validation_results
-- requires: knowledge/learning_data
-- requires: knowledge/similar_tasks
-- requires: knowledge/use_templates
-- requires: queue/task_attempts
-- requires: tasks/budgets

begin;
set local role docket_owner;

-- What is over and was like this task says what to expect: the 50 most similar tasks that were
-- completed, failed or cancelled. Who did well there, and what template, is scored as what was
-- learned is, each outcome by its similarity: (good + 1) / (good + bad + 2). What a task takes is
-- half-way between those similar ones that took less and more, and lies within what 8 of 10 of them
-- took; fewer than three say nothing.
create function docket.recommendations(
    task_id   uuid,
    page_size integer default 5
) returns table (
    kind     text,
    subject  text,
    score    numeric,
    estimate numeric,
    low      numeric,
    high     numeric,
    unit     text,
    reason   text,
    evidence jsonb
)
language sql
stable
begin atomic
      with similar_ones as materialized (
          select f.task_id, f.project_id, f.similarity, t.status, t.workflow_id, t.actual_effort,
                 t.estimated_effort, t.completed_at
            from docket_private.find_similar_tasks(
                     recommendations.task_id, '{completed,failed,cancelled}', 50) as f
            join docket.tasks as t
              on t.task_id = f.task_id
             and t.project_id = f.project_id
      ), tried as materialized (
          select s.task_id, s.similarity, a.attempt_id, a.agent, a.outcome, a.failure_class,
                 a.created_at, s.completed_at
            from similar_ones as s
            join docket.task_attempts as a
              on a.task_id = s.task_id
             and a.project_id = s.project_id
           where a.outcome is not null
      ), measured as (
          select 'effort' as what, 'hours' as unit, s.task_id, s.actual_effort::numeric as amount
            from similar_ones as s
           where s.status = 'completed'
             and s.actual_effort is not null
           union all
          select 'duration', 'hours', r.task_id,
                 round(extract(epoch from r.completed_at - min(r.created_at)) / 3600, 4)
            from tried as r
           where r.completed_at is not null
           group by r.task_id, r.completed_at
           union all
          select 'tokens', 'tokens', b.task_id, b.used_tokens
            from similar_ones as s
            join docket.budgets as b
              on b.task_id = s.task_id
             and b.project_id = s.project_id
           where s.status = 'completed'
             and b.used_tokens > 0
           union all
          select 'cost', 'currency', b.task_id, b.used_cost
            from similar_ones as s
            join docket.budgets as b
              on b.task_id = s.task_id
             and b.project_id = s.project_id
           where s.status = 'completed'
             and b.used_cost > 0
           union all
          select 'overrun', 'ratio', s.task_id,
                 round(s.actual_effort / s.estimated_effort, 4)
            from similar_ones as s
           where s.status = 'completed'
             and s.estimated_effort > 0
             and s.actual_effort is not null
      ), amounts as (
          select m.what, m.unit, count(*) as number,
                 percentile_disc(0.5) within group (order by m.amount) as middle,
                 percentile_disc(0.1) within group (order by m.amount) as low,
                 percentile_disc(0.9) within group (order by m.amount) as high,
                 jsonb_build_object('task_ids', jsonb_agg(m.task_id)) as evidence
            from measured as m
           group by m.what, m.unit
          having count(*) >= 3
      ), found as (
          select 'estimate' as kind, a.what as subject, null::numeric as score,
                 a.middle as estimate, a.low, a.high, a.unit,
                 format('half of %s similar tasks took no more, and 8 of 10 between low and high',
                        a.number) as reason,
                 a.evidence
            from amounts as a
           where a.what <> 'overrun'
           union all
          select 'risk', 'overrun', null, a.middle, a.low, a.high, a.unit,
                 format('half of %s similar tasks took %s times their estimate, or more',
                        a.number, a.middle),
                 a.evidence
            from amounts as a
           where a.what = 'overrun'
             and a.middle > 1.25
           union all
          select 'agent', r.agent,
                 round((coalesce(sum(r.similarity) filter (where r.outcome = 'completed'), 0) + 1)
                       / (sum(r.similarity) + 2), 4),
                 null, null, null, null,
                 format('completed %s of %s attempts at similar tasks',
                        count(*) filter (where r.outcome = 'completed'), count(*)),
                 jsonb_build_object('attempt_ids', jsonb_agg(r.attempt_id))
            from tried as r
           group by r.agent
           union all
          select 'template', t.template_key,
                 round((coalesce(sum(u.similarity) filter (where u.status = 'completed'), 0) + 1)
                       / (sum(u.similarity) + 2), 4),
                 null, null, null, null,
                 format('%s of %s similar tasks that it was used for were completed',
                        count(*) filter (where u.status = 'completed'), count(*)),
                 jsonb_build_object('template_ids', jsonb_build_array(t.template_id),
                                    'task_ids', jsonb_agg(u.task_id),
                                    'usage_ids', jsonb_agg(distinct u.usage_id))
            from (
                select s.task_id, s.project_id, s.similarity, s.status, h.template_id, h.usage_id
                  from similar_ones as s
                  join docket.template_usage_history as h
                    on h.task_id = s.task_id
                   and h.project_id = s.project_id
                 union all
                select s.task_id, s.project_id, s.similarity, s.status, h.template_id, h.usage_id
                  from similar_ones as s
                  join docket.template_usage_history as h
                    on h.workflow_id = s.workflow_id
                   and h.project_id = s.project_id
            ) as u
            join docket.templates as t
              on t.template_id = u.template_id
             and t.project_id = u.project_id
           where t.archived_at is null
           group by t.template_id, t.template_key
           union all
          select 'risk', 'failure: ' || r.failure_class,
                 round(count(distinct r.task_id)::numeric
                       / (select count(*) from similar_ones), 4),
                 null, null, null, null,
                 format('%s of %s similar tasks had attempts that failed so',
                        count(distinct r.task_id), (select count(*) from similar_ones)),
                 jsonb_build_object('attempt_ids', jsonb_agg(r.attempt_id))
            from tried as r
           where r.failure_class is not null
           group by r.failure_class
           union all
          select 'risk', 'validation: ' || v.validation_type,
                 round(count(distinct v.task_id)::numeric
                       / (select count(*) from similar_ones), 4),
                 null, null, null, null,
                 format('%s of %s similar tasks did not pass it at once',
                        count(distinct v.task_id), (select count(*) from similar_ones)),
                 jsonb_build_object('validation_result_ids', jsonb_agg(v.validation_result_id))
            from similar_ones as s
            join docket.validation_results as v
              on v.task_id = s.task_id
             and v.project_id = s.project_id
           where v.validation_status in ('failed', 'error')
           group by v.validation_type
           union all
          select 'pattern', p.pattern_key, p.confidence, null, null, null, null, p.pattern,
                 jsonb_build_object('learning_ids', jsonb_build_array(p.learning_id),
                                    'evidence_ids', (
                                        select coalesce(jsonb_agg(e.evidence_id), '[]')
                                          from docket.list_evidence(p.learning_id, null, 20) as e))
            from docket.tasks as t
           cross join lateral docket.learned(
                     t.project_id, tags_any => t.tags, min_confidence => 0.5,
                     page_size => recommendations.page_size) as p
           where t.task_id = recommendations.task_id
             and p.evidence > 0
      ), ranked as (
          select f.kind, f.subject, f.score, f.estimate, f.low, f.high, f.unit, f.reason,
                 f.evidence,
                 row_number() over (partition by f.kind order by f.score desc, f.subject) as place
            from found as f
      )
    select r.kind, r.subject, r.score, r.estimate, r.low, r.high, r.unit, r.reason, r.evidence
      from ranked as r
     where r.place <= least(greatest(recommendations.page_size, 1), 1000)
     order by r.kind, r.place;
end;

comment on function docket.recommendations(uuid, integer) is
'What is known of tasks like `task_id`: who and what did well with them (kinds agent, template),
what they took (estimate: effort and duration in hours, tokens, cost), what went wrong (risk), and
what was learned about its tags (pattern).

`page_size` bounds each kind, the best first (1 to 1000). Rests on the 50 most similar tasks that
are over (similar_tasks()). score may be null; it is 0 to 1: of agents and templates (good + 1) /
(good + bad + 2), each outcome weighed by similarity, of risks the part of the similar tasks that
met it, of patterns their confidence. estimate, low, high and unit may be null: estimates have half
of the similar tasks at or below `estimate` and 8 of 10 between low and high, and want three of them
at least. evidence is an object with the ids of the rows that it rests on. Returns rows, by kind;
raises nothing.';

revoke all on function docket.recommendations(uuid, integer) from public;
grant execute on function docket.recommendations(uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
