-- Deploy pgdocket:graph/supersede to pg
-- requires: graph/add_dependency
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

create function docket.supersede(
    task_id       uuid,
    superseded_by uuid,
    request_id    uuid default null
) returns docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'supersede');
    v_project uuid;
    v_task    docket.tasks;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.tasks, v_answer);
    end if;

    v_project := docket_private.project_of_task(supersede.task_id);
    perform docket_private.require_project(v_project);

    if docket_private.project_of_task(supersede.superseded_by) <> v_project then
        raise exception 'tasks % and % belong to two projects',
                        supersede.task_id, supersede.superseded_by
            using errcode = 'PD422',
                  hint    = 'A task is superseded by one of its own project.';
    end if;

    if supersede.superseded_by = supersede.task_id then
        raise exception 'task % can not supersede itself', supersede.task_id
            using errcode = 'PD422',
                  hint    = 'Name two tasks.';
    end if;

    -- The graph's key, then both tasks by id, as everywhere.
    perform docket_private.lock_graph(v_project);
    perform
       from docket.tasks as t
      where t.task_id in (supersede.task_id, supersede.superseded_by)
        and t.project_id = v_project
      order by t.task_id
        for no key update;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id    = supersede.task_id
       and t.project_id = v_project;

    insert into docket.task_dependencies as d (task_id, project_id, depends_on_id, dependency_type)
    values (supersede.superseded_by, v_project, supersede.task_id, 'supersedes')
        on conflict on constraint task_dependencies_pkey do nothing;

    -- The new edges first: they tell the cycle, if there is one, and no dependent is ready between
    -- the two statements. The new task itself does not wait for itself, but is free of the old one.
    insert into docket.task_dependencies as d (
        task_id, project_id, depends_on_id, dependency_type, satisfied_by, strength, metadata)
    select e.task_id, e.project_id, supersede.superseded_by, e.dependency_type, e.satisfied_by,
           e.strength, e.metadata
      from docket.task_dependencies as e
      join docket.tasks as t
        on t.task_id = e.task_id
       and t.project_id = e.project_id
     where e.depends_on_id   = supersede.task_id
       and e.project_id      = v_project
       and e.dependency_type = 'blocks'
       and e.task_id        <> supersede.superseded_by
       and t.status not in ('completed', 'cancelled')
       and t.archived_at is null
        on conflict on constraint task_dependencies_pkey
        do update set satisfied_by = excluded.satisfied_by
            where d.satisfied_by = 'completed'
              and excluded.satisfied_by <> 'completed';

    delete from docket.task_dependencies as e
     using docket.tasks as t
     where t.task_id         = e.task_id
       and t.project_id      = e.project_id
       and e.depends_on_id   = supersede.task_id
       and e.project_id      = v_project
       and e.dependency_type = 'blocks'
       and t.status not in ('completed', 'cancelled')
       and t.archived_at is null;

    -- Who works on it loses it. What is over stays as it is.
    update docket.tasks as t
       set status = 'cancelled'
     where t.task_id    = supersede.task_id
       and t.project_id = v_project
       and t.status not in ('completed', 'cancelled')
    returning t.* into v_task;

    if not found then
        v_task := docket.get_task(supersede.task_id);
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_task));
    return v_task;
end;
$$;

comment on function docket.supersede(uuid, uuid, uuid) is
'Puts task `superseded_by` in the place of task `task_id`: what still waited for the old one waits for
the new one, and the old one is kept, cancelled unless it was completed, with a dependency of type
supersedes that tells by what.

An agent that held the old task loses it. The same `request_id` again returns the first answer.
Returns the old task as it now stands. Raises PD404, PD403, PD422, PDCYC (the new task waits for
something that waited for the old one).';

revoke all on function docket.supersede(uuid, uuid, uuid) from public;
grant execute on function docket.supersede(uuid, uuid, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
