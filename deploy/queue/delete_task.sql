-- Deploy pgdocket:queue/delete_task to pg
-- requires: graph/update_task
-- requires: queue/task_attempts

begin;
set local role docket_owner;

-- A task and all that is below it, as they stand under the graph's key.
create function docket_private.task_with_subtasks(
    project_id uuid,
    task_id    uuid
) returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        with recursive below as (
            select t.task_id
              from docket.tasks as t
             where t.task_id    = task_with_subtasks.task_id
               and t.project_id = task_with_subtasks.project_id
             union
            select t.task_id
              from below as b
              join docket.tasks as t
                on t.parent_task_id = b.task_id
               and t.project_id = task_with_subtasks.project_id
        )
        select b.task_id from below as b order by b.task_id);
end;
$$;

comment on function docket_private.task_with_subtasks(uuid, uuid) is
    'A task, its subtasks, their subtasks and so on, by id.';

create function docket.delete_task(
    task_id    uuid,
    request_id uuid default null
) returns docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'delete_task');
    v_task   docket.tasks;
    v_tasks  uuid[];
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.tasks, v_answer);
    end if;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id = delete_task.task_id
       and t.archived_at is null;

    if not found then
        raise exception 'task % does not exist', coalesce(delete_task.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    perform docket_private.require_project(v_task.project_id);
    perform docket_private.lock_graph(v_task.project_id);
    v_tasks := docket_private.task_with_subtasks(v_task.project_id, v_task.task_id);

    perform
       from docket.tasks as t
      where t.task_id = any (v_tasks)
        and t.project_id = v_task.project_id
      order by t.task_id
        for no key update;

    -- Nobody waits for what was put away, and who works on it loses it.
    delete from docket.task_dependencies as d
     where (d.task_id = any (v_tasks) or d.depends_on_id = any (v_tasks))
       and d.project_id = v_task.project_id;

    update docket.tasks as t
       set status      = case t.status when 'in_progress' then 'cancelled' else t.status end,
           archived_at = docket.clock()
     where t.task_id = any (v_tasks)
       and t.project_id = v_task.project_id
       and t.archived_at is null;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id    = v_task.task_id
       and t.project_id = v_task.project_id;

    perform docket_private.remember(request_id, to_jsonb(v_task));
    return v_task;
end;
$$;

comment on function docket.delete_task(uuid, uuid) is
'Puts a task away, with its subtasks: they are archived, their dependencies removed (what waited for
them no longer does), and who works on one loses it. Rows stay, for the history.

The same `request_id` again returns the first answer.
Returns the task. Raises PD404 (unknown, or put away before), PD403.';

create function docket.purge_task(task_id uuid) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task  docket.tasks;
    v_count bigint;
begin
    select t.* into v_task
      from docket.tasks as t
     where t.task_id = purge_task.task_id;

    if not found then
        raise exception 'task % does not exist', coalesce(purge_task.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    perform docket_private.require_project(v_task.project_id);
    perform docket_private.lock_graph(v_task.project_id);

    delete from docket.tasks as t
     where t.task_id = any (docket_private.task_with_subtasks(v_task.project_id, v_task.task_id))
       and t.project_id = v_task.project_id;
    get diagnostics v_count = row_count;

    return v_count;
end;
$$;

comment on function docket.purge_task(uuid) is
'Removes a task for good, with its subtasks and all of their rows; only the journal still knows of
them.

Returns how many tasks it removed. Raises PD404, PD403.';

revoke all on function docket_private.task_with_subtasks(uuid, uuid) from public;
revoke all on function docket.delete_task(uuid, uuid) from public;
revoke all on function docket.purge_task(uuid) from public;
grant execute on function docket.delete_task(uuid, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.purge_task(uuid)
   to docket_admin;

commit;
