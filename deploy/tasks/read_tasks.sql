-- Deploy pgdocket:tasks/read_tasks to pg
-- requires: tasks/task_search

begin;
set local role docket_owner;

create function docket.get_task(task_id uuid) returns docket.tasks
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task docket.tasks;
begin
    select t.* into v_task
      from docket.tasks as t
     where t.task_id = get_task.task_id;

    if not found then
        raise exception 'task % does not exist', coalesce(get_task.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    return v_task;
end;
$$;

comment on function docket.get_task(uuid) is
'One task by its id, `task_id`. Returns the task, with every field. Raises PD404.';

create function docket.task_id(
    project_id uuid,
    reference  text
) returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task_id uuid;
begin
    -- The key is what people see, so it goes before a number, and both before an id.
    v_task_id := (
        select t.task_id
          from docket.tasks as t
         where t.project_id = task_id.project_id
           and t.task_key   = task_id.reference);

    if v_task_id is null and task_id.reference ~ '^[0-9]{1,18}$' then
        v_task_id := (
            select t.task_id
              from docket.tasks as t
             where t.project_id = task_id.project_id
               and t.legacy_id  = task_id.reference::bigint);
    end if;

    if v_task_id is null
       and task_id.reference ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        v_task_id := (
            select t.task_id
              from docket.tasks as t
             where t.project_id = task_id.project_id
               and t.task_id    = task_id.reference::uuid);
    end if;

    if v_task_id is null then
        raise exception 'task "%" does not exist', left(task_id.reference, 100)
            using errcode = 'PD404',
                  hint    = 'docket.list_tasks() lists the tasks of a project with their keys.';
    end if;

    return v_task_id;
end;
$$;

comment on function docket.task_id(uuid, text) is
'The id of the task that people call `reference` in a project: its key ("api-12", "3.2"), the
number it had in an imported file, or its id.

Returns the id. Raises PD404.';

create function docket.list_tasks(
    project_id       uuid,
    statuses         text[]  default null,
    min_priority     text    default null,
    assigned_to      text    default null,
    tags_all         text[]  default null,
    tags_any         text[]  default null,
    workflow_id      uuid    default null,
    parent_task_id   uuid    default null,
    affected_file    text    default null,
    requirements     jsonb   default null,
    metadata         jsonb   default null,
    include_archived boolean default false,
    order_by         text    default 'created_at',
    after            uuid    default null,
    page_size        integer default 100
) returns setof docket.tasks
language sql
stable
begin atomic
    -- One branch for each order, so that each has its index; the one that is not asked for is
    -- never started.
    select newest.*
      from (
          select t.*
            from docket.tasks as t
           where list_tasks.order_by is distinct from 'priority'
             and t.project_id = list_tasks.project_id
             and (list_tasks.after is null or t.task_id < list_tasks.after)
             and (list_tasks.statuses is null
                  or t.status = any (array(
                         select docket_private.read_status(w.status)::text
                           from unnest(list_tasks.statuses) as w (status))))
             and (list_tasks.min_priority is null
                  or t.priority >= docket_private.read_priority(to_jsonb(list_tasks.min_priority)))
             and (list_tasks.assigned_to is null or t.assigned_to = list_tasks.assigned_to)
             and (list_tasks.workflow_id is null or t.workflow_id = list_tasks.workflow_id)
             and (list_tasks.parent_task_id is null or t.parent_task_id = list_tasks.parent_task_id)
             and (list_tasks.include_archived or t.archived_at is null)
             and (num_nonnulls(list_tasks.tags_all, list_tasks.tags_any, list_tasks.affected_file,
                               list_tasks.requirements, list_tasks.metadata) = 0
                  or t.task_id = any (array(
                         select f.task_id
                           from docket_private.find_tasks(
                                    list_tasks.project_id, null, list_tasks.tags_all,
                                    list_tasks.tags_any, list_tasks.affected_file,
                                    list_tasks.requirements, list_tasks.metadata) as f)))
           order by t.task_id desc
           limit least(greatest(list_tasks.page_size, 1), 1000)
      ) as newest
     union all
    select urgent.*
      from (
          select t.*
            from docket.tasks as t
           where list_tasks.order_by = 'priority'
             and t.project_id = list_tasks.project_id
             and (list_tasks.after is null
                  or (-t.priority, t.task_id) > (
                         select -a.priority, a.task_id
                           from docket.tasks as a
                          where a.task_id = list_tasks.after))
             and (list_tasks.statuses is null
                  or t.status = any (array(
                         select docket_private.read_status(w.status)::text
                           from unnest(list_tasks.statuses) as w (status))))
             and (list_tasks.min_priority is null
                  or t.priority >= docket_private.read_priority(to_jsonb(list_tasks.min_priority)))
             and (list_tasks.assigned_to is null or t.assigned_to = list_tasks.assigned_to)
             and (list_tasks.workflow_id is null or t.workflow_id = list_tasks.workflow_id)
             and (list_tasks.parent_task_id is null or t.parent_task_id = list_tasks.parent_task_id)
             and (list_tasks.include_archived or t.archived_at is null)
             and (num_nonnulls(list_tasks.tags_all, list_tasks.tags_any, list_tasks.affected_file,
                               list_tasks.requirements, list_tasks.metadata) = 0
                  or t.task_id = any (array(
                         select f.task_id
                           from docket_private.find_tasks(
                                    list_tasks.project_id, null, list_tasks.tags_all,
                                    list_tasks.tags_any, list_tasks.affected_file,
                                    list_tasks.requirements, list_tasks.metadata) as f)))
           order by t.priority desc, t.task_id
           limit least(greatest(list_tasks.page_size, 1), 1000)
      ) as urgent;
end;

comment on function docket.list_tasks(
    uuid, text[], text, text, text[], text[], uuid, uuid, text, jsonb, jsonb, boolean, text, uuid,
    integer) is
'The tasks of a project that meet every condition given.

`statuses` names any of several statuses, `min_priority` a number or label, `assigned_to` a person
or agent, `workflow_id` and `parent_task_id` where the task belongs, `tags_all` tags that it has
all of, `tags_any` any of, `affected_file` one path, `requirements` and `metadata` what those
contain; `include_archived` adds tasks that were put away. `order_by` is created_at (the newest
first) or priority (the most urgent first, then the oldest); `after` is the id of the last task of
the previous page, `page_size` is in rows (1 to 1000). Returns tasks. Raises PD422 (an unknown
status or priority).';

create function docket.get_pending_tasks(
    project_id uuid,
    page_size  integer default 100
) returns setof docket.tasks
language sql
stable
begin atomic
    select t.*
      from docket.tasks as t
     where t.project_id = get_pending_tasks.project_id
       and t.status = 'pending'
       and t.archived_at is null
     order by t.priority desc, t.task_id
     limit least(greatest(get_pending_tasks.page_size, 1), 1000);
end;

comment on function docket.get_pending_tasks(uuid, integer) is
'The pending tasks of a project, ready or not, the most urgent first, then the oldest.

`page_size` is in rows (1 to 1000). Returns tasks; raises nothing.';

revoke all on function docket.get_task(uuid) from public;
revoke all on function docket.task_id(uuid, text) from public;
revoke all on function docket.list_tasks(
    uuid, text[], text, text, text[], text[], uuid, uuid, text, jsonb, jsonb, boolean, text, uuid,
    integer) from public;
revoke all on function docket.get_pending_tasks(uuid, integer) from public;
grant execute on function
    docket.get_task(uuid),
    docket.task_id(uuid, text),
    docket.get_pending_tasks(uuid, integer),
    docket.list_tasks(
        uuid, text[], text, text, text[], text[], uuid, uuid, text, jsonb, jsonb, boolean, text,
        uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function docket_private.read_status(text), docket_private.read_priority(jsonb)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
