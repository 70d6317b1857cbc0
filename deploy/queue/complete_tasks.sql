-- Deploy pgdocket:queue/complete_tasks to pg
-- requires: graph/readiness
-- requires: queue/claim_tasks

begin;
set local role docket_owner;

-- The project of attempts that one call names. One call is one unit of work in one project.
create function docket_private.project_of_attempts(attempt_ids uuid[]) returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown  uuid;
    v_projects uuid[];
begin
    select (min(w.attempt_id::text) filter (where a.attempt_id is null))::uuid,
           array_agg(distinct a.project_id) filter (where a.project_id is not null)
      into v_unknown, v_projects
      from unnest(project_of_attempts.attempt_ids) as w (attempt_id)
      left join docket.task_attempts as a
        on a.attempt_id = w.attempt_id;

    if v_unknown is not null or coalesce(cardinality(v_projects), 0) = 0
       or array_position(project_of_attempts.attempt_ids, null) is not null then
        raise exception 'attempt % does not exist', coalesce(v_unknown::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.claim_tasks() gives each task its attempt_id.';
    end if;

    if cardinality(v_projects) > 1 then
        raise exception 'the attempts belong to % projects', cardinality(v_projects)
            using errcode = 'PD422',
                  hint    = 'One call works in one project.';
    end if;

    return v_projects[1];
end;
$$;

comment on function docket_private.project_of_attempts(uuid[]) is
    'The one project of these attempts. Raises PD404 and PD422.';

-- An agent that has lost its task is told so, by name.
create function docket_private.lease_lost(attempt_id uuid) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_row record;
begin
    select t.task_key, t.status, t.task_id, a.outcome, a.agent into v_row
      from docket.task_attempts as a
      join docket.tasks as t
        on t.task_id = a.task_id
       and t.project_id = a.project_id
     where a.attempt_id = lease_lost.attempt_id;

    raise exception 'attempt % no longer holds task %', lease_lost.attempt_id, v_row.task_key
        using errcode = 'PDLSE',
              detail  = jsonb_build_object(
                            'attempt_id', lease_lost.attempt_id, 'task_id', v_row.task_id,
                            'outcome', v_row.outcome, 'task_status', v_row.status)::text,
              hint    = 'Drop this work: what it would write has not been written.';
end;
$$;

comment on function docket_private.lease_lost(uuid) is
    'Raises PDLSE for an attempt that is not its task''s current one.';

create function docket.complete_tasks(
    completions jsonb,
    request_id  uuid default null
) returns setof docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'complete_tasks');
    v_attempts uuid[];
    v_task_ids uuid[];
    v_project  uuid;
    v_lost     uuid;
    v_tasks    docket.tasks[];
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.tasks, v_answer);
        return;
    end if;

    begin
        v_attempts := array(
            select c.attempt_id
              from jsonb_to_recordset(complete_tasks.completions) as c (attempt_id uuid));
    exception
        when data_exception or invalid_parameter_value then
            raise exception 'completions are refused: %', sqlerrm
                using errcode = 'PD422',
                      hint    = 'An array of objects with attempt_id, and results, actual_effort, actual_complexity.';
    end;

    if cardinality(v_attempts) > (docket_private.setting('max_batch_size') #>> '{}')::integer then
        raise exception '% completions in one call', cardinality(v_attempts)
            using errcode = 'PD413',
                  hint    = 'At most the setting max_batch_size.';
    end if;

    v_project := docket_private.project_of_attempts(v_attempts);
    perform docket_private.require_project(v_project);

    -- Tables are joined by lateral sub-selects with "offset 0" here, because what row-level
    -- security adds to each makes the planner think a project's attempts are one row.
    --
    -- Locks in the order that holds everywhere: the graph's key (shared: the shape stays),
    -- then the tasks by id. The attempts are ended by the trigger on tasks, under these.
    perform docket_private.share_graph(v_project);
    v_task_ids := array(
        select a.task_id
          from unnest(v_attempts) with ordinality as w (attempt_id, ordinal)
         cross join lateral (
             select b.task_id
               from docket.task_attempts as b
              where b.attempt_id = w.attempt_id
                and b.project_id = v_project
             offset 0
         ) as a
         order by w.ordinal);
    perform
       from docket.tasks as t
      where t.task_id = any (v_task_ids)
        and t.project_id = v_project
      order by t.task_id
        for no key update;

    -- Judged in a new statement, under the locks. The same completion again is no loss.
    select c.attempt_id into v_lost
      from jsonb_to_recordset(complete_tasks.completions) as c (attempt_id uuid, results jsonb)
     cross join lateral (
         select b.task_id, b.outcome
           from docket.task_attempts as b
          where b.attempt_id = c.attempt_id
            and b.project_id = v_project
         offset 0
     ) as a
     cross join lateral (
         select u.attempt_id, u.status, u.results
           from docket.tasks as u
          where u.task_id    = a.task_id
            and u.project_id = v_project
         offset 0
     ) as t
     where t.attempt_id is distinct from c.attempt_id
       and not (a.outcome = 'completed'
                and t.status = 'completed'
                and t.results is not distinct from c.results)
     limit 1;

    if found then
        perform docket_private.lease_lost(v_lost);
    end if;

    -- The status change, and in statements of their own after it (triggers) its consequences.
    begin
        update docket.tasks as t
           set status            = 'completed',
               results           = c.results,
               actual_effort     = coalesce(c.actual_effort, t.actual_effort),
               actual_complexity = coalesce(c.actual_complexity, t.actual_complexity)
          from (
              select d.*, a.task_id
                from jsonb_to_recordset(complete_tasks.completions) as d (
                         attempt_id uuid, results jsonb, actual_effort numeric,
                         actual_complexity smallint)
               cross join lateral (
                   select b.task_id
                     from docket.task_attempts as b
                    where b.attempt_id = d.attempt_id
                      and b.project_id = v_project
                   offset 0
               ) as a
              offset 0
          ) as c
         where t.task_id    = c.task_id
           and t.project_id = v_project
           and t.attempt_id = c.attempt_id;
    exception
        when check_violation or data_exception then
            raise exception 'completions are refused: %', sqlerrm
                using errcode = 'PD422',
                      hint    = 'actual_complexity is 1 to 10, actual_effort hours from 0.';
    end;

    if complete_tasks.request_id is null then
        return query
        select t.*
          from unnest(v_task_ids) with ordinality as w (task_id, ordinal)
         cross join lateral (
             select u.*
               from docket.tasks as u
              where u.task_id    = w.task_id
                and u.project_id = v_project
             offset 0
         ) as t
         order by w.ordinal;
        return;
    end if;

    v_tasks := array(
        select t
          from unnest(v_task_ids) with ordinality as w (task_id, ordinal)
         cross join lateral (
             select u.*
               from docket.tasks as u
              where u.task_id    = w.task_id
                and u.project_id = v_project
             offset 0
         ) as t
         order by w.ordinal);
    perform docket_private.remember(complete_tasks.request_id, to_jsonb(v_tasks));

    return query
    select u.* from unnest(v_tasks) as u;
end;
$$;

comment on function docket.complete_tasks(jsonb, uuid) is
'Completes tasks that their attempts hold, and makes ready what waited for them only.

`completions` is an array of objects: attempt_id; results (any JSON), actual_effort (hours),
actual_complexity (1 to 10). All or none. The same completion again, or the same `request_id`, is
answered as the first time. Returns the tasks, in the order given. Raises PDLSE (an attempt no
longer holds its task), PD404, PD403, PD413, PD422.';

create function docket.complete_task(
    attempt_id        uuid,
    results           jsonb   default null,
    actual_effort     numeric default null,
    actual_complexity integer default null,
    request_id        uuid    default null
) returns docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task docket.tasks;
begin
    select t.* into v_task
      from docket.complete_tasks(
               jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
                   'attempt_id', complete_task.attempt_id,
                   'actual_effort', complete_task.actual_effort,
                   'actual_complexity', complete_task.actual_complexity))
               || case
                      when complete_task.results is null then '{}'
                      else jsonb_build_object('results', complete_task.results)
                  end),
               complete_task.request_id) as t;

    return v_task;
