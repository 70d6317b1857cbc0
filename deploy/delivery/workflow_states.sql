-- Deploy pgdocket:delivery/workflow_states to pg
-- requires: delivery/pull_requests
-- requires: tasks/tasks

begin;
set local role docket_owner;

create domain docket.workflow_state as text
    constraint workflow_state_known check (value in (
        'created', 'planning', 'development', 'testing', 'review', 'deployment', 'completed',
        'failed', 'cancelled'));

comment on domain docket.workflow_state is
    'How far an orchestrator has brought a workflow, a task or a pull request; their own status is another matter.';

-- Where an orchestrator stands with a workflow, a task or a pull request: one row for each stay in
-- a state, the open one (left_at is null) last. It has a table of its own, beside theirs.
create table docket.workflow_states (
    workflow_state_id uuid                  not null,
    project_id        uuid                  not null,
    workflow_id       uuid,
    task_id           uuid,
    pull_request_id   uuid,
    state             docket.workflow_state not null,
    step_name         text,
    step_number       integer,
    entered_at        timestamptz           not null default docket.clock(),
    left_at           timestamptz,
    duration_ms       bigint,
    attempt           integer               not null default 1,
    last_error        text,
    next_retry_at     timestamptz,
    metadata          jsonb                 not null default '{}',
    version           bigint                not null default 1,
    created_at        timestamptz           not null default docket.clock(),
    updated_at        timestamptz           not null default docket.clock(),
    created_by        text                  not null default docket.principal(),
    updated_by        text                  not null default docket.principal(),

    constraint workflow_states_pkey primary key (workflow_state_id, project_id),
    constraint workflow_states_workflow_fkey
        foreign key (workflow_id, project_id) references docket.workflows on delete cascade,
    constraint workflow_states_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint workflow_states_pull_request_fkey
        foreign key (pull_request_id, project_id) references docket.pull_requests
        on delete cascade,
    constraint workflow_states_of_one_thing
        check (num_nonnulls(workflow_id, task_id, pull_request_id) = 1),
    constraint workflow_states_step_number_positive check (step_number > 0),
    constraint workflow_states_attempt_positive check (attempt > 0),
    constraint workflow_states_left_after_entered check (left_at >= entered_at),
    constraint workflow_states_left_has_duration check ((left_at is null) = (duration_ms is null)),
    constraint workflow_states_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

create index workflow_states_workflow_idx
    on docket.workflow_states (workflow_id, project_id, state) where workflow_id is not null;

create index workflow_states_task_idx
    on docket.workflow_states (task_id, project_id, state) where task_id is not null;

create index workflow_states_pull_request_idx
    on docket.workflow_states (pull_request_id, project_id, state)
 where pull_request_id is not null;

create unique index workflow_states_open_workflow_key
    on docket.workflow_states (workflow_id, project_id)
 where left_at is null and workflow_id is not null;

create unique index workflow_states_open_task_key
    on docket.workflow_states (task_id, project_id) where left_at is null and task_id is not null;

create unique index workflow_states_open_pull_request_key
    on docket.workflow_states (pull_request_id, project_id)
 where left_at is null and pull_request_id is not null;

comment on table docket.workflow_states is
    'The states that an orchestrator has taken a workflow, a task or a pull request through, one row for each stay.';
comment on column docket.workflow_states.workflow_state_id is
    'The stay.';
comment on column docket.workflow_states.workflow_id is
    'The workflow, where it is about one.';
comment on column docket.workflow_states.task_id is
    'The task, where it is about one.';
comment on column docket.workflow_states.pull_request_id is
    'The pull request, where it is about one.';
comment on column docket.workflow_states.state is
    'The state.';
comment on column docket.workflow_states.step_name is
    'The step within the state.';
comment on column docket.workflow_states.step_number is
    'The step''s number, from 1.';
comment on column docket.workflow_states.entered_at is
    'When it was entered.';
comment on column docket.workflow_states.left_at is
    'When it was left; null: it is the present one.';
comment on column docket.workflow_states.duration_ms is
    'How long it lasted, in milliseconds; kept by the database.';
comment on column docket.workflow_states.attempt is
    'Which attempt at this step it is, from 1.';
comment on column docket.workflow_states.last_error is
    'What went wrong in the last attempt.';
comment on column docket.workflow_states.next_retry_at is
    'When the step is to be tried again.';

create function docket_private.time_workflow_state() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.duration_ms := extract(epoch from new.left_at - new.entered_at) * 1000;
    return new;
end;
$$;

comment on function docket_private.time_workflow_state() is
    'Keeps how long a stay has lasted, as it ends.';

create trigger workflow_states_time before update of left_at on docket.workflow_states
    for each row execute function docket_private.time_workflow_state();

call docket_private.add_touch('docket.workflow_states');
call docket_private.add_journal('docket.workflow_states', 'workflow_state_id');
call docket_private.add_isolation('docket.workflow_states');

-- What the state is of, with its row locked: stays follow each other.
create function docket_private.lock_stateful(
    workflow_id     uuid,
    task_id         uuid,
    pull_request_id uuid
) returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project uuid;
begin
    if num_nonnulls(lock_stateful.workflow_id, lock_stateful.task_id,
                    lock_stateful.pull_request_id) <> 1 then
        raise exception 'give one of workflow_id, task_id and pull_request_id'
            using errcode = 'PD422';
    end if;

    select o.project_id into v_project
      from (select w.project_id
              from docket.workflows as w
             where w.workflow_id = lock_stateful.workflow_id
             union all
            select t.project_id
              from docket.tasks as t
             where t.task_id = lock_stateful.task_id
             union all
            select p.project_id
              from docket.pull_requests as p
             where p.pull_request_id = lock_stateful.pull_request_id) as o;

    if not found then
        raise exception '% % does not exist',
                        case
                            when lock_stateful.workflow_id is not null then 'workflow'
                            when lock_stateful.task_id is not null     then 'task'
                            else                                            'pull request'
                        end,
                        coalesce(lock_stateful.workflow_id, lock_stateful.task_id,
                                 lock_stateful.pull_request_id)
            using errcode = 'PD404';
    end if;

    perform docket_private.require_project(v_project);

    -- One of these, and nothing else: no order among locks is needed.
    perform
       from docket.workflows as w
      where w.workflow_id = lock_stateful.workflow_id
        and w.project_id  = v_project
        for no key update;
    perform
       from docket.tasks as t
      where t.task_id    = lock_stateful.task_id
        and t.project_id = v_project
        for no key update;
    perform
       from docket.pull_requests as p
      where p.pull_request_id = lock_stateful.pull_request_id
        and p.project_id      = v_project
        for no key update;

    return v_project;
end;
$$;

comment on function docket_private.lock_stateful(uuid, uuid, uuid) is
    'Locks the workflow, task or pull request, whichever is given, and returns its project. Raises PD404, PD403, PD422.';

create function docket.enter_workflow_state(
    state           text,
    workflow_id     uuid    default null,
    task_id         uuid    default null,
    pull_request_id uuid    default null,
    step_name       text    default null,
    step_number     integer default null,
    metadata        jsonb   default '{}',
    request_id      uuid    default null
) returns docket.workflow_states
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'enter_workflow_state');
    v_project uuid;
    v_state   docket.workflow_states;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.workflow_states, v_answer);
    end if;

    v_project := docket_private.lock_stateful(workflow_id, task_id, pull_request_id);

    update docket.workflow_states as s
       set left_at       = docket.clock(),
           next_retry_at = null
     where s.project_id = v_project
       and s.left_at is null
       and (s.workflow_id = enter_workflow_state.workflow_id
            or s.task_id = enter_workflow_state.task_id
            or s.pull_request_id = enter_workflow_state.pull_request_id);

    begin
        insert into docket.workflow_states as s (
            workflow_state_id, project_id, workflow_id, task_id, pull_request_id, state, step_name,
            step_number, metadata)
        values (
            docket_private.new_id(v_project), v_project, enter_workflow_state.workflow_id,
            enter_workflow_state.task_id, enter_workflow_state.pull_request_id,
            enter_workflow_state.state, enter_workflow_state.step_name,
            enter_workflow_state.step_number,
            coalesce(enter_workflow_state.metadata, '{}'))
        returning s.* into v_state;
    exception
        when check_violation or not_null_violation then
            raise exception '% is no state of a workflow, or its step number or metadata is none',
                            coalesce(quote_literal(left(enter_workflow_state.state, 100)), 'null')
                using errcode = 'PD422',
                      hint    = 'One of created, planning, development, testing, review, deployment, completed, failed, cancelled.';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_state));
    return v_state;
