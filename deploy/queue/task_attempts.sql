-- Deploy pgdocket:queue/task_attempts to pg
-- requires: queue/retry_policies
-- requires: tasks/tasks

begin;
set local role docket_owner;

create domain docket.attempt_outcome as text
    constraint attempt_outcome_known check (value in (
        'completed', 'failed', 'released', 'lease_expired', 'cancelled'));

comment on domain docket.attempt_outcome is
    'How an attempt ended; null while its agent holds the task.';

-- One row for each time an agent took a task. Its id is the fencing token: tasks.attempt_id
-- names the one that counts, and a write with any other changes nothing. Narrow, and with no
-- index on what a heartbeat changes, so that a heartbeat is a heap-only update.
create table docket.task_attempts (
    attempt_id       uuid        not null,
    project_id       uuid        not null,
    task_id          uuid        not null,
    attempt_no       integer     not null,
    agent            text        not null,
    lease_expires_at timestamptz not null,
    heartbeat_at     timestamptz not null default docket.clock(),
    created_at       timestamptz not null default docket.clock(),
    ended_at         timestamptz,
    outcome          docket.attempt_outcome,
    failure_class    text,
    error            text,
    details          jsonb,
    is_forgiven      boolean     not null default false,

    constraint task_attempts_pkey primary key (attempt_id, project_id),
    constraint task_attempts_number_key unique (task_id, project_id, attempt_no),
    constraint task_attempts_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint task_attempts_failure_class_fkey
        foreign key (failure_class) references docket.retry_policies on delete restrict,
    constraint task_attempts_agent_bounded check (length(agent) between 1 and 255),
    constraint task_attempts_outcome_agrees
        check ((outcome is null) = (ended_at is null)
               and (failure_class is not null)
                   = (outcome is not null and outcome in ('failed', 'lease_expired')))
) with (fillfactor = 80);

-- Only what runs: expiry reads nothing else.
create index task_attempts_live_idx
    on docket.task_attempts (project_id, attempt_id) where outcome is null;

create index task_attempts_failure_class_idx
    on docket.task_attempts (failure_class) where failure_class is not null;

comment on table docket.task_attempts is
    'One row for each time an agent took a task.';
comment on column docket.task_attempts.attempt_id is
    'The attempt, and the token that every later write of its agent names.';
comment on column docket.task_attempts.task_id is
    'The task.';
comment on column docket.task_attempts.attempt_no is
    'Which attempt at this task it is, from 1.';
comment on column docket.task_attempts.agent is
    'The agent that took it.';
comment on column docket.task_attempts.lease_expires_at is
    'Until when the agent holds the task without a further heartbeat.';
comment on column docket.task_attempts.heartbeat_at is
    'When the agent was last heard of.';
comment on column docket.task_attempts.ended_at is
    'When it ended.';
comment on column docket.task_attempts.outcome is
    'How it ended.';
comment on column docket.task_attempts.failure_class is
    'Why it failed: a row of docket.retry_policies.';
comment on column docket.task_attempts.error is
    'What the agent said of the failure, or of the release.';
comment on column docket.task_attempts.details is
    'More of it, for programs.';
comment on column docket.task_attempts.is_forgiven is
    'Whether the failure counts no longer, because somebody has let the task be tried anew.';

-- A heartbeat is no event worth a row of the journal. The beginning of an attempt, and its end when
-- the work is done, are written into it by the statements that make them (begin_attempts(),
-- complete_held(), end_attempt()), together with the task's own row.
call docket_private.add_journal(
    'docket.task_attempts', 'attempt_id', '{}',
    $$(old.outcome is not null or new.outcome is distinct from 'completed')
      and old.* is distinct from new.*$$,
    '{agent,outcome,failure_class,error,details,is_forgiven}',
    '{update,delete,truncate}');
call docket_private.add_isolation('docket.task_attempts');

-- Whoever takes a task out of an agent's hands, by whatever way, ends the attempt. A completion by
-- the attempt itself (queue/complete_tasks) has done so.
create function docket_private.end_attempt() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
begin
      with ended as (
          update docket.task_attempts as a
             set outcome  = case new.status
                                when 'review' then 'completed'
                                when 'pending' then 'released'
                                else 'cancelled'
                            end,
                 ended_at = docket.clock()
           where a.attempt_id = old.attempt_id
             and a.project_id = old.project_id
             and a.outcome is null
          returning a.attempt_id, a.project_id, a.outcome, a.ended_at
      )
    insert into docket.audit_log (
        table_name, operation, project_id, row_id, old_values, new_values)
    select 'task_attempts', 'update', e.project_id, e.attempt_id,
           '{"outcome": null, "ended_at": null}',
           jsonb_object(array['outcome', 'ended_at'], array[e.outcome, e.ended_at::text])
      from ended as e
     where e.outcome = 'completed';

    return null;
end;
$$;

comment on function docket_private.end_attempt() is
    'Ends the attempt of a task that leaves its agent''s hands, where that has not been done with more to say.';

create trigger tasks_end_attempt after update on docket.tasks
    for each row when (
        old.attempt_id is not null
        and new.attempt_id is distinct from old.attempt_id
        and new.status <> 'completed')
    execute function docket_private.end_attempt();

revoke all on function docket_private.end_attempt() from public;
grant select on docket.task_attempts
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
