-- Deploy pgdocket:graph/remove_dependency to pg
-- requires: graph/add_dependency

begin;
set local role docket_owner;

create function docket.remove_dependency(
    task_id         uuid,
    depends_on_id   uuid,
    dependency_type text default 'blocks',
    request_id      uuid default null
) returns docket.task_dependencies
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb                  := docket_private.replay(request_id, 'remove_dependency');
    v_project_id uuid;
    v_type       docket.dependency_type := docket_private.read_dependency_type(
                                               coalesce(dependency_type, 'blocks'));
    v_dependency docket.task_dependencies;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.task_dependencies, v_answer);
    end if;

    v_project_id := docket_private.project_of_task(remove_dependency.task_id);
    perform docket_private.require_project(v_project_id);

    -- The key first, as in add_dependency().
    if v_type = 'blocks' then
        perform docket_private.lock_graph(v_project_id);
    end if;

    delete from docket.task_dependencies as d
     where d.task_id         = remove_dependency.task_id
       and d.project_id      = v_project_id
       and d.dependency_type = v_type
       and d.depends_on_id   = remove_dependency.depends_on_id
    returning d.* into v_dependency;

    if not found then
        raise exception 'task % has no dependency of type % on task %', remove_dependency.task_id,
                        v_type, coalesce(remove_dependency.depends_on_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.dependencies() lists what a task depends on.';
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_dependency));
    return v_dependency;
end;
$$;

comment on function docket.remove_dependency(uuid, uuid, text, uuid) is
'Removes the dependency of task `task_id` on task `depends_on_id`. A task that waits for nothing more
can be claimed at once.

`dependency_type` is the type of the dependency (default blocks). The same `request_id` again
returns the first answer. Returns the dependency as it was. Raises PD404 (no such task or
dependency), PD403, PD422.';

revoke all on function docket.remove_dependency(uuid, uuid, text, uuid) from public;
grant execute on function docket.remove_dependency(uuid, uuid, text, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