end;
$$;

comment on function docket.enter_workflow_state(text, uuid, uuid, uuid, text, integer, jsonb, uuid) is
'Brings a workflow, a task or a pull request to a state (and step); the state before is left, and its
duration kept.

`state` is one of created, planning, development, testing, review, deployment, completed, failed,
cancelled; exactly one of `workflow_id`, `task_id` and `pull_request_id` is given; `metadata` is an
object. The same `request_id` again returns the first answer.
Returns the stay that begins. Raises PD404, PD403, PD422.';

create function docket.retry_workflow_step(
    error           text,
    workflow_id     uuid        default null,
    task_id         uuid        default null,
    pull_request_id uuid        default null,
    next_retry_at   timestamptz default null,
    request_id      uuid        default null
) returns docket.workflow_states
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'retry_workflow_step');
    v_project uuid;
    v_state   docket.workflow_states;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.workflow_states, v_answer);
    end if;

    v_project := docket_private.lock_stateful(workflow_id, task_id, pull_request_id);

    update docket.workflow_states as s
       set attempt       = s.attempt + 1,
           last_error    = retry_workflow_step.error,
           next_retry_at = retry_workflow_step.next_retry_at
     where s.project_id = v_project
       and s.left_at is null
       and (s.workflow_id = retry_workflow_step.workflow_id
            or s.task_id = retry_workflow_step.task_id
            or s.pull_request_id = retry_workflow_step.pull_request_id)
    returning s.* into v_state;

    if not found then
        raise exception 'it is in no state that could be tried again'
            using errcode = 'PD409',
                  hint    = 'docket.enter_workflow_state() begins one.';
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_state));
    return v_state;
