-- Deploy pgdocket:delivery/full_context to pg
-- requires: context/ai_interactions
-- requires: context/read_contexts
-- requires: delivery/required_validations
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
               from docket.task_attempts as a
              where a.task_id    = t.task_id
                and a.project_id = t.project_id),
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
latest version of each type of its contexts, its attempts, the newest result of each validation, and
what its agents said to models last (`max_interactions` of them, 0 to 1000).

Returns the object. Raises PD404.';

revoke all on function docket.full_context(uuid, integer) from public;
grant execute on function docket.full_context(uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
