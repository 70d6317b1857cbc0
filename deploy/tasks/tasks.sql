-- Deploy pgdocket:tasks/tasks to pg
-- requires: projects/workflows
-- requires: tasks/vocabulary

begin;
set local role docket_owner;

-- A task is one piece of work that one agent can do. Its text is kept out of line, and what is
-- searched is indexed beside it (tasks/task_search), so that a change of status, the most
-- frequent write of all, rewrites a narrow row and touches b-trees only. Numbers and objects are
-- bounded by domains: these are checked when their column is written, while every CHECK of a table
-- is read from the catalog again by each statement that writes it (without ten of them, a claim
-- with its completion took 0.87 of the time). Text is not: drivers do not know arrays of a domain.
create table docket.tasks (
    task_id             uuid                 not null,
    project_id          uuid                 not null,
    task_key            text                 not null,
    legacy_id           bigint,
    workflow_id         uuid,
    parent_task_id      uuid,
    title               text                 not null,
    description         text,
    details             text,
    test_strategy       text,
    requirements        docket.named_values  not null default '{}',
    acceptance_criteria jsonb                not null default '[]',
    affected_files      text[]               not null default '{}',
    tags                text[]               not null default '{}',
    needed_capabilities text[]               not null default '{}',
    complexity_score    docket.complexity,
    actual_complexity   docket.complexity,
    estimated_effort    docket.effort,
    actual_effort       docket.effort,
    status              docket.task_status   not null default 'pending',
    priority            docket.task_priority not null default 5,
    assigned_to         text,
    attempt_id          uuid,
    not_before          timestamptz,
    due_at              timestamptz,
    results             jsonb,
    completed_at        timestamptz,
    archived_at         timestamptz,
    unmet_gates         integer              not null default 0,
    merged_at           timestamptz,
    metadata            docket.named_values  not null default '{}',
    version             bigint               not null default 1,
    created_at          timestamptz          not null default docket.clock(),
    updated_at          timestamptz          not null default docket.clock(),
    created_by          text                 not null default docket.principal(),
    updated_by          text                 not null default docket.principal(),

    constraint tasks_pkey primary key (task_id, project_id),
    constraint tasks_key_key unique (project_id, task_key),
    constraint tasks_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint tasks_workflow_fkey
        foreign key (workflow_id, project_id) references docket.workflows on delete restrict,
    constraint tasks_parent_fkey
        foreign key (parent_task_id, project_id) references docket.tasks on delete restrict,
    constraint tasks_key_bounded check (length(task_key) between 1 and 255),
    constraint tasks_title_bounded check (length(title) between 1 and 255),
    constraint tasks_state_agrees
        check ((status = 'completed') = (completed_at is not null)
               and (attempt_id is null or status = 'in_progress')
               and unmet_gates >= 0),
    constraint tasks_not_its_own_parent check (parent_task_id <> task_id)
) with (fillfactor = 70, toast_tuple_target = 512);

create unique index tasks_legacy_key
    on docket.tasks (project_id, legacy_id) where legacy_id is not null;

create index tasks_workflow_idx
    on docket.tasks (workflow_id, project_id) where workflow_id is not null;

create index tasks_parent_idx
    on docket.tasks (parent_task_id, project_id) where parent_task_id is not null;

create index tasks_status_priority_idx
    on docket.tasks (project_id, status, priority desc, task_id);

comment on table docket.tasks is
    'One piece of work that one agent can do.';
comment on column docket.tasks.task_id is
    'The task; made when none is given, with the bucket of its project.';
comment on column docket.tasks.task_key is
    'What people type, unique in the project: given by an import ("3.2") or generated ("api-12").';
comment on column docket.tasks.legacy_id is
    'The number that the task had in an imported file, unique in the project.';
comment on column docket.tasks.workflow_id is
    'The workflow that it belongs to.';
comment on column docket.tasks.parent_task_id is
    'The task of which it is a subtask. The hierarchy does not order work; dependencies do.';
comment on column docket.tasks.title is
    'What is to be done, in 1 to 255 characters.';
comment on column docket.tasks.description is
    'What is to be done, in a few sentences.';
comment on column docket.tasks.details is
    'How it is to be done.';
