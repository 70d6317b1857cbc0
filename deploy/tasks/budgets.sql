-- Deploy pgdocket:tasks/budgets to pg
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

-- What tasks use of tokens and money, by task, by workflow and by project, and how much they may.
-- A row without a limit only counts. What is used up is one flag, so that a claim asks an index
-- that is empty as long as nothing is.
create table docket.budgets (
    budget_id    uuid        not null,
    project_id   uuid        not null,
    workflow_id  uuid,
    task_id      uuid,
    max_tokens   bigint,
    max_cost     numeric,
    used_tokens  bigint      not null default 0,
    used_cost    numeric     not null default 0,
    is_exhausted boolean     not null default false,
    version      bigint      not null default 1,
    created_at   timestamptz not null default docket.clock(),
    updated_at   timestamptz not null default docket.clock(),
    created_by   text        not null default docket.principal(),
    updated_by   text        not null default docket.principal(),

    constraint budgets_pkey primary key (budget_id, project_id),
    constraint budgets_scope_key unique nulls not distinct (project_id, workflow_id, task_id),
    constraint budgets_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint budgets_workflow_fkey
        foreign key (workflow_id, project_id) references docket.workflows on delete cascade,
    constraint budgets_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint budgets_one_scope check (num_nonnulls(workflow_id, task_id) <= 1),
    constraint budgets_limits_not_negative check (max_tokens >= 0 and max_cost >= 0),
    constraint budgets_use_not_negative check (used_tokens >= 0 and used_cost >= 0),
    constraint budgets_exhausted_as_told
        check (is_exhausted = (coalesce(used_tokens >= max_tokens, false)
                               or coalesce(used_cost >= max_cost, false)))
) with (fillfactor = 80);

create index budgets_workflow_idx
    on docket.budgets (workflow_id, project_id) where workflow_id is not null;

create index budgets_task_idx
    on docket.budgets (task_id, project_id) where task_id is not null;

create index budgets_exhausted_idx
    on docket.budgets (project_id) where is_exhausted;

comment on table docket.budgets is
    'How many tokens and how much money a task, a workflow or a project has used, and may use.';
comment on column docket.budgets.budget_id is
    'The budget.';
comment on column docket.budgets.workflow_id is
    'The workflow whose budget it is; null with task_id null: the project''s.';
comment on column docket.budgets.task_id is
    'The task whose budget it is.';
comment on column docket.budgets.max_tokens is
    'The tokens that may be used; null: no limit.';
comment on column docket.budgets.max_cost is
    'The cost that may arise, in the currency that the project reckons in; null: no limit.';
comment on column docket.budgets.used_tokens is
    'The tokens used so far.';
comment on column docket.budgets.used_cost is
    'The cost so far.';
comment on column docket.budgets.is_exhausted is
    'Whether a limit is reached: then nothing of it is claimed any more.';
comment on constraint budgets_limits_not_negative on docket.budgets is
    'a limit is not negative';
comment on constraint budgets_use_not_negative on docket.budgets is
    'what is used is not negative';

-- Functions reach it by a project or task that they have been let through to already.
call docket_private.add_isolation('docket.budgets', functions_see_all => true);

-- What is used is counted often, and told by whoever counts it; a limit is a decision.
create function docket_private.judge_budget() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.is_exhausted := coalesce(new.used_tokens >= new.max_tokens, false)
                        or coalesce(new.used_cost >= new.max_cost, false);
    return new;
end;
$$;

comment on function docket_private.judge_budget() is
    'Says of a budget whether it is used up.';

create trigger budgets_judge before insert or update on docket.budgets
    for each row execute function docket_private.judge_budget();

call docket_private.add_touch('docket.budgets');
call docket_private.add_journal(
    'docket.budgets', 'budget_id', '{}',
    '(old.max_tokens, old.max_cost, old.is_exhausted) '
    'is distinct from (new.max_tokens, new.max_cost, new.is_exhausted)');

create function docket_private.exhausted_budget(
    project_id  uuid,
    workflow_id uuid,
    task_id     uuid
) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case
                   when b.task_id is not null then 'task'
                   when b.workflow_id is not null then 'workflow'
                   else 'project'
               end
          from docket.budgets as b
         where b.project_id = exhausted_budget.project_id
           and b.is_exhausted
           and (b.workflow_id is null or b.workflow_id = exhausted_budget.workflow_id)
           and (b.task_id is null or b.task_id = exhausted_budget.task_id)
         order by b.task_id is null, b.workflow_id is null
         limit 1);
