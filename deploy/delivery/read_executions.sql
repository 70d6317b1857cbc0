-- Deploy pgdocket:delivery/read_executions to pg
-- requires: delivery/record_executions

begin;
set local role docket_owner;

create function docket.get_execution(execution_id uuid) returns docket.execution_history
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_created_at timestamptz := docket_private.time_of_id(get_execution.execution_id);
    v_execution  docket.execution_history;
begin
    select e.* into v_execution
      from docket.execution_history as e
     where e.execution_id = get_execution.execution_id
       and e.created_at   = v_created_at;

    if not found then
        raise exception 'execution % does not exist',
                        coalesce(get_execution.execution_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_executions() lists those of a project.';
    end if;

    return v_execution;
end;
$$;

comment on function docket.get_execution(uuid) is
    'One execution by its id, `execution_id`. Returns the execution, with every field. Raises PD404.';

-- Written once, and inlined into each of its callers: their indexes are entered by it.
create function docket_private.is_execution_asked(
    execution      docket.execution_history,
    execution_type text,
    status         text,
    environment    text,
    since          timestamptz,
    until          timestamptz,
    after          uuid
) returns boolean
language sql
stable
begin atomic
    select (is_execution_asked.execution_type is null
            or (execution).execution_type = lower(btrim(is_execution_asked.execution_type)))
           and (is_execution_asked.status is null
                or (execution).status = is_execution_asked.status)
           and (is_execution_asked.environment is null
                or (execution).environment = lower(btrim(is_execution_asked.environment)))
           and (is_execution_asked.since is null
                or (execution).created_at >= is_execution_asked.since)
           and (is_execution_asked.until is null
                or (execution).created_at < is_execution_asked.until)
           and (is_execution_asked.after is null
                or ((execution).created_at, (execution).execution_id) < (
                       docket_private.time_of_id(is_execution_asked.after),
                       is_execution_asked.after));
end;

comment on function docket_private.is_execution_asked(
    docket.execution_history, text, text, text, timestamptz, timestamptz, uuid) is
    'Whether an execution is what docket.list_executions() was asked for.';

create function docket.list_executions(
    project_id     uuid,
    task_id        uuid        default null,
    workflow_id    uuid        default null,
    execution_type text        default null,
    status         text        default null,
    environment    text        default null,
    since          timestamptz default null,
    until          timestamptz default null,
    after          uuid        default null,
    page_size      integer     default 100
) returns setof docket.execution_history
language sql
stable
begin atomic
    -- A branch of its own for one task: what row-level security adds lets the planner take a
    -- project's executions for a few rows, and look for the task's among all of them.
    select of_task.*
      from docket.tasks as t
     cross join lateral (
               select e.*
                 from docket.execution_history as e
                where e.task_id = t.task_id
                  and e.project_id = t.project_id
                  and list_executions.workflow_id is null
                  and docket_private.is_execution_asked(
                          e, list_executions.execution_type, list_executions.status,
                          list_executions.environment, list_executions.since,
                          list_executions.until, list_executions.after)
                order by e.created_at desc, e.execution_id desc
                limit least(greatest(list_executions.page_size, 1), 1000)
           ) as of_task
     where t.task_id = list_executions.task_id
       and t.project_id = list_executions.project_id
     union all
    select of_workflow.*
      from docket.workflows as w
     cross join lateral (
               select e.*
                 from docket.execution_history as e
                where e.workflow_id = w.workflow_id
                  and e.project_id = w.project_id
                  and list_executions.task_id is null
                  and docket_private.is_execution_asked(
                          e, list_executions.execution_type, list_executions.status,
                          list_executions.environment, list_executions.since,
                          list_executions.until, list_executions.after)
                order by e.created_at desc, e.execution_id desc
                limit least(greatest(list_executions.page_size, 1), 1000)
           ) as of_workflow
     where w.workflow_id = list_executions.workflow_id
       and w.project_id = list_executions.project_id
     union all
    select of_project.*
      from (
          select e.*
            from docket.execution_history as e
           where list_executions.task_id is null
             and list_executions.workflow_id is null
             and e.project_id = list_executions.project_id
             and docket_private.is_execution_asked(
                     e, list_executions.execution_type, list_executions.status,
                     list_executions.environment, list_executions.since,
                     list_executions.until, list_executions.after)
           order by e.created_at desc, e.execution_id desc
           limit least(greatest(list_executions.page_size, 1), 1000)
      ) as of_project;
end;

comment on function docket.list_executions(
    uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, uuid, integer) is
'The executions of a project that meet every condition given, the newest first, with their metrics.

`task_id` and `workflow_id` say whose, `execution_type` what was run, `status` how it stands,
`environment` where it was run, `since` and `until` when it was recorded (from the first to before
the second). `after` is the id of the last execution of the previous page, `page_size` is in rows (1
to 1000). Returns executions; raises nothing.';

create function docket.execution_chain(execution_id uuid) returns setof docket.execution_history
language sql
stable
begin atomic
      with asked as materialized (
          select e.project_id, e.first_execution_id
            from docket.execution_history as e
           where e.execution_id = execution_chain.execution_id
             and e.created_at   = docket_private.time_of_id(execution_chain.execution_id)
      )
    select c.*
      from asked as a
     cross join lateral (
               select e.*
                 from docket.execution_history as e
                where e.first_execution_id = a.first_execution_id
                  and e.project_id  = a.project_id
                  and e.created_at >= docket_private.time_of_id(a.first_execution_id)
                order by e.retry_count
                limit 10000
           ) as c
     order by c.retry_count;
end;

comment on function docket.execution_chain(uuid) is
'The chain of retries that execution `execution_id` belongs to, the first first (what has not been
dropped of it; up to 10000). Returns executions; raises nothing.';

create function docket.list_execution_log(
    execution_id uuid,
    after        bigint  default 0,
    page_size    integer default 1000
) returns table (
    line_no   bigint,
    level     text,
    message   text,
    data      jsonb,
    logged_at timestamptz
)
language sql
stable
begin atomic
    select l.line_no, l.level, l.message, l.data, l.logged_at
      from docket.execution_log_lines as l
     where l.execution_id = list_execution_log.execution_id
       and l.created_at   = docket_private.time_of_id(list_execution_log.execution_id)
       and l.line_no > list_execution_log.after
     order by l.line_no
     limit least(greatest(list_execution_log.page_size, 1), 10000);
end;

comment on function docket.list_execution_log(uuid, bigint, integer) is
'The log of an execution, line by line.

`after` is the line_no of the last line of the previous page, `page_size` is in rows (1 to 10000).
Returns lines; data may be null. Raises nothing.';

revoke all on function docket.get_execution(uuid) from public;
revoke all on function docket_private.is_execution_asked(
    docket.execution_history, text, text, text, timestamptz, timestamptz, uuid) from public;
revoke all on function docket.list_executions(
    uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, uuid, integer) from public;
revoke all on function docket.execution_chain(uuid) from public;
revoke all on function docket.list_execution_log(uuid, bigint, integer) from public;
grant execute on function
    docket.get_execution(uuid),
    docket_private.is_execution_asked(
        docket.execution_history, text, text, text, timestamptz, timestamptz, uuid),
    docket.list_executions(
        uuid, uuid, uuid, text, text, text, timestamptz, timestamptz, uuid, integer),
    docket.execution_chain(uuid),
    docket.list_execution_log(uuid, bigint, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