comment on column docket.tasks.test_strategy is
    'How to tell that it is done.';
comment on column docket.tasks.requirements is
    'What it has to meet, as an object.';
comment on column docket.tasks.acceptance_criteria is
    'When it may be accepted.';
comment on column docket.tasks.affected_files is
    'Paths that it is expected to touch.';
comment on column docket.tasks.tags is
    'Words to find it by.';
comment on column docket.tasks.needed_capabilities is
    'What an agent has to be able to do to be given it; empty: anyone.';
comment on column docket.tasks.complexity_score is
    'How complex it is expected to be, 1 to 10.';
comment on column docket.tasks.actual_complexity is
    'How complex it was, 1 to 10.';
comment on column docket.tasks.estimated_effort is
    'The effort expected, in hours.';
comment on column docket.tasks.actual_effort is
    'The effort spent, in hours.';
comment on column docket.tasks.status is
    'Where it stands; moves by docket.task_transitions only.';
comment on column docket.tasks.priority is
    '1 to 10, 10 the most urgent.';
comment on column docket.tasks.assigned_to is
    'The person or agent who has it.';
comment on column docket.tasks.attempt_id is
    'The attempt that holds it now; null: no lease on it.';
comment on column docket.tasks.not_before is
    'It may not be claimed before this time.';
comment on column docket.tasks.due_at is
    'When it should be done.';
comment on column docket.tasks.results is
    'What came out of it.';
comment on column docket.tasks.completed_at is
    'When it was completed; null while it is not.';
comment on column docket.tasks.archived_at is
    'When it was put away; null: in use.';
comment on column docket.tasks.unmet_gates is
    'How many of the validations that it has to pass are missing or have failed; with any it can not be completed. Derived.';
comment on column docket.tasks.merged_at is
    'When the last of its pull requests was merged; null: none is, or one is still open. Derived.';

comment on constraint tasks_key_bounded on docket.tasks is
    'a task key has 1 to 255 characters';
comment on constraint tasks_title_bounded on docket.tasks is
    'a title has 1 to 255 characters';
comment on constraint tasks_not_its_own_parent on docket.tasks is
    'a task is not its own parent';

-- Generated keys count up by project. The row is locked until the transaction ends: two who
-- make tasks in one project at once follow each other.
create table docket_private.task_counters (
    project_id  uuid   not null,
    last_number bigint not null,

    constraint task_counters_pkey primary key (project_id),
    constraint task_counters_project_fkey
        foreign key (project_id) references docket.projects on delete cascade
);

comment on table docket_private.task_counters is
    'The last number that was given to a task''s generated key, by project.';
comment on column docket_private.task_counters.project_id is
    'The project.';
comment on column docket_private.task_counters.last_number is
    'The last number given.';

create function docket_private.take_task_numbers(
    project_id uuid,
    how_many   bigint
) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_sort = off
as $$
declare
    v_prefix text := (
        select p.slug || '-'
          from docket.projects as p
         where p.project_id = take_task_numbers.project_id);
    v_last   bigint;
begin
    loop
        insert into docket_private.task_counters as c (project_id, last_number)
        values (take_task_numbers.project_id, take_task_numbers.how_many)
            on conflict on constraint task_counters_pkey
            do update set last_number = c.last_number + excluded.last_number
        returning c.last_number into v_last;

        -- One look for each key, in the order of the index that it is to enter: of two that begin
        -- with the project, a plan made while the table is empty may take the other one, and each
        -- key would be compared with each task.
        exit when not exists (
            select
              from (
                  select v_prefix || n as task_key
                    from generate_series(v_last - take_task_numbers.how_many + 1, v_last) as n
                  offset 0
              ) as k
             cross join lateral (
                 select t.task_key
                   from docket.tasks as t
                  where t.project_id = take_task_numbers.project_id
                    and t.task_key >= k.task_key
                  order by t.task_key
                  limit 1
             ) as t
             where t.task_key = k.task_key);

        -- Somebody has typed such a key, or imported it: go on after the highest.
        update docket_private.task_counters as c
           set last_number = (
                   select max(substr(t.task_key, length(v_prefix) + 1)::bigint)
                     from docket.tasks as t
                    where t.project_id = take_task_numbers.project_id
                      and starts_with(t.task_key, v_prefix)
                      and substr(t.task_key, length(v_prefix) + 1) ~ '^[0-9]{1,17}$')
         where c.project_id = take_task_numbers.project_id;
    end loop;

    return v_last - take_task_numbers.how_many + 1;
