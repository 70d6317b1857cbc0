-- Deploy pgdocket:graph/what_if to pg
-- requires: graph/hierarchy
-- requires: graph/order
-- requires: projects/require_project

begin;
set local role docket_owner;

-- Counts as the counters do: what a task waits for now, without those that are taken as completed.
-- Whatever is completed has passed its gates; whether it is merged is another matter.
create function docket.simulate_completion(task_ids uuid[]) returns table (
    task_id    uuid,
    task_key   text,
    title      text,
    priority   docket.task_priority,
    not_before timestamptz
)
language sql
stable
begin atomic
      with done as materialized (
          select t.task_id, t.project_id, t.merged_at
            from unnest(simulate_completion.task_ids) as i (task_id)
           cross join lateral (
                     select t.task_id, t.project_id, t.merged_at
                       from docket.tasks as t
                      where t.task_id = i.task_id
                        and t.status <> 'completed'
                      order by t.task_id
                     offset 0
                 ) as t
           group by t.task_id, t.project_id, t.merged_at
      ), freed as materialized (
          select e.task_id, e.project_id, count(*) as met
            from done as d
           cross join lateral (
                     select e.task_id, e.project_id
                       from docket.task_dependencies as e
                      where e.depends_on_id = d.task_id
                        and e.project_id = d.project_id
                        and e.dependency_type = 'blocks'
                        and docket_private.is_satisfied(
                                e.satisfied_by, 'completed', d.merged_at, 0)
                      order by e.task_id
                     offset 0
                 ) as e
           where not exists (
                     select
                       from done as o
                      where o.task_id = e.task_id)
           group by e.task_id, e.project_id
      )
    select t.task_id, t.task_key, t.title, t.priority, t.not_before
      from freed as f
     cross join lateral (
               select n.unmet
                 from docket_private.task_nodes as n
                where n.task_id = f.task_id
                  and n.project_id = f.project_id
                order by n.task_id
               offset 0
           ) as n
     cross join lateral (
               select t.task_id, t.task_key, t.title, t.priority, t.not_before
                 from docket.tasks as t
                where t.task_id = f.task_id
                  and t.project_id = f.project_id
                  and t.status = 'pending'
                  and t.archived_at is null
                order by t.task_id
               offset 0
           ) as t
     where n.unmet = f.met
     order by t.priority desc, t.task_id;
end;

comment on function docket.simulate_completion(uuid[]) is
'What would become ready if the tasks `task_ids` were completed now, the most urgent first: pending
tasks that wait for nothing else. What asks for them to be merged goes on waiting where they are
not. Nothing is changed.

Returns tasks; not_before may be null, and makes them wait still where it is not. Tasks that may not
be seen, and those that are completed already, free nothing. Raises nothing.';

-- Looks without a lock: what it answers can be out of date at once. What refuses a dependency for
-- good is the trigger.
create function docket.explain_cycle(
    task_id       uuid,
    depends_on_id uuid
) returns table (
    place         integer,
    cycle_task_id uuid,
    task_key      text,
    title         text,
    status        docket.task_status,
    next_by       text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project uuid;
    v_rank    bigint;
    v_members uuid[];
    v_path    uuid[];
    v_next_by text := 'dependency';
begin
    select t.project_id into v_project
      from docket.tasks as t
     where t.task_id = explain_cycle.task_id;

    if not found or not exists (
        select
          from docket.tasks as d
         where d.task_id = explain_cycle.depends_on_id
           and d.project_id = v_project
    ) then
        raise exception 'task % does not exist',
                        coalesce(case when v_project is null then explain_cycle.task_id
                                      else explain_cycle.depends_on_id
                                 end::text, 'null')
            using errcode = 'PD404',
                  hint    = 'Both tasks belong to one project.';
    end if;

    perform docket_private.require_project(v_project, false);

    select n.rank into v_rank
      from docket_private.task_nodes as n
     where n.project_id = v_project
       and n.task_id = explain_cycle.task_id;

    v_path := docket_private.ancestors_of(v_project, explain_cycle.task_id);
    v_members := docket_private.ancestors_of(v_project, explain_cycle.depends_on_id);

    if explain_cycle.task_id = explain_cycle.depends_on_id then
        v_path := array[explain_cycle.task_id];
    elsif explain_cycle.depends_on_id = any (v_path) then
        -- The ancestor is done when its subtasks are, down to the task.
        v_next_by := 'subtask';
        v_path := array(
            select p.ancestor_id
              from unnest(v_path) with ordinality as p (ancestor_id, ordinal)
             where p.ordinal <= array_position(v_path, explain_cycle.depends_on_id)
             order by p.ordinal desc);
        v_path := array_prepend(explain_cycle.task_id, v_path);
    elsif explain_cycle.task_id = any (v_members) then
        v_next_by := 'parent';
        v_path := v_members[: array_position(v_members, explain_cycle.task_id) - 1];
        v_path := array[explain_cycle.task_id, explain_cycle.depends_on_id] || v_path;
    elsif v_rank is not null then
        v_members := docket_private.prerequisites_above(
            v_project, explain_cycle.depends_on_id, v_rank, null);
        if not explain_cycle.task_id = any (v_members) then
            return;
        end if;
        v_path := docket_private.cycle_path(
            v_project, explain_cycle.depends_on_id, explain_cycle.task_id, v_members);
        v_path := array_prepend(explain_cycle.task_id, trim_array(v_path, 1));
    else
        return;
    end if;

    return query
    select p.ordinal::integer, t.task_id, t.task_key, t.title, t.status,
           case p.ordinal when 1 then 'new' else v_next_by end
      from unnest(v_path) with ordinality as p (task_id, ordinal)
     cross join lateral (
               select u.task_id, u.task_key, u.title, u.status
                 from docket.tasks as u
                where u.task_id = p.task_id
                  and u.project_id = v_project
               offset 0
           ) as t
     order by p.ordinal;
end;
$$;

comment on function docket.explain_cycle(uuid, uuid) is
'The cycle that would be closed if task `task_id` were to depend on task `depends_on_id`: a shortest
one, each task once, from `task_id` on. Nothing is changed.

next_by says what leads from a task to the next, and from the last back to the first: new (the
dependency that is asked about), dependency, subtask (a task is done when its subtasks are) or
parent. Returns no row when the dependency can be added. Raises PD404.';

revoke all on function docket.simulate_completion(uuid[]) from public;
revoke all on function docket.explain_cycle(uuid, uuid) from public;
grant execute on function docket.simulate_completion(uuid[]), docket.explain_cycle(uuid, uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
