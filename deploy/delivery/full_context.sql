-- Deploy pgdocket:delivery/full_context to pg
-- requires: context/ai_interactions
-- requires: context/read_contexts
-- requires: delivery/required_validations
-- requires: delivery/task_pull_requests
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

create function docket.full_context(
    task_id          uuid,
    max_interactions integer default 20
) returns jsonb
language sql
stable
begin atomic
    -- One statement: all of it as it was at one moment.
    select jsonb_build_object(
        'task', to_jsonb(t),
        'contexts', coalesce(
            (select jsonb_agg(
                        to_jsonb(c) - array['task_id', 'project_id', 'is_tombstone', 'content_hash']
                        order by c.context_type)
               from docket.latest_contexts(t.task_id) as c),
            '[]'),
        'attempts', coalesce(
            (select jsonb_agg(
                        to_jsonb(a) - array['task_id', 'project_id']
                        order by a.attempt_no)
               from (
                   select l.*
                     from docket.task_attempts as l
                    where l.task_id    = t.task_id
                      and l.project_id = t.project_id
                    order by l.attempt_no desc
                    limit 100
               ) as a),
            '[]'),
        -- The same runs may have been repeated within an attempt: the last of each counts.
        'failures', coalesce(
            (select jsonb_agg(
                        jsonb_build_object(
                            'attempt_id', f.attempt_id, 'attempt_no', f.attempt_no,
                            'agent', f.agent, 'outcome', f.outcome, 'ended_at', f.ended_at,
                            'failure_class', f.failure_class, 'error', f.error,
                            'details', f.details,
                            'validations', coalesce(
                                (select jsonb_agg(
                                            jsonb_build_object(
                                                'validation_type', r.validation_type,
                                                'validation_status', r.validation_status,
                                                'issues_found', r.issues_found,
                                                'details', r.details,
                                                'suggestions', r.suggestions)
                                            order by r.validation_type)
                                   from (
                                       select distinct on (v.validation_type) v.*
                                         from docket.validation_results as v
                                        where v.attempt_id = f.attempt_id
                                          and v.project_id = f.project_id
                                        order by v.validation_type, v.run_no desc
                                   ) as r
                                  where r.validation_status in ('failed', 'error')),
                                '[]'))
                        order by f.attempt_no desc)
               from (
                   select l.*
                     from docket.task_attempts as l
                    where l.task_id    = t.task_id
                      and l.project_id = t.project_id
                      and l.outcome in ('failed', 'lease_expired')
                    order by l.attempt_no desc
                    limit 3
               ) as f),
            '[]'),
        'pull_requests', coalesce(
            (select jsonb_agg(to_jsonb(p) - 'project_id' order by p.pull_request_id desc)
               from (
                   select k.pull_request_id, k.project_id
                     from docket.task_pull_requests as k
                    where k.task_id    = t.task_id
                      and k.project_id = t.project_id
                    order by k.pull_request_id desc
                    limit 20
               ) as l
              cross join lateral (
                        select q.*
                          from docket.pull_requests as q
                         where q.pull_request_id = l.pull_request_id
                           and q.project_id      = l.project_id
                         order by q.pull_request_id
                         limit 1
                    ) as p),
            '[]'),
        'validations', coalesce(
            (select jsonb_agg(
                        to_jsonb(newest) - array['task_id', 'project_id']
                        order by newest.validation_type)
               from (
                   select distinct on (v.validation_type) v.*
                     from docket.validation_results as v
                    where v.task_id    = t.task_id
                      and v.project_id = t.project_id
                    order by v.validation_type, v.run_no desc
               ) as newest),
            '[]'),
        'interactions', coalesce(
            (select jsonb_agg(
                        to_jsonb(latest) - array['task_id', 'project_id']
                        order by latest.created_at, latest.interaction_id)
               from (
                   select i.*
                     from docket.ai_interactions as i
                    where i.task_id    = t.task_id
                      and i.project_id = t.project_id
                    order by i.created_at desc, i.interaction_id desc
                    limit least(greatest(full_context.max_interactions, 0), 1000)
               ) as latest),
            '[]'))
      from docket.get_task(full_context.task_id) as t;
end;

comment on function docket.full_context(uuid, integer) is
'All that is known about a task, in one call and as it was at one moment: an object with the task, the
latest version of each type of its contexts (contexts), its last 100 attempts, the last three of
them that failed or lost their lease with the validations that failed in them (failures), its 20
newest pull requests with what their checks and reviewers say (pull_requests), the newest result of
each validation (validations), and what its agents said to models last (interactions,
`max_interactions` of them, 0 to 1000).

Returns the object. Raises PD404.';

revoke all on function docket.full_context(uuid, integer) from public;
grant execute on function docket.full_context(uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