end;
$$;

comment on function docket_private.take_task_numbers(uuid, bigint) is
    'Takes `how_many` numbers for generated keys of one project, and returns the first of them.';

create function docket_private.fill_task() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.task_id  := coalesce(new.task_id, docket_private.new_id(new.project_id));
    new.task_key := coalesce(
        new.task_key,
        (select p.slug from docket.projects as p where p.project_id = new.project_id)
        || '-' || docket_private.take_task_numbers(new.project_id, 1));
    return new;
end;
$$;

comment on function docket_private.fill_task() is
    'Makes the id and the key of a task that comes without them.';

create trigger tasks_fill before insert on docket.tasks
    for each row when (new.task_id is null or new.task_key is null)
    execute function docket_private.fill_task();

-- One trigger for all that is judged and stamped when a task changes, and without a condition:
-- each trigger's condition is read from the catalog again by each statement.
--
-- The two changes that happen to every task, a claim and a completion by its attempt, are made by
-- statements of the queue (queue/claim_tasks, queue/complete_tasks) which stamp the row and do all
-- that follows from it themselves: what triggers would do in ten further statements is most of
-- what a task costs. Such a statement counts the version up, and nobody else does. The triggers
-- after a change leave out these two, so nobody else may make them.
create function docket_private.stamp_task() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.attempt_id is not null and new.attempt_id is distinct from old.attempt_id
       or old.attempt_id is not null and new.status = 'completed'
    then
        if new.version = old.version + 1 and (old.status = 'pending' or new.attempt_id is null) then
            return new;
        end if;
        raise exception 'task % is claimed, and completed by who holds it, by the queue alone',
                        old.task_key
            using errcode = 'PDTRN',
                  hint    = 'docket.start_task() and docket.complete_task() do it.';
    end if;

    if old is not distinct from new then
        return new;
    end if;

    if new.status <> old.status then
        if not exists (
            select from docket.task_transitions as t
             where t.from_status = old.status
               and t.to_status = new.status
        ) then
            raise exception 'task % can not go from % to %', old.task_key, old.status, new.status
                using errcode = 'PDTRN',
                      detail  = jsonb_build_object(
                                    'task_id', old.task_id, 'from', old.status,
                                    'to', new.status)::text,
                      hint    = format('From %s it leads to: %s.', old.status, (
                                    select string_agg(t.to_status, ', ' order by t.to_status)
                                      from docket.task_transitions as t
                                     where t.from_status = old.status));
        end if;

        new.completed_at := case when new.status = 'completed' then docket.clock() end;
        if new.status <> 'in_progress' then
            new.attempt_id := null;
        end if;
    end if;

    new.created_at := old.created_at;
    new.created_by := old.created_by;
    new.updated_at := docket.clock();
    new.updated_by := docket.principal();
    new.version    := old.version + 1;
    return new;
end;
$$;

comment on function docket_private.stamp_task() is
    'Lets a status move by docket.task_transitions only (PDTRN), keeps what belongs to it (completed_at, attempt_id) and the birth of the task, and stamps time, principal and version.';

create trigger tasks_stamp before update on docket.tasks
    for each row execute function docket_private.stamp_task();

-- All but the two: a claim is what gives a task an attempt, a completion by its attempt takes it
-- away and leaves completed_at.
call docket_private.add_journal(
    'docket.tasks', 'task_id', '{}',
    $$(old.attempt_id is not null or new.attempt_id is null)
      and (old.attempt_id is null or new.completed_at is null)$$);
call docket_private.add_isolation('docket.tasks');
call docket_private.add_isolation('docket_private.task_counters');

revoke all on function docket_private.take_task_numbers(uuid, bigint) from public;
revoke all on function docket_private.fill_task() from public;
revoke all on function docket_private.stamp_task() from public;
grant select on docket.tasks
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
