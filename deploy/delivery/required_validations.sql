-- Deploy pgdocket:delivery/required_validations to pg
-- requires: delivery/validation_results
-- requires: graph/readiness

begin;
set local role docket_owner;

-- The gates of a task: what it has to pass before it can be completed. Each row knows the newest
-- result of its type, so that to judge a task is to count its own few rows.
create table docket.required_validations (
    task_id           uuid                   not null,
    project_id        uuid                   not null,
    validation_type   docket.validation_type not null,
    run_no            integer,
    validation_status docket.validation_status,
    waived_at         timestamptz,
    waived_by         text,
    waive_reason      text,
    is_met            boolean                not null default false,
    metadata          jsonb                  not null default '{}',
    version           bigint                 not null default 1,
    created_at        timestamptz            not null default docket.clock(),
    updated_at        timestamptz            not null default docket.clock(),
    created_by        text                   not null default docket.principal(),
    updated_by        text                   not null default docket.principal(),

    constraint required_validations_pkey primary key (task_id, project_id, validation_type),
    constraint required_validations_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint required_validations_run_has_status
        check ((run_no is null) = (validation_status is null)),
    constraint required_validations_waived_has_reason
        check (num_nulls(waived_at, waived_by, waive_reason) in (0, 3)),
    constraint required_validations_reason_bounded
        check (length(waive_reason) between 1 and 4000),
    constraint required_validations_met_as_told
        check (is_met = (waived_at is not null
                         or coalesce(validation_status in ('passed', 'warning'), false))),
    constraint required_validations_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

comment on table docket.required_validations is
    'The gates: the validations that a task has to pass before it can be completed.';
comment on column docket.required_validations.task_id is
    'The task.';
comment on column docket.required_validations.validation_type is
    'What has to be looked at.';
comment on column docket.required_validations.run_no is
    'The number of the newest result of this type; null: there is none yet.';
comment on column docket.required_validations.validation_status is
    'What the newest result of this type says; null: there is none yet.';
comment on column docket.required_validations.waived_at is
    'When somebody let the task go without it; null: it counts.';
comment on column docket.required_validations.waived_by is
    'Who did.';
comment on column docket.required_validations.waive_reason is
    'Why.';
comment on column docket.required_validations.is_met is
    'Whether the task may pass: the newest result says passed or warning, or it was waived.';

call docket_private.add_touch('docket.required_validations');
call docket_private.add_journal('docket.required_validations', 'task_id');
call docket_private.add_isolation('docket.required_validations');

-- What belongs to gates is written under the locks of a completion: the graph's key, shared,
-- because a completed task may satisfy its dependents or no longer do so, then the tasks by id.
create function docket_private.lock_gated(task_ids uuid[]) returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown  text;
    v_projects uuid[];
    v_locked   bigint;
begin
    select min(coalesce(w.task_id::text, 'null')) filter (where t.project_id is null),
           array_agg(distinct t.project_id)
      into v_unknown, v_projects
      from unnest(lock_gated.task_ids) as w (task_id)
      left join lateral (
          select u.project_id
            from docket.tasks as u
           where u.task_id = w.task_id
          offset 0
      ) as t
        on true;

    if v_unknown is not null or v_projects is null then
        raise exception 'task % does not exist', coalesce(v_unknown, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.task_id() finds a task by its key.';
    end if;

    if cardinality(v_projects) > 1 then
        raise exception 'the tasks belong to % projects', cardinality(v_projects)
            using errcode = 'PD422',
                  hint    = 'One call works in one project.';
    end if;

    perform docket_private.require_project(v_projects[1]);
    perform docket_private.share_graph(v_projects[1]);
    perform
       from docket.tasks as t
      where t.task_id = any (lock_gated.task_ids)
        and t.project_id = v_projects[1]
      order by t.task_id
        for no key update;
    get diagnostics v_locked = row_count;

    if v_locked < (select count(distinct w.task_id)
                     from unnest(lock_gated.task_ids) as w (task_id)) then
        raise exception 'a task has been removed meanwhile'
            using errcode = 'PD404';
    end if;

    return v_projects[1];
end;
$$;

comment on function docket_private.lock_gated(uuid[]) is
    'Locks tasks of one project whose gates are about to change, and returns the project. Raises PD404, PD403, PD422.';

-- Every task is written, changed or not: a snapshot that is older fails at it (40001) instead of
-- counting what it can not see.
create function docket_private.count_gates(
    project_id uuid,
    task_ids   uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    update docket.tasks as t
       set unmet_gates = (
               select count(*)
                 from docket.required_validations as r
                where r.task_id = t.task_id
                  and r.project_id = t.project_id
                  and not r.is_met)
     where t.task_id = any (count_gates.task_ids)
       and t.project_id = count_gates.project_id;
end;
$$;

comment on function docket_private.count_gates(uuid, uuid[]) is
    'Counts the gates that tasks have still to pass; the caller holds lock_gated().';

-- The gate itself. Whoever completes a task, by whatever way, comes by here; a task without gates
-- pays for the condition of the trigger alone.
create function docket_private.refuse_unmet_gates() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_missing text[];
    v_failed  text[];
begin
    select coalesce(array_agg(r.validation_type::text order by r.validation_type)
                    filter (where not f.is_failed), '{}'),
           coalesce(array_agg(r.validation_type::text order by r.validation_type)
                    filter (where f.is_failed), '{}')
      into v_missing, v_failed
      from docket.required_validations as r
     cross join lateral (
               select coalesce(r.validation_status in ('failed', 'error'), false) as is_failed
           ) as f
     where r.task_id = new.task_id
       and r.project_id = new.project_id
       and not r.is_met;

    raise exception 'task % can not be completed: %', new.task_key,
                    concat_ws('; ',
                              'missing ' || nullif(array_to_string(v_missing, ', '), ''),
                              'failed ' || nullif(array_to_string(v_failed, ', '), ''))
        using errcode = 'PDGAT',
              detail  = jsonb_build_object(
                            'task_id', new.task_id, 'missing', to_jsonb(v_missing),
                            'failed', to_jsonb(v_failed))::text,
              hint    = 'docket.record_validation() records what a validation says; docket.waive_validation() lets the task go without it.';
end;
$$;

comment on function docket_private.refuse_unmet_gates() is
    'Refuses to complete a task whose required validations are missing or have failed: PDGAT.';

-- By its name the last of them: a status that does not lead there is told first.
create trigger tasks_unmet_gates before update of status on docket.tasks
    for each row
    when (new.status = 'completed' and old.status is distinct from 'completed'
          and new.unmet_gates > 0)
    execute function docket_private.refuse_unmet_gates();

create function docket.require_validations(
    task_ids         uuid[],
    validation_types text[],
    request_id       uuid default null
) returns setof docket.required_validations
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb   := docket_private.replay(request_id, 'require_validations');
    v_most    integer := (docket_private.setting('max_batch_size') #>> '{}')::integer;
    v_types   text[];
    v_project uuid;
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.required_validations, v_answer);
        return;
    end if;

    v_types := array(
        select distinct docket_private.read_validation_type(w.validation_type)
          from unnest(require_validations.validation_types) as w (validation_type));

    if cardinality(v_types) = 0 or array_position(v_types, null) is not null then
        raise exception 'no type of validation is given'
            using errcode = 'PD422',
                  hint    = 'Such as {tests, security}.';
    end if;

    if cardinality(v_types) * cardinality(require_validations.task_ids) > v_most then
        raise exception '% required validations in one call',
                        cardinality(v_types) * cardinality(require_validations.task_ids)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_batch_size).', v_most);
    end if;

    v_project := docket_private.lock_gated(require_validations.task_ids);

    -- What has been recorded before counts; what was waived counts again.
    insert into docket.required_validations as r (
        task_id, project_id, validation_type, run_no, validation_status, is_met)
    select w.task_id, v_project, y.validation_type, n.run_no, n.validation_status,
           coalesce(n.validation_status in ('passed', 'warning'), false)
      from (select distinct u.task_id
              from unnest(require_validations.task_ids) as u (task_id)) as w
     cross join unnest(v_types) as y (validation_type)
      left join lateral (
               select v.run_no, v.validation_status
                 from docket.validation_results as v
                where v.task_id = w.task_id
                  and v.project_id = v_project
                  and v.validation_type = y.validation_type
                order by v.run_no desc
                limit 1
           ) as n on true
        on conflict on constraint required_validations_pkey
        do update set waived_at    = null,
                      waived_by    = null,
                      waive_reason = null,
                      is_met       = excluded.is_met
            where r.waived_at is not null;

    perform docket_private.count_gates(v_project, require_validations.task_ids);

    if require_validations.request_id is not null then
        perform docket_private.remember(require_validations.request_id, (
            select jsonb_agg(to_jsonb(r) order by r.task_id, r.validation_type)
              from docket.required_validations as r
             where r.task_id = any (require_validations.task_ids)
               and r.project_id = v_project
               and r.validation_type = any (v_types)));
    end if;

    return query
    select r.*
      from docket.required_validations as r
     where r.task_id = any (require_validations.task_ids)
       and r.project_id = v_project
       and r.validation_type = any (v_types)
     order by r.task_id, r.validation_type;
end;
$$;

comment on function docket.require_validations(uuid[], text[], uuid) is
'Gives tasks gates: none of them can be completed before the newest result of each of these types of
validation says passed or warning.

`task_ids` are tasks of one project, `validation_types` words such as tests, style or security;
together at most the setting max_batch_size. What was recorded before counts, what was waived counts
again, and what is required already stays. A task that is completed stays so, but satisfies no
dependency that asks for validated until it has passed. A fork of a task begins without gates. The
same `request_id` again returns the first answer. Returns the gates, by task and type. Raises PD404,
PD403, PD413, PD422.';

create function docket.require_validation(
    task_id         uuid,
    validation_type text,
    request_id      uuid default null
) returns docket.required_validations
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'require_validation');
    v_gate   docket.required_validations;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.required_validations, v_answer);
    end if;

    select r.* into v_gate
      from docket.require_validations(
               array[require_validation.task_id],
               array[require_validation.validation_type]) as r;

    perform docket_private.remember(request_id, to_jsonb(v_gate));
    return v_gate;
