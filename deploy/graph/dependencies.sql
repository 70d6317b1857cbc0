-- Deploy pgdocket:graph/dependencies to pg
-- requires: graph/task_dependencies

begin;
set local role docket_owner;

create function docket.dependencies(
    task_id         uuid,
    dependency_type text    default null,
    after           uuid    default null,
    page_size       integer default 100
) returns setof docket.task_dependencies
language sql
stable
begin atomic
    select d.*
      from docket.task_dependencies as d
     where d.task_id = dependencies.task_id
       and (dependencies.dependency_type is null
            or d.dependency_type
               = docket_private.read_dependency_type(dependencies.dependency_type))
       and (dependencies.after is null or d.depends_on_id > dependencies.after)
     order by d.depends_on_id
     fetch first least(greatest(dependencies.page_size, 1), 1000) rows with ties;
end;

comment on function docket.dependencies(uuid, text, uuid, integer) is
'What task `task_id` depends on: its own dependencies, of every type or of one.

`dependency_type` names one type, `after` is the depends_on_id of the last row of the previous page,
`page_size` in rows (1 to 1000; dependencies on one task stay together).
Returns dependencies, ordered by depends_on_id; none for a task that may not be seen. Raises PD422
(an unknown type).';

create function docket.dependents(
    task_id         uuid,
    dependency_type text    default null,
    after           uuid    default null,
    page_size       integer default 100
) returns setof docket.task_dependencies
language sql
stable
begin atomic
    select d.*
      from docket.task_dependencies as d
     where d.depends_on_id = dependents.task_id
       and (dependents.dependency_type is null
            or d.dependency_type
               = docket_private.read_dependency_type(dependents.dependency_type))
       and (dependents.after is null or d.task_id > dependents.after)
     order by d.task_id
     fetch first least(greatest(dependents.page_size, 1), 1000) rows with ties;
end;

comment on function docket.dependents(uuid, text, uuid, integer) is
'What depends on task `task_id`: the dependencies of others on it, of every type or of one.

`dependency_type` names one type, `after` is the task_id of the last row of the previous page,
`page_size` in rows (1 to 1000; dependencies of one task stay together).
Returns dependencies, ordered by task_id; none for a task that may not be seen. Raises PD422 (an
unknown type).';

create function docket.get_task_dependencies(task_id uuid) returns setof uuid
language sql
stable
begin atomic
    select d.depends_on_id
      from docket.task_dependencies as d
     where d.task_id = get_task_dependencies.task_id
       and d.dependency_type = 'blocks'
     order by d.depends_on_id;
end;

comment on function docket.get_task_dependencies(uuid) is
'The ids of the tasks that task `task_id` waits for, whether they are completed or not.

Returns ids, in their order; none for a task that may not be seen. Raises nothing.';

revoke all on function docket.dependencies(uuid, text, uuid, integer) from public;
revoke all on function docket.dependents(uuid, text, uuid, integer) from public;
revoke all on function docket.get_task_dependencies(uuid) from public;
grant execute on function docket.dependencies(uuid, text, uuid, integer),
                          docket.dependents(uuid, text, uuid, integer),
                          docket.get_task_dependencies(uuid),
                          docket_private.read_dependency_type(text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
