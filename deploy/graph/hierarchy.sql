-- Deploy pgdocket:graph/hierarchy to pg
-- requires: graph/task_nodes

begin;
set local role docket_owner;

-- Parents make no loop, and no task waits for its own ancestor or descendant: the ancestor is done
-- when its subtasks are, so both would wait for ever without anybody being told.

create function docket_private.raise_kin(
    project_id    uuid,
    task_id       uuid,
    depends_on_id uuid,
    relation      text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task text := (
        select t.task_key
          from docket.tasks as t
         where t.task_id = raise_kin.task_id
           and t.project_id = raise_kin.project_id);
    v_depends_on text := (
        select t.task_key
          from docket.tasks as t
         where t.task_id = raise_kin.depends_on_id
           and t.project_id = raise_kin.project_id);
begin
    raise exception 'task % can not depend on its own % %', v_task, relation, v_depends_on
        using errcode    = 'PDCYC',
              schema     = 'docket',
              table      = 'task_dependencies',
              constraint = 'task_dependencies_not_on_kin',
              detail     = jsonb_build_object(
                               'path', array[raise_kin.task_id, raise_kin.depends_on_id],
                               'length', 2,
                               'edge', jsonb_build_object(
                                           'task', raise_kin.task_id,
                                           'depends_on', raise_kin.depends_on_id))::text,
              hint       = 'A task is done when its subtasks are: both would wait for ever. Remove the '
                           'dependency, or use the type related or suggests.';
end;
$$;

comment on function docket_private.raise_kin(uuid, uuid, uuid, text) is
    'Raises PDCYC for a dependency between a task and its ancestor or descendant.';

create function docket_private.ancestors_of(
    project_id uuid,
    task_id    uuid
) returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = on
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    return array(
          with recursive up (task_id) as (
              select t.parent_task_id
                from docket.tasks as t
               where t.task_id = ancestors_of.task_id
                 and t.project_id = ancestors_of.project_id
                 and t.parent_task_id is not null
               union
              select t.parent_task_id
                from up as u
                join docket.tasks as t
                  on t.task_id = u.task_id
                 and t.project_id = ancestors_of.project_id
                 and t.parent_task_id is not null
          )
        select u.task_id
          from up as u);
end;
$$;

comment on function docket_private.ancestors_of(uuid, uuid) is
    'The parent of a task, its parent and so on, the nearest first.';

-- The caller holds lock_graph(), so no parent changes meanwhile.
create function docket_private.refuse_kin(
    project_id     uuid,
    task_ids       uuid[],
    depends_on_ids uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pair record;
begin
    select p.task_id, p.depends_on_id, kin.relation into v_pair
      from unnest(refuse_kin.task_ids, refuse_kin.depends_on_ids) as p (task_id, depends_on_id)
     cross join lateral (
               select 'ancestor' as relation
                where p.depends_on_id = any (
                          docket_private.ancestors_of(refuse_kin.project_id, p.task_id))
                union all
               select 'descendant'
                where p.task_id = any (
                          docket_private.ancestors_of(refuse_kin.project_id, p.depends_on_id))
           ) as kin
     limit 1;

    if found then
        perform docket_private.raise_kin(
            refuse_kin.project_id, v_pair.task_id, v_pair.depends_on_id, v_pair.relation);
    end if;
end;
$$;

comment on function docket_private.refuse_kin(uuid, uuid[], uuid[]) is
    'Raises PDCYC when one of some dependencies is between a task and its own ancestor, either way.';

create function docket_private.refuse_looped_parent(
    project_id uuid,
    task_id    uuid,
    ancestors  uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_loop uuid[];
    v_keys text[];
begin
    if not task_id = any (ancestors) then
        return;
    end if;

    v_loop := task_id || ancestors[:array_position(ancestors, task_id)];
    v_keys := array(
        select t.task_key
          from unnest(v_loop) with ordinality as l (task_id, place)
          join docket.tasks as t
            on t.task_id = l.task_id
           and t.project_id = refuse_looped_parent.project_id
         order by l.place);

    raise exception 'hierarchy cycle: %', array_to_string(v_keys, ' -> ')
        using errcode    = 'PDCYC',
              schema     = 'docket',
              table      = 'tasks',
              constraint = 'tasks_hierarchy_acyclic',
              detail     = jsonb_build_object(
                               'path', trim_array(v_loop, 1),
                               'length', cardinality(v_loop) - 1,
                               'edge', jsonb_build_object(
                                           'task', task_id, 'parent', v_loop[2]))::text,
              hint       = '"a -> b" reads "a is a subtask of b". Choose a parent that is no subtask of the task.';
end;
$$;

comment on function docket_private.refuse_looped_parent(uuid, uuid, uuid[]) is
    'Raises PDCYC when a task is among its own ancestors.';

create function docket_private.check_parent() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_ancestors uuid[];
    v_moved     uuid[];
    v_edge      record;
begin
    perform docket_private.lock_graph(new.project_id);

    v_ancestors := docket_private.ancestors_of(new.project_id, new.task_id);
    perform docket_private.refuse_looped_parent(new.project_id, new.task_id, v_ancestors);

    if v_ancestors = '{}' then
        return null;
    end if;

    -- The task came along with all its subtasks.
    v_moved := array(
          with recursive down (task_id) as (
              select new.task_id
               union
              select t.task_id
                from down as d
                join docket.tasks as t
                  on t.parent_task_id = d.task_id
                 and t.project_id = new.project_id
          )
        select d.task_id
          from down as d);

    select e.task_id, e.depends_on_id, e.relation into v_edge
      from unnest(v_moved) as m (task_id)
     cross join lateral (
               select e.task_id, e.depends_on_id, 'ancestor' as relation
                 from docket.task_dependencies as e
                where e.task_id = m.task_id
                  and e.project_id = new.project_id
                  and e.dependency_type = 'blocks'
                  and e.depends_on_id = any (v_ancestors)
                union all
               select e.task_id, e.depends_on_id, 'descendant'
                 from docket.task_dependencies as e
                where e.depends_on_id = m.task_id
                  and e.project_id = new.project_id
                  and e.dependency_type = 'blocks'
                  and e.task_id = any (v_ancestors)
           ) as e
     limit 1;

    if found then
        perform docket_private.raise_kin(
            new.project_id, v_edge.task_id, v_edge.depends_on_id, v_edge.relation);
    end if;

    return null;
end;
$$;

comment on function docket_private.check_parent() is
    'Judges a task''s new parent: PDCYC for a loop, and for a dependency between the task (or a subtask) and its new ancestors.';

create trigger tasks_check_parent after update of parent_task_id on docket.tasks
    for each row when (new.parent_task_id is distinct from old.parent_task_id)
    execute function docket_private.check_parent();

-- New tasks have neither subtasks nor dependencies yet, so only tasks of the same statement can
-- make a loop, and each loop has a parent whose id is higher than its subtask's: rare, since
-- ids go by time.
create function docket_private.check_new_parents() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.refuse_looped_parent(
                i.project_id, i.task_id, docket_private.ancestors_of(i.project_id, i.task_id))
       from inserted as i
      where i.parent_task_id > i.task_id;

    return null;
end;
$$;

comment on function docket_private.check_new_parents() is
    'Raises PDCYC when tasks that are inserted together are each other''s ancestors.';

create trigger tasks_check_new_parents after insert on docket.tasks
    referencing new table as inserted
    for each statement execute function docket_private.check_new_parents();

revoke all on function docket_private.raise_kin(uuid, uuid, uuid, text) from public;
revoke all on function docket_private.ancestors_of(uuid, uuid) from public;
revoke all on function docket_private.refuse_kin(uuid, uuid[], uuid[]) from public;
revoke all on function docket_private.refuse_looped_parent(uuid, uuid, uuid[]) from public;
revoke all on function docket_private.check_parent() from public;
revoke all on function docket_private.check_new_parents() from public;

commit;
