-- Deploy pgdocket:queue/complete_tasks to pg
-- requires: graph/readiness
-- requires: queue/claim_tasks

begin;
set local role docket_owner;

-- The project of the attempts that one call names, and their tasks in the same order. One call
-- is one unit of work in one project.
--
-- Tables are joined by lateral sub-selects with "offset 0" here and below, because what row-level
-- security adds to each makes the planner think that a project's attempts are one row.
create function docket_private.tasks_of_attempts(
    attempt_ids  uuid[],
    out project_id uuid,
    out task_ids   uuid[]
) language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown   text;
    v_projects  uuid[];
    v_is_writer boolean;
begin
    select min(w.attempt_id::text) filter (where a.task_id is null),
           array_agg(distinct a.project_id),
           array_agg(a.task_id order by w.ordinal),
           bool_and(a.is_writer)
      into v_unknown, v_projects, task_ids, v_is_writer
      from unnest(tasks_of_attempts.attempt_ids) with ordinality as w (attempt_id, ordinal)
      left join lateral (
          select b.task_id, b.project_id,
                 exists (
                     select
                       from docket_private.project_access as m
                      where m.principal = docket.principal()
                        and m.project_id = b.project_id
                        and m.access <> 'reader') as is_writer
            from docket.task_attempts as b
           where b.attempt_id = w.attempt_id
          offset 0
      ) as a
        on true;

    if array_position(v_projects, null) is not null or v_projects is null then
        raise exception 'attempt % does not exist', coalesce(v_unknown, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.claim_tasks() gives each task its attempt_id.';
    end if;

    if cardinality(v_projects) > 1 then
        raise exception 'the attempts belong to % projects', cardinality(v_projects)
            using errcode = 'PD422',
                  hint    = 'One call works in one project.';
    end if;

    project_id := v_projects[1];
    -- Whoever is no writer by his own name is asked for his rights in full.
    if not v_is_writer then
        perform docket_private.require_project(project_id);
    end if;
end;
$$;

comment on function docket_private.tasks_of_attempts(uuid[]) is
    'The one project of these attempts, which the caller may change, and their tasks. Raises PD404, PD403, PD422.';

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

-- The heart of a completion, for one attempt or many. The arrays go together; a null among the
-- efforts or complexities keeps what the task has.
--
-- One statement, which also stamps the tasks, ends the attempts and writes the journal: see
-- tasks/tasks, whose triggers leave a completion by its attempt out. The settings are those of the
-- journal's own triggers.
create function docket_private.complete_held(
    attempt_ids  uuid[],
    results      jsonb[],
    efforts      numeric[],
    complexities smallint[],
    to_claim     integer default 0
) returns docket.tasks[]
language plpgsql
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
set plan_cache_mode = force_generic_plan
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_now       constant timestamptz := docket.clock();
    v_principal constant text        := docket.principal();
    v_project   uuid;
    v_task_ids  uuid[];
    v_tasks     docket.tasks[];
    v_lost      uuid;
    v_met       integer[];
    v_done      uuid[];
begin
    select a.project_id, a.task_ids into v_project, v_task_ids
      from docket_private.tasks_of_attempts(complete_held.attempt_ids) as a;

    -- Locks in the order that holds everywhere: the graph's key (shared: the shape stays), then
    -- the tasks by id, then their attempts. Whoever had a task before us is waited for, and it is
    -- judged as he left it: a task that the attempt has lost is not changed.
    perform docket_private.share_graph(v_project);

      with held as materialized (
          select g.attempt_id, g.ordinal, g.results, t.task_id, t.project_id,
                 coalesce(g.effort, t.actual_effort) as effort,
                 coalesce(g.complexity, t.actual_complexity) as complexity,
                 t.version, t.updated_at, t.updated_by, t.results as old_results,
                 t.actual_effort as old_effort, t.actual_complexity as old_complexity
            from (
                select u.*
                  from unnest(
                           complete_held.attempt_ids, v_task_ids, complete_held.results,
                           complete_held.efforts, complete_held.complexities)
                       with ordinality
                       as u (attempt_id, task_id, results, effort, complexity, ordinal)
                 order by u.task_id
                offset 0
            ) as g
           cross join lateral (
               select u.*
                 from docket.tasks as u
                where u.task_id = g.task_id
                  and u.project_id = v_project
                  and u.attempt_id = g.attempt_id
                  for no key update
           ) as t
      ), done as (
          update docket.tasks as t
             set status            = 'completed',
                 attempt_id        = null,
                 completed_at      = v_now,
                 results           = h.results,
                 actual_effort     = h.effort,
                 actual_complexity = h.complexity,
                 version           = t.version + 1,
                 updated_at        = v_now,
                 updated_by        = v_principal
            from held as h
           where t.task_id    = h.task_id
             and t.project_id = h.project_id
          returning t, h.*,
                    array[case when h.results is not distinct from h.old_results
                              then 'results' end,
                          case when h.effort is not distinct from h.old_effort
                              then 'actual_effort' end,
                          case when h.complexity is not distinct from h.old_complexity
                              then 'actual_complexity' end,
                          case when h.updated_by = v_principal then 'updated_by' end] as same
      ), ended as (
          update docket.task_attempts as a
             set outcome  = 'completed',
                 ended_at = v_now
            from held as h
           where a.attempt_id = h.attempt_id
             and a.project_id = h.project_id
      ), journaled as (
          insert into docket.audit_log (
              table_name, operation, project_id, row_id, old_values, new_values, principal)
          select 'tasks', 'update', d.project_id, d.task_id,
                 jsonb_object(
                     array['status', 'attempt_id', 'completed_at', 'version', 'updated_at',
                           'results', 'actual_effort', 'actual_complexity', 'updated_by'],
                     array['in_progress', d.attempt_id::text, null, d.version::text,
                           d.updated_at::text,
                           docket_private.without_secrets(d.old_results)::text,
                           d.old_effort::text,
                           d.old_complexity::text, d.updated_by]) - d.same,
                 jsonb_object(
                     array['status', 'attempt_id', 'completed_at', 'version', 'updated_at',
                           'results', 'actual_effort', 'actual_complexity', 'updated_by'],
                     array['completed', null, v_now::text, (d.version + 1)::text,
                           v_now::text, docket_private.without_secrets(d.results)::text,
                           d.effort::text,
                           d.complexity::text, v_principal]) - d.same,
                 v_principal
            from done as d
           union all
          select 'task_attempts', 'update', d.project_id, d.attempt_id,
                 '{"outcome": null, "ended_at": null}',
                 jsonb_object(array['outcome', 'ended_at'], array['completed', v_now::text]),
                 v_principal
            from done as d
      )
    select array_agg(d.t order by d.ordinal),
           array_agg(d.task_id order by d.ordinal),
           array_agg(docket_private.satisfactions(
                         'completed', (d.t).merged_at, (d.t).unmet_gates) order by d.ordinal)
      into v_tasks, v_done, v_met
      from done as d;

    if v_done is not null then
        perform docket_private.settle_tasks(
            v_project, null, null, null, v_done, array_fill(0, array[cardinality(v_done)]), v_met,
            complete_held.to_claim);
    end if;

    if cardinality(v_tasks) = cardinality(v_task_ids) then
        return v_tasks;
    end if;

    -- The same completion again is no loss.
    select g.attempt_id into v_lost
      from unnest(complete_held.attempt_ids, v_task_ids, complete_held.results)
           as g (attempt_id, task_id, results)
     cross join lateral (
         select b.outcome
           from docket.task_attempts as b
          where b.attempt_id = g.attempt_id
            and b.project_id = v_project
         offset 0
     ) as a
     cross join lateral (
         select u.status, u.results
           from docket.tasks as u
          where u.task_id    = g.task_id
            and u.project_id = v_project
         offset 0
     ) as t
     where a.outcome is distinct from 'completed'
        or t.status <> 'completed'
        or t.results is distinct from g.results
     limit 1;

    if found then
        perform docket_private.lease_lost(v_lost);
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
    return v_tasks;
end;
$$;

comment on function docket_private.complete_held(uuid[], jsonb[], numeric[], smallint[], integer) is
    'Completes the tasks that these attempts hold, all or none, and returns them in that order. Raises PD404, PD403, PD422, PDLSE.';

-- Judged before any lock is taken, and without the subtransaction that catching a later error
-- would cost each completion.
create function docket_private.check_completions(completions jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most integer;
    v_bad  jsonb;
begin
    if completions is null or jsonb_typeof(completions) <> 'array' then
        raise exception 'completions is not a JSON array'
            using errcode = 'PD422',
                  hint    = 'An array of objects with attempt_id, and results, actual_effort, actual_complexity.';
    end if;

    if jsonb_array_length(completions) > 1 then
        v_most := (docket_private.setting('max_batch_size') #>> '{}')::integer;
        if jsonb_array_length(completions) > v_most then
            raise exception '% completions in one call', jsonb_array_length(completions)
                using errcode = 'PD413',
                      hint    = format('At most %s (setting max_batch_size).', v_most);
        end if;
    end if;

    select e.completion into v_bad
      from jsonb_array_elements(completions) with ordinality as e (completion, ordinal)
     where jsonb_typeof(e.completion) <> 'object'
        or e.completion ->> 'attempt_id' !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        or e.completion ->> 'actual_effort' !~ '^[0-9]{1,12}(\.[0-9]+)?$'
        or e.completion ->> 'actual_complexity' !~ '^([1-9]|10)$'
     order by e.ordinal
     limit 1;

    if found then
        raise exception 'a completion is refused: %', left(v_bad::text, 200)
            using errcode = 'PD422',
                  hint    = 'attempt_id is an id, actual_complexity 1 to 10, actual_effort hours from 0.';
    end if;
end;
$$;

comment on function docket_private.check_completions(jsonb) is
    'Raises PD422 and PD413 for what can not be a batch of completions.';

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
    v_answer       jsonb := docket_private.replay(request_id, 'complete_tasks');
    v_attempts     uuid[];
    v_results      jsonb[];
    v_efforts      numeric[];
    v_complexities smallint[];
    v_tasks        docket.tasks[];
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.tasks, v_answer);
        return;
    end if;

    perform docket_private.check_completions(completions);

    select array_agg(c.attempt_id order by c.ordinal), array_agg(c.results order by c.ordinal),
           array_agg(c.effort order by c.ordinal), array_agg(c.complexity order by c.ordinal)
      into v_attempts, v_results, v_efforts, v_complexities
      from rows from (
               jsonb_to_recordset(completions) as (
                   attempt_id uuid, results jsonb, actual_effort numeric,
                   actual_complexity smallint)
           ) with ordinality as c (attempt_id, results, effort, complexity, ordinal);

    v_tasks := docket_private.complete_held(v_attempts, v_results, v_efforts, v_complexities);
    if complete_tasks.request_id is not null then
        perform docket_private.remember(complete_tasks.request_id, to_jsonb(v_tasks));
    end if;

    return query
    select u.* from unnest(v_tasks) as u;
end;
$$;

comment on function docket.complete_tasks(jsonb, uuid) is
'Completes tasks that their attempts hold, and makes ready what waited for them only.

`completions` is an array of objects: attempt_id; results (any JSON), actual_effort (hours),
actual_complexity (1 to 10). All or none. The same completion again, or the same `request_id`, is
answered as the first time. Returns the tasks, in the order given. Raises PDLSE (an attempt no
longer holds its task), PDGAT (a required validation is missing or has failed), PD404, PD403, PD413,
PD422.';

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
set plan_cache_mode = force_generic_plan
set jit = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'complete_task');
    v_tasks  docket.tasks[];
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.tasks, v_answer);
    end if;

    if complete_task.actual_effort < 0 or complete_task.actual_complexity not between 1 and 10 then
        raise exception 'an effort of % hours or a complexity of % can not be meant',
                        coalesce(complete_task.actual_effort::text, 'null'),
                        coalesce(complete_task.actual_complexity::text, 'null')
            using errcode = 'PD422',
                  hint    = 'actual_complexity is 1 to 10, actual_effort hours from 0.';
    end if;

    v_tasks := docket_private.complete_held(
        array[complete_task.attempt_id], array[complete_task.results],
        array[complete_task.actual_effort], array[complete_task.actual_complexity::smallint]);
    if complete_task.request_id is not null then
        perform docket_private.remember(complete_task.request_id, to_jsonb(v_tasks[1]));
    end if;

    return v_tasks[1];