end;
$$;

comment on function docket.require_validation(uuid, text, uuid) is
'Gives task `task_id` a gate: it can not be completed before the newest result of type
`validation_type` says passed or warning.

Everything else as for require_validations(). The same `request_id` again returns the first answer.
Returns the gate. Raises PD404, PD403, PD422.';

create function docket.waive_validation(
    task_id         uuid,
    validation_type text,
    waive_reason    text,
    request_id      uuid default null
) returns docket.required_validations
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'waive_validation');
    v_type    text  := docket_private.read_validation_type(validation_type);
    v_project uuid;
    v_gate    docket.required_validations;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.required_validations, v_answer);
    end if;

    if coalesce(length(waive_validation.waive_reason), 0) not between 1 and 4000 then
        raise exception 'a validation is not waived without a reason'
            using errcode = 'PD422',
                  hint    = 'Say why in 1 to 4000 characters.';
    end if;

    v_project := docket_private.lock_gated(array[waive_validation.task_id]);

    update docket.required_validations as r
       set waived_at    = docket.clock(),
           waived_by    = docket.principal(),
           waive_reason = waive_validation.waive_reason,
           is_met       = true
     where r.task_id = waive_validation.task_id
       and r.project_id = v_project
       and r.validation_type = v_type
    returning r.* into v_gate;

    if not found then
        raise exception 'task % does not require %', (
                            select t.task_key
                              from docket.tasks as t
                             where t.task_id = waive_validation.task_id
                               and t.project_id = v_project),
                        coalesce(v_type, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_required_validations() lists what it requires.';
    end if;

    perform docket_private.count_gates(v_project, array[waive_validation.task_id]);
    perform docket_private.remember(request_id, to_jsonb(v_gate));
    return v_gate;
end;
$$;

comment on function docket.waive_validation(uuid, text, text, uuid) is
'Lets task `task_id` go without a validation that it requires, by a person''s decision.

`validation_type` names it, `waive_reason` says why (1 to 4000 characters); both stay with the gate
and in the journal. docket.require_validation() makes it count again. Agents may not call it: none
lowers its own gate. The same `request_id` again returns the first answer.
Returns the gate. Raises PD404 (also for what is not required), PD403, PD422.';

create function docket.list_required_validations(
    task_id    uuid,
    unmet_only boolean default false,
    after      text    default null,
    page_size  integer default 100
) returns setof docket.required_validations
language sql
stable
begin atomic
    select r.*
      from docket.required_validations as r
     where r.task_id = list_required_validations.task_id
       and (not list_required_validations.unmet_only or not r.is_met)
       and (list_required_validations.after is null
            or r.validation_type > list_required_validations.after)
     order by r.validation_type
     limit least(greatest(list_required_validations.page_size, 1), 1000);
end;

comment on function docket.list_required_validations(uuid, boolean, text, integer) is
'The gates of task `task_id`: what it has to pass, what the newest result says, and whether that is enough
(is_met); with `unmet_only` those only that are still in its way.

`after` is the validation_type of the last row of the previous page, `page_size` is in rows (1 to
1000). Returns gates by type; none for a task that may not be seen. Raises nothing.';

revoke all on function docket_private.lock_gated(uuid[]) from public;
revoke all on function docket_private.count_gates(uuid, uuid[]) from public;
revoke all on function docket_private.refuse_unmet_gates() from public;
revoke all on function docket.require_validations(uuid[], text[], uuid) from public;
revoke all on function docket.require_validation(uuid, text, uuid) from public;
revoke all on function docket.waive_validation(uuid, text, text, uuid) from public;
revoke all on function docket.list_required_validations(uuid, boolean, text, integer) from public;
grant execute on function
    docket.require_validations(uuid[], text[], uuid),
    docket.require_validation(uuid, text, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.waive_validation(uuid, text, text, uuid)
   to docket_admin, docket_app;
grant execute on function docket.list_required_validations(uuid, boolean, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.required_validations
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