end;
$$;

comment on function docket.complete_task(uuid, jsonb, numeric, integer, uuid) is
'Completes the task that an attempt holds, and makes ready what waited for it only.

`results` is any JSON, `actual_effort` in hours, `actual_complexity` 1 to 10. The same completion
again, or the same `request_id`, is answered as the first time.
Returns the task. Raises PDLSE, PD404, PD403, PD422.';

create function docket.complete_and_claim(
    attempt_id    uuid,
    results       jsonb   default null,
    max_tasks     integer default 1,
    lease_seconds integer default null,
    workflow_id   uuid    default null,
    tags_all      text[]  default null,
    request_id    uuid    default null
) returns setof docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_attempt docket.task_attempts;
begin
    -- Completes first and claims last: all that waits for locks is over before ready rows are
    -- taken, and those are taken without waiting. So this can not close a ring.
    perform docket.complete_task(complete_and_claim.attempt_id, complete_and_claim.results);

    select a.* into v_attempt
      from docket.task_attempts as a
     where a.attempt_id = complete_and_claim.attempt_id;

    return query
    select t.*
      from docket.claim_tasks(
               v_attempt.project_id, v_attempt.agent, complete_and_claim.max_tasks,
               complete_and_claim.lease_seconds, complete_and_claim.workflow_id, null,
               complete_and_claim.tags_all, complete_and_claim.request_id) as t;
end;
$$;

comment on function docket.complete_and_claim(uuid, jsonb, integer, integer, uuid, text[], uuid) is
'Completes the task that an attempt holds and claims the next for the same agent, in one call and one
commit; a task that this very completion made ready may be among them.

`results` as for complete_task(); `max_tasks`, `lease_seconds`, `workflow_id` and `tags_all` as for
claim_tasks(). The same `request_id` again returns the same tasks.
Returns the tasks claimed, none when nothing is ready. Raises PDLSE, PD404, PD403, PD422.';

revoke all on function docket_private.project_of_attempts(uuid[]) from public;
revoke all on function docket_private.lease_lost(uuid) from public;
revoke all on function docket.complete_tasks(jsonb, uuid) from public;
revoke all on function docket.complete_task(uuid, jsonb, numeric, integer, uuid) from public;
revoke all on function docket.complete_and_claim(uuid, jsonb, integer, integer, uuid, text[], uuid)
  from public;
grant execute on function
    docket.complete_tasks(jsonb, uuid),
    docket.complete_task(uuid, jsonb, numeric, integer, uuid),
    docket.complete_and_claim(uuid, jsonb, integer, integer, uuid, text[], uuid)
   to docket_admin, docket_app, docket_agent;

commit;