end;
$$;

comment on function docket.retry_workflow_step(text, uuid, uuid, uuid, timestamptz, uuid) is
'Records that the present step failed and will be tried again.

`error` is what went wrong, `next_retry_at` when it is to be tried again; exactly one of
`workflow_id`, `task_id` and `pull_request_id` is given. The same `request_id` again returns the
first answer.
Returns the stay, with its attempt counted up. Raises PD404, PD403, PD409 (in no state), PD422.';

create function docket.list_workflow_states(
    workflow_id     uuid    default null,
    task_id         uuid    default null,
    pull_request_id uuid    default null,
    after           uuid    default null,
    page_size       integer default 100
) returns setof docket.workflow_states
language sql
stable
begin atomic
    select s.*
      from docket.workflow_states as s
     where (s.workflow_id = list_workflow_states.workflow_id
            or s.task_id = list_workflow_states.task_id
            or s.pull_request_id = list_workflow_states.pull_request_id)
       and (list_workflow_states.after is null or s.workflow_state_id > list_workflow_states.after)
     order by s.workflow_state_id
     limit least(greatest(list_workflow_states.page_size, 1), 1000);
end;

comment on function docket.list_workflow_states(uuid, uuid, uuid, uuid, integer) is
'The states that a workflow, a task or a pull request went through, the first first; the one with no
left_at is the present one.

Give `workflow_id`, `task_id` or `pull_request_id`. `after` is the id of the last row of the
previous page, `page_size` is in rows (1 to 1000). Returns stays; raises nothing.';

create function docket.workflow_state_metrics(project_id uuid) returns table (
    state           docket.workflow_state,
    step_name       text,
    stays           bigint,
    attempts        bigint,
    avg_duration_ms bigint,
    p95_duration_ms bigint
)
language sql
stable
begin atomic
    select s.state, s.step_name, count(*), sum(s.attempt),
           avg(s.duration_ms)::bigint,
           percentile_cont(0.95) within group (order by s.duration_ms)::bigint
      from docket.workflow_states as s
     where s.project_id = workflow_state_metrics.project_id
     group by s.state, s.step_name
     order by s.state, s.step_name;
end;

comment on function docket.workflow_state_metrics(uuid) is
'How long workflows, tasks and pull requests of a project stay in each state and step: count, attempts, mean and
95th percentile in milliseconds. step_name, avg_duration_ms and p95_duration_ms may be null. Returns
a row for each state and step; raises nothing.';

revoke all on function docket_private.time_workflow_state() from public;
revoke all on function docket_private.lock_stateful(uuid, uuid, uuid) from public;
revoke all on function docket.enter_workflow_state(text, uuid, uuid, uuid, text, integer, jsonb, uuid)
  from public;
revoke all on function docket.retry_workflow_step(text, uuid, uuid, uuid, timestamptz, uuid) from public;
revoke all on function docket.list_workflow_states(uuid, uuid, uuid, uuid, integer) from public;
revoke all on function docket.workflow_state_metrics(uuid) from public;
grant execute on function
    docket.enter_workflow_state(text, uuid, uuid, uuid, text, integer, jsonb, uuid),
    docket.retry_workflow_step(text, uuid, uuid, uuid, timestamptz, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.list_workflow_states(uuid, uuid, uuid, uuid, integer),
    docket.workflow_state_metrics(uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.workflow_states
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
