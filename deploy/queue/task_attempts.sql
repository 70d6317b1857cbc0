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
    constraint task_attempts_ended_has_outcome check ((outcome is null) = (ended_at is null)),
    constraint task_attempts_failure_has_class
        check ((failure_class is not null)
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

-- A heartbeat is no event worth a row of the journal.
call docket_private.add_journal(
    'docket.task_attempts', 'attempt_id', '{}',
    '(old.agent, old.outcome, old.failure_class, old.error, old.details, old.is_forgiven) '
    'is distinct from '
    '(new.agent, new.outcome, new.failure_class, new.error, new.details, new.is_forgiven)');
call docket_private.add_isolation('docket.task_attempts');

-- Whoever takes a task out of an agent's hands, by whatever way, ends the attempt. For a statement
-- at once: by row, a batch paid as much again for each task as for all else of its completion.
create function docket_private.end_attempts() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    -- A claim ends here.
    if not exists (
        select
          from original as o
         where o.attempt_id is not null)
    then
        return null;
    end if;

    update docket.task_attempts as a
       set outcome  = case l.status
                          when 'completed' then 'completed'
                          when 'review' then 'completed'
                          when 'pending' then 'released'
                          else 'cancelled'
                      end,
           ended_at = docket.clock()
      from (
          -- A full join is never a nested loop, which would be quadratic when many come.
          select o.attempt_id, o.project_id, n.status, n.attempt_id as new_attempt_id
            from original as o
            full join changed as n
              on n.task_id = o.task_id
             and n.project_id = o.project_id
          offset 0
      ) as l
     where a.attempt_id = l.attempt_id
       and a.project_id = l.project_id
       and l.new_attempt_id is distinct from l.attempt_id
       and a.outcome is null;

    return null;
end;
$$;

comment on function docket_private.end_attempts() is
    'Ends the attempts of tasks that leave their agents'' hands, where that has not been done with more to say.';

create trigger tasks_end_attempts after update on docket.tasks
    referencing old table as original new table as changed
    for each statement execute function docket_private.end_attempts();

revoke all on function docket_private.end_attempts() from public;
grant select on docket.task_attempts
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