end;
$$;

comment on function docket_private.exhausted_budget(uuid, uuid, uuid) is
    'Whose budget keeps a task from being claimed: task, workflow or project; null: none.';

create function docket.set_budget(
    project_id  uuid,
    workflow_id uuid    default null,
    task_id     uuid    default null,
    max_tokens  bigint  default null,
    max_cost    numeric default null,
    request_id  uuid    default null
) returns docket.budgets
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'set_budget');
    v_budget docket.budgets;
begin
    if v_answer is not null then
        select b.* into v_budget
          from docket.budgets as b
         where b.budget_id = (v_answer ->> 'budget_id')::uuid;
        return v_budget;
    end if;

    perform docket_private.require_project(set_budget.project_id);

    if num_nonnulls(set_budget.workflow_id, set_budget.task_id) > 1 then
        raise exception 'a budget is that of a workflow or of a task, not of both'
            using errcode = 'PD422',
                  hint    = 'Set two budgets.';
    end if;

    if set_budget.max_tokens < 0 or set_budget.max_cost < 0 then
        raise exception 'a limit of % tokens or a cost of % can not be meant',
                        coalesce(set_budget.max_tokens::text, 'no'),
                        coalesce(set_budget.max_cost::text, 'none')
            using errcode = 'PD422',
                  hint    = 'Limits count from 0; null takes a limit away.';
    end if;

    begin
        insert into docket.budgets as b (
            budget_id, project_id, workflow_id, task_id, max_tokens, max_cost)
        values (
            docket_private.new_id(set_budget.project_id), set_budget.project_id,
            set_budget.workflow_id, set_budget.task_id, set_budget.max_tokens, set_budget.max_cost)
            on conflict on constraint budgets_scope_key
            do update set max_tokens = excluded.max_tokens,
                          max_cost   = excluded.max_cost
        returning b.* into v_budget;
    exception
        when foreign_key_violation then
            raise exception '% does not exist in this project',
                            coalesce('task ' || set_budget.task_id,
                                     'workflow ' || set_budget.workflow_id)
                using errcode = 'PD404';
    end;

    perform docket_private.remember(
        request_id, jsonb_build_object('budget_id', v_budget.budget_id));
    return v_budget;
end;
$$;

comment on function docket.set_budget(uuid, uuid, uuid, bigint, numeric, uuid) is
'Limits what a project, one of its workflows or one of its tasks may use. When a limit is reached,
nothing of it is claimed any more; what is under way goes on.

`workflow_id` or `task_id` say whose budget it is (neither: the project''s), `max_tokens` and
`max_cost` (in the currency that the project reckons in) are the limits, null for none. What has
been used counts from the beginning, before there was a limit too. The same `request_id` again
changes nothing. Returns the budget. Raises PD404, PD403, PD422.';

