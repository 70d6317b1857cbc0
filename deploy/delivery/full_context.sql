-- Deploy pgdocket:delivery/full_context to pg
-- requires: context/ai_interactions
-- requires: context/read_contexts
-- requires: delivery/required_validations
-- requires: delivery/task_pull_requests
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

-- Statement by statement, because the plans of these are kept: that of one which holds all of them
-- would be made anew for each call by servers before version 18. A stable function reads all of it
-- as it was at one moment. As json, not jsonb: it is put together once, and sent.
create function docket.full_context(
    task_id          uuid,
    max_interactions integer default 20
) returns json
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    v_task          docket.tasks := docket.get_task(full_context.task_id);
    v_contexts      json;
    v_attempts      json;
    v_failures      json;
    v_pull_requests json;
    v_validations   json;
    v_interactions  json;
begin
    v_contexts := (
        select json_agg(c order by c.context_type)
          from (
              select l.context_type, l.version, l.data, l.content_type, l.byte_size, l.is_escaped,
                     l.attempt_id, l.created_at, l.created_by
                from docket.latest_contexts(full_context.task_id, page_size => 1000) as l
          ) as c);

    v_attempts := (
        select json_agg(a order by a.attempt_no)
          from (
              select l.attempt_id, l.attempt_no, l.agent, l.outcome, l.failure_class, l.error,
                     l.details, l.is_forgiven, l.created_at, l.ended_at, l.heartbeat_at,
                     l.lease_expires_at
                from docket.task_attempts as l
               where l.task_id    = v_task.task_id
                 and l.project_id = v_task.project_id
               order by l.attempt_no desc
               limit 100
          ) as a);

    -- The same runs may have been repeated within an attempt: the last of each counts.
    v_failures := (
        select json_agg(f order by f.attempt_no desc)
          from (
              select l.attempt_id, l.attempt_no, l.agent, l.outcome, l.ended_at, l.failure_class,
                     l.error, l.details,
                     coalesce(
                         (select json_agg(w order by w.validation_type)
                            from (
                                select r.validation_type, r.validation_status, r.issues_found,
                                       r.details, r.suggestions
                                  from (
                                      select distinct on (v.validation_type) v.*
                                        from docket.validation_results as v
                                       where v.attempt_id = l.attempt_id
                                         and v.project_id = l.project_id
                                       order by v.validation_type, v.run_no desc
                                  ) as r
                                 where r.validation_status in ('failed', 'error')
                            ) as w),
                         '[]') as validations
                from docket.task_attempts as l
               where l.task_id    = v_task.task_id
                 and l.project_id = v_task.project_id
                 and l.outcome in ('failed', 'lease_expired')
               order by l.attempt_no desc
               limit 3
          ) as f);

    v_pull_requests := (
        select json_agg(p order by p.pull_request_id desc)
          from (
              select k.pull_request_id, k.project_id
                from docket.task_pull_requests as k
               where k.task_id    = v_task.task_id
                 and k.project_id = v_task.project_id
               order by k.pull_request_id desc
               limit 20
          ) as l
          join docket.pull_requests as p
            on p.pull_request_id = l.pull_request_id
           and p.project_id      = l.project_id);

    v_validations := (
        select json_agg(newest order by newest.validation_type)
          from (
              select distinct on (v.validation_type) v.*
                from docket.validation_results as v
               where v.task_id    = v_task.task_id
                 and v.project_id = v_task.project_id
               order by v.validation_type, v.run_no desc
          ) as newest);

    v_interactions := (
        select json_agg(latest order by latest.created_at, latest.interaction_id)
          from (
              select i.interaction_id, i.attempt_id, i.prompt_build_id, i.session_id,
                     i.conversation_id, i.agent_name, i.interaction_type, i.request_model,
                     i.response_model, i.finish_reasons, i.input_tokens, i.output_tokens,
                     i.execution_time_ms, i.tool_calls, i.success, i.error_type, i.cost_amount,
                     i.cost_currency, i.request_data, i.response_data, i.metadata, i.created_at
                from docket.ai_interactions as i
               where i.task_id    = v_task.task_id
                 and i.project_id = v_task.project_id
               order by i.created_at desc, i.interaction_id desc
               limit least(greatest(full_context.max_interactions, 0), 1000)
          ) as latest);

    return json_build_object(
        'task', v_task, 'contexts', coalesce(v_contexts, '[]'),
        'attempts', coalesce(v_attempts, '[]'), 'failures', coalesce(v_failures, '[]'),
        'pull_requests', coalesce(v_pull_requests, '[]'),
        'validations', coalesce(v_validations, '[]'),
        'interactions', coalesce(v_interactions, '[]'));
end;
$$;

comment on function docket.full_context(uuid, integer) is
'All that is known about a task, in one call and as it was at one moment: an object with the task, the
latest version of each type of its contexts (contexts), its last 100 attempts, the last three of
them that failed or lost their lease with the validations that failed in them (failures), its 20
newest pull requests with what their checks and reviewers say (pull_requests), the newest result of
each validation (validations), and what its agents said to models last (interactions,
`max_interactions` of them, 0 to 1000; docket.list_interactions() has all their columns).

Returns the object. Raises PD404.';

revoke all on function docket.full_context(uuid, integer) from public;
grant execute on function docket.full_context(uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
