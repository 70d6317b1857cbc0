-- Deploy pgdocket:queue/retry_failed to pg
-- requires: queue/complete_tasks

begin;
set local role docket_owner;

-- The caller holds the rows of the tasks.
create function docket_private.forgive_attempts(
    project_id uuid,
    task_ids   uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update docket.task_attempts as a
       set is_forgiven = true
     where a.task_id = any (forgive_attempts.task_ids)
       and a.project_id = forgive_attempts.project_id
       and a.failure_class is not null
       and not a.is_forgiven;
end;
$$;

comment on function docket_private.forgive_attempts(uuid, uuid[]) is
    'Lets the failed attempts of tasks count no longer: retry policies begin anew.';

create function docket.retry_failed(
    project_id    uuid,
    failure_class text    default null,
    workflow_id   uuid    default null,
    tags_all      text[]  default null,
    max_tasks     integer default 100,
    request_id    uuid    default null
) returns setof docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'retry_failed');
    v_task_ids uuid[];
    v_tasks    docket.tasks[];
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.tasks, v_answer);
        return;
    end if;

    perform docket_private.require_project(retry_failed.project_id);

    if retry_failed.max_tasks is null or retry_failed.max_tasks not between 1 and 10000 then
        raise exception 'max_tasks is %', coalesce(retry_failed.max_tasks::text, 'null')
            using errcode = 'PD422',
                  hint    = '1 to 10000 tasks are tried again in one call.';
    end if;

    if retry_failed.failure_class is not null and not exists (
        select
          from docket.retry_policies as p
         where p.failure_class = retry_failed.failure_class
    ) then
        raise exception '% is no failure class',
                        quote_literal(left(retry_failed.failure_class, 100))
            using errcode = 'PD422',
                  hint    = 'Those of docket.retry_policies are known.';
    end if;

    -- The graph's key, then the tasks by id, as everywhere.
    perform docket_private.share_graph(retry_failed.project_id);
    v_task_ids := array(
        select t.task_id
          from docket.tasks as t
         where t.project_id = retry_failed.project_id
           and t.status = 'failed'
           and t.archived_at is null
           and (retry_failed.workflow_id is null or t.workflow_id = retry_failed.workflow_id)
           and (retry_failed.tags_all is null or t.tags @> retry_failed.tags_all)
           and (retry_failed.failure_class is null
                or retry_failed.failure_class = (
                       select a.failure_class
                         from docket.task_attempts as a
                        where a.task_id    = t.task_id
                          and a.project_id = t.project_id
                        order by a.attempt_no desc
                        limit 1))
         order by t.task_id
         limit retry_failed.max_tasks
           for no key update of t);

    perform docket_private.forgive_attempts(retry_failed.project_id, v_task_ids);

      with retried as (
          update docket.tasks as t
             set status      = 'pending',
                 assigned_to = null,
                 not_before  = null
           where t.task_id = any (v_task_ids)
             and t.project_id = retry_failed.project_id
          returning t
      )
    select array_agg(r.t order by (r.t).task_id) into v_tasks
      from retried as r;

    v_tasks := coalesce(v_tasks, '{}');
    perform docket_private.remember(retry_failed.request_id, to_jsonb(v_tasks));

    return query
    select u.* from unnest(v_tasks) as u;
end;
$$;

comment on function docket.retry_failed(uuid, text, uuid, text[], integer, uuid) is
'Lets tasks that have failed for good be tried anew, as often as their retry policies say: what failed
before counts no longer, but stays in their history.

`failure_class` narrows it to those whose last attempt failed by this class, `workflow_id` to a
workflow, `tags_all` to those that have all of these tags; `max_tasks` is how many at most (1 to
10000), the oldest first. The same `request_id` again returns the same tasks.
Returns the tasks, pending now; none when none has failed. Raises PD404, PD403, PD422.';

revoke all on function docket_private.forgive_attempts(uuid, uuid[]) from public;
revoke all on function docket.retry_failed(uuid, text, uuid, text[], integer, uuid) from public;
grant execute on function docket.retry_failed(uuid, text, uuid, text[], integer, uuid)
   to docket_admin, docket_app;

commit;