-- The project's row before the others, then workflows and tasks by their id, whoever comes: who
-- counts twice in one transaction is followed by the next, and meets nobody on the way.
create function docket_private.charge_budgets(
    project_id uuid,
    task_ids   uuid[],
    tokens     bigint[],
    costs      numeric[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
      with used as (
          select u.task_id, w.workflow_id, sum(u.tokens) as tokens, sum(u.cost) as cost
            from unnest(charge_budgets.task_ids, charge_budgets.tokens, charge_budgets.costs)
                 as u (task_id, tokens, cost)
           cross join lateral (
                     select t.workflow_id
                       from docket.tasks as t
                      where t.task_id = u.task_id
                        and t.project_id = charge_budgets.project_id
                     offset 0
                 ) as w
           group by u.task_id, w.workflow_id
      ), scopes as (
          select 1 as rank, null::uuid as workflow_id, null::uuid as task_id,
                 sum(u.tokens) as tokens, sum(u.cost) as cost
            from used as u
          having count(*) > 0
           union all
          select 2, u.workflow_id, null, sum(u.tokens), sum(u.cost)
            from used as u
           where u.workflow_id is not null
           group by u.workflow_id
           union all
          select 3, null, u.task_id, u.tokens, u.cost
            from used as u
      )
    insert into docket.budgets as b (
        budget_id, project_id, workflow_id, task_id, used_tokens, used_cost)
    select docket_private.new_id(charge_budgets.project_id, s.ordinal), charge_budgets.project_id,
           s.workflow_id, s.task_id, s.tokens, s.cost
      from (
          select row_number() over (order by c.rank, c.workflow_id, c.task_id) as ordinal, c.*
            from scopes as c
      ) as s
     order by s.ordinal
        on conflict on constraint budgets_scope_key
        do update set used_tokens = b.used_tokens + excluded.used_tokens,
                      used_cost   = b.used_cost + excluded.used_cost;
exception
    when numeric_value_out_of_range then
        raise exception 'a use of % tokens is more than can be counted',
                        (select sum(u.tokens) from unnest(charge_budgets.tokens) as u (tokens))
            using errcode = 'PD422';
end;
$$;

comment on function docket_private.charge_budgets(uuid, uuid[], bigint[], numeric[]) is
    'Counts what work on tasks of one project has used, for them, their workflows and the project. The three arrays go together. Raises PD422.';

create function docket.record_usage(
    task_id    uuid,
    tokens     bigint  default 0,
    cost       numeric default 0,
    request_id uuid    default null
) returns setof docket.budgets
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'record_usage');
    v_project  uuid;
    v_workflow uuid;
begin
    v_project := docket_private.project_of_task(record_usage.task_id);
    perform docket_private.require_project(v_project);

    -- NaN is the greatest of all numbers.
    if coalesce(record_usage.tokens, -1) < 0 or coalesce(record_usage.cost, -1) < 0
       or record_usage.cost >= 'Infinity'
    then
        raise exception 'a use of % tokens at a cost of % can not be meant',
                        coalesce(record_usage.tokens::text, 'null'),
                        coalesce(record_usage.cost::text, 'null')
            using errcode = 'PD422',
                  hint    = 'Both count from 0.';
    end if;

    if v_answer is null then
        perform docket_private.charge_budgets(
            v_project, array[record_usage.task_id], array[record_usage.tokens],
            array[record_usage.cost]);
        perform docket_private.remember(record_usage.request_id, '{}');
    end if;

    v_workflow := (
        select t.workflow_id
          from docket.tasks as t
         where t.task_id    = record_usage.task_id
           and t.project_id = v_project);

    return query
    select b.*
      from docket.budgets as b
     where b.project_id = v_project
       and (b.workflow_id is null or b.workflow_id = v_workflow)
       and (b.task_id is null or b.task_id = record_usage.task_id)
     order by b.task_id is null, b.workflow_id is null;
end;
$$;

comment on function docket.record_usage(uuid, bigint, numeric, uuid) is
'Counts tokens and cost that work on a task has used: for the task, its workflow and its project.

`tokens` and `cost` (in the currency that the project reckons in) are added, whether a limit is
reached or not: what was used was used. An agent that finds is_exhausted in the answer stops, and
fails its attempt with the class budget_exceeded. The same `request_id` again counts nothing.
Returns the budgets of task, workflow and project as they now stand. Raises PD404, PD403, PD422.';

create function docket.list_budgets(
    project_id     uuid,
    only_exhausted boolean default false,
    after          uuid    default null,
    page_size      integer default 100
) returns setof docket.budgets
language sql
stable
begin atomic
    select b.*
      from docket.budgets as b
     where b.project_id = list_budgets.project_id
       and (b.is_exhausted or not list_budgets.only_exhausted)
       and (list_budgets.after is null or b.budget_id > list_budgets.after)
     order by b.budget_id
     limit least(greatest(list_budgets.page_size, 1), 1000);
end;

comment on function docket.list_budgets(uuid, boolean, uuid, integer) is
'The budgets of a project, its workflows and its tasks, the oldest first.

`only_exhausted` leaves out those that have something left, `after` is the last id of the page
before, `page_size` in rows (1 to 1000). Returns budgets; raises nothing.';

revoke all on function docket_private.judge_budget() from public;
revoke all on function docket_private.exhausted_budget(uuid, uuid, uuid) from public;
revoke all on function docket_private.charge_budgets(uuid, uuid[], bigint[], numeric[]) from public;
revoke all on function docket.set_budget(uuid, uuid, uuid, bigint, numeric, uuid) from public;
revoke all on function docket.record_usage(uuid, bigint, numeric, uuid) from public;
revoke all on function docket.list_budgets(uuid, boolean, uuid, integer) from public;
grant select on docket.budgets
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function docket.set_budget(uuid, uuid, uuid, bigint, numeric, uuid)
   to docket_admin, docket_app;
grant execute on function docket.record_usage(uuid, bigint, numeric, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.list_budgets(uuid, boolean, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
