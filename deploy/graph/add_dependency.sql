-- Deploy pgdocket:graph/add_dependency to pg
-- requires: graph/readiness
-- requires: projects/require_project

begin;
set local role docket_owner;

create function docket_private.project_of_task(task_id uuid) returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid := (
        select t.project_id
          from docket.tasks as t
         where t.task_id = project_of_task.task_id);
begin
    if v_project_id is null then
        raise exception 'task % does not exist', coalesce(project_of_task.task_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.task_id() finds a task by its key.';
    end if;

    return v_project_id;
end;
$$;

comment on function docket_private.project_of_task(uuid) is
    'The project of a task that the principal may see. Raises PD404.';

create function docket_private.refuse_dependency_on_itself(
    project_id      uuid,
    task_id         uuid,
    dependency_type docket.dependency_type
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if refuse_dependency_on_itself.dependency_type = 'blocks' then
        perform docket_private.raise_cycle(project_id, array[task_id]);
    end if;

    raise exception 'task % is not related to itself', task_id
        using errcode = 'PD422',
              hint    = 'Name two tasks.';
end;
$$;

comment on function docket_private.refuse_dependency_on_itself(uuid, uuid, docket.dependency_type) is
    'Refuses a dependency of a task on itself: the shortest cycle (PDCYC), or senseless (PD422).';

create function docket_private.refuse_satisfaction(dependency_type text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'a dependency of type % waits for nothing', dependency_type
        using errcode = 'PD422',
              hint    = 'satisfied_by says what a dependency of type blocks waits for.';
end;
$$;

comment on function docket_private.refuse_satisfaction(text) is
    'Refuses satisfied_by for a dependency that orders no work: PD422.';

create function docket.add_dependency(
    task_id         uuid,
    depends_on_id   uuid,
    dependency_type text    default 'blocks',
    strength        numeric default null,
    satisfied_by    text    default null,
    request_id      uuid    default null
) returns docket.task_dependencies
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb                  := docket_private.replay(request_id, 'add_dependency');
    v_project_id uuid;
    v_type       docket.dependency_type := docket_private.read_dependency_type(
                                               coalesce(dependency_type, 'blocks'));
    v_satisfied  docket.satisfaction    := docket_private.read_satisfaction(satisfied_by);
    v_dependency docket.task_dependencies;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.task_dependencies, v_answer);
    end if;

    v_project_id := docket_private.project_of_task(add_dependency.task_id);
    perform docket_private.require_project(v_project_id);

    if docket_private.project_of_task(add_dependency.depends_on_id) <> v_project_id then
        raise exception 'tasks % and % belong to two projects',
                        add_dependency.task_id, add_dependency.depends_on_id
            using errcode = 'PD422',
                  hint    = 'Only tasks of one project depend on each other.';
    end if;

    if add_dependency.depends_on_id = add_dependency.task_id then
        perform docket_private.refuse_dependency_on_itself(v_project_id, task_id, v_type);
    end if;

    if not add_dependency.strength between 0 and 1 then
        raise exception 'a strength of % can not be meant',
                        left(add_dependency.strength::text, 100)
            using errcode = 'PD422',
                  hint    = 'A strength is between 0 and 1.';
    end if;

    if v_satisfied <> 'completed' and v_type <> 'blocks' then
        perform docket_private.refuse_satisfaction(v_type);
    end if;

    -- The key first: a statement that has the row and waits for the key could wait for one
    -- that has the key and waits for the row.
    if v_type = 'blocks' then
        perform docket_private.lock_graph(v_project_id);
    end if;

    insert into docket.task_dependencies as d (
        task_id, project_id, depends_on_id, dependency_type, satisfied_by, strength)
    values (
        add_dependency.task_id, v_project_id, add_dependency.depends_on_id, v_type,
        coalesce(v_satisfied, 'completed'), add_dependency.strength)
        on conflict on constraint task_dependencies_pkey
        do update set strength     = coalesce(excluded.strength, d.strength),
                      satisfied_by = coalesce(v_satisfied, d.satisfied_by)
            where excluded.strength <> coalesce(d.strength, -1)
               or v_satisfied <> d.satisfied_by
    returning d.* into v_dependency;

    if not found then
        select d.* into v_dependency
          from docket.task_dependencies as d
         where d.task_id         = add_dependency.task_id
           and d.project_id      = v_project_id
           and d.dependency_type = v_type
           and d.depends_on_id   = add_dependency.depends_on_id;
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_dependency));
    return v_dependency;
end;
$$;

comment on function docket.add_dependency(uuid, uuid, text, numeric, text, uuid) is
'Makes task `task_id` depend on task `depends_on_id`. What is there already stays, with the new strength
and the new satisfied_by where they are given.

`dependency_type` is blocks (the default, also called depends_on: the task waits for the other),
suggests, related, duplicates, discovered_from or supersedes; only blocks must not close a cycle.
`satisfied_by` is what it waits for: completed (the default), merged (completed, and at least one of
its pull requests is merged and none still open) or validated (completed, with every required
validation passed). `strength` is 0 to 1. The same `request_id` again returns the first answer.
Returns the dependency. Raises PD404, PD403, PD422, and PDCYC with the cycle, or for a task and its
own ancestor.';

revoke all on function docket_private.project_of_task(uuid) from public;
revoke all on function docket_private.refuse_dependency_on_itself(uuid, uuid, docket.dependency_type)
  from public;
revoke all on function docket_private.refuse_satisfaction(text) from public;
revoke all on function docket.add_dependency(uuid, uuid, text, numeric, text, uuid) from public;
grant execute on function docket.add_dependency(uuid, uuid, text, numeric, text, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