end;
$$;

comment on function docket.complete_task(uuid, jsonb, numeric, integer, uuid) is
'Completes the task that an attempt holds, and makes ready what waited for it only.

`results` is any JSON, `actual_effort` in hours, `actual_complexity` 1 to 10. The same completion
again, or the same `request_id`, is answered as the first time.
Returns the task. Raises PDLSE, PDGAT (a required validation is missing or has failed), PD404,
PD403, PD422.';

create function docket.complete_and_claim(
    attempt_id    uuid,
    results       jsonb   default null,
    max_tasks     integer default 1,
    lease_seconds integer default null,
    workflow_id   uuid    default null,
    tags_all      text[]  default null,
    capabilities  text[]  default null,
    request_id    uuid    default null
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
set enable_sort = off
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'complete_and_claim');
    v_tasks   docket.tasks[];
    v_project uuid;
begin
    if v_answer is not null then
        return query
        select u.* from unnest(docket_private.tasks_of_claim(v_answer)) as u;
        return;
    end if;

    -- Completes first and claims last: all that waits for locks is over before ready rows are
    -- taken, and those are taken without waiting. So this can not close a ring.
    v_tasks := docket_private.complete_held(
        array[complete_and_claim.attempt_id], array[complete_and_claim.results],
        array[null::numeric], array[null::smallint], complete_and_claim.max_tasks);
    v_project := v_tasks[1].project_id;
    v_tasks := docket_private.claim(
        v_project, (
            select a.agent
              from docket.task_attempts as a
             where a.attempt_id = complete_and_claim.attempt_id),
        complete_and_claim.max_tasks, complete_and_claim.lease_seconds,
        complete_and_claim.workflow_id, null, complete_and_claim.tags_all,
        complete_and_claim.capabilities);

    -- What has become ready and is nothing for this agent, is for others.
    if cardinality(v_tasks) < complete_and_claim.max_tasks then
        perform docket_private.wake_agents(v_project);
    end if;

    if complete_and_claim.request_id is not null then
        perform docket_private.remember(
            complete_and_claim.request_id,
            to_jsonb(array(select u.attempt_id from unnest(v_tasks) as u)));
    end if;

    return query
    select u.* from unnest(v_tasks) as u;
end;
$$;

comment on function docket.complete_and_claim(
    uuid, jsonb, integer, integer, uuid, text[], text[], uuid) is
'Completes the task that an attempt holds and claims the next for the same agent, in one call and one
commit; a task that this very completion made ready may be among them.

`results` as for complete_task(); `max_tasks`, `lease_seconds`, `workflow_id`, `tags_all` and
`capabilities` as for claim_tasks(). The same `request_id` again returns the same tasks, as
they are by then.
Returns the tasks claimed, none when nothing is ready. Raises PDLSE, PDGAT, PD404, PD403, PD422.';

revoke all on function docket_private.tasks_of_attempts(uuid[]) from public;
revoke all on function docket_private.complete_held(uuid[], jsonb[], numeric[], smallint[], integer)
  from public;
revoke all on function docket_private.check_completions(jsonb) from public;
revoke all on function docket_private.lease_lost(uuid) from public;
revoke all on function docket.complete_tasks(jsonb, uuid) from public;
revoke all on function docket.complete_task(uuid, jsonb, numeric, integer, uuid) from public;
revoke all on function docket.complete_and_claim(
    uuid, jsonb, integer, integer, uuid, text[], text[], uuid) from public;
grant execute on function
    docket.complete_tasks(jsonb, uuid),
    docket.complete_task(uuid, jsonb, numeric, integer, uuid),
    docket.complete_and_claim(uuid, jsonb, integer, integer, uuid, text[], text[], uuid)
   to docket_admin, docket_app, docket_agent;

commit;
