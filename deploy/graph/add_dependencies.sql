-- Deploy pgdocket:graph/add_dependencies to pg
-- requires: graph/add_dependency
-- requires: platform/check_batch

begin;
set local role docket_owner;

-- Refuses what can't be meant before anything is written, and says which element it is.
create function docket_private.check_new_dependencies(dependencies jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_known constant text[] := array[
        'task_id', 'depends_on_id', 'dependency_type', 'satisfied_by', 'strength', 'metadata'];
    v_wrong record;
begin
    perform docket_private.check_batch(
        dependencies, 'dependencies', 'dependency',
        'Give an array of objects with task_id and depends_on_id.', v_known, may_be_empty => true);

    select e.place, w.reason into v_wrong
      from jsonb_array_elements(dependencies) with ordinality as e (element, place)
     cross join lateral (
               select case
                          when coalesce(e.element ->> 'task_id', '')
                               !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                              then 'has no task_id'
                          when coalesce(e.element ->> 'depends_on_id', '')
                               !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                              then 'has no depends_on_id'
                          when jsonb_typeof(e.element -> 'strength') not in ('number', 'null')
                              then 'has a strength that is no number'
                          when jsonb_typeof(e.element -> 'strength') = 'number'
                               and not (e.element ->> 'strength')::numeric between 0 and 1
                              then 'has a strength that is not between 0 and 1'
                          when jsonb_typeof(e.element -> 'metadata') not in ('object', 'null')
                              then 'has metadata that are no object'
                      end as reason
           ) as w
     where w.reason is not null
     order by e.place
     limit 1;

    if found then
        raise exception 'dependency number % %', v_wrong.place, v_wrong.reason
            using errcode = 'PD422',
                  hint    = format('Known are %s.', array_to_string(v_known, ', '));
    end if;
end;
$$;

comment on function docket_private.check_new_dependencies(jsonb) is
    'Raises PD422 or PD413 for what can not be a batch of new dependencies.';

create function docket.add_dependencies(
    project_id   uuid,
    dependencies jsonb,
    request_id   uuid default null
) returns setof docket.task_dependencies
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'add_dependencies');
    v_added      docket.task_dependencies[];
    v_unknown_id uuid;
    v_itself     record;
    v_other      text;
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.task_dependencies, v_answer);
        return;
    end if;

    perform docket_private.require_project(add_dependencies.project_id);
    perform docket_private.check_new_dependencies(add_dependencies.dependencies);

    -- The first mention of a pair counts.
    select array_agg(n.dependency order by n.place) into v_added
      from (
          select distinct on (r.task_id, r.depends_on_id, a.dependency_type)
                 row(r.task_id, add_dependencies.project_id, r.depends_on_id, a.dependency_type,
                     case
                         when r.satisfied_by is not null
                             then docket_private.read_satisfaction(r.satisfied_by)
                     end,
                     r.strength, coalesce(r.metadata, '{}'), docket.clock(),
                     docket.principal())::docket.task_dependencies as dependency,
                 e.place
            from jsonb_array_elements(add_dependencies.dependencies)
                 with ordinality as e (element, place)
           cross join lateral jsonb_to_record(e.element) as r (
                     task_id uuid, depends_on_id uuid, dependency_type text, satisfied_by text,
                     strength numeric, metadata jsonb)
           cross join lateral (
                     select docket_private.read_dependency_type(
                                coalesce(r.dependency_type, 'blocks')) as dependency_type
                 ) as a
           order by r.task_id, r.depends_on_id, a.dependency_type, e.place
      ) as n;

    v_added := coalesce(v_added, '{}');

    v_unknown_id := (
        select x.task_id
          from (select a.task_id from unnest(v_added) as a
                 union
                select a.depends_on_id from unnest(v_added) as a) as x
         where not exists (
                   select
                     from docket.tasks as t
                    where t.task_id = x.task_id
                      and t.project_id = add_dependencies.project_id)
         order by x.task_id
         limit 1);

    if v_unknown_id is not null then
        raise exception 'task % does not exist', v_unknown_id
            using errcode = 'PD404',
                  hint    = 'All tasks of one call belong to its project.';
    end if;

    select a.task_id, a.dependency_type into v_itself
      from unnest(v_added) as a
     where a.task_id = a.depends_on_id
     limit 1;

    if found then
        perform docket_private.refuse_dependency_on_itself(
            add_dependencies.project_id, v_itself.task_id, v_itself.dependency_type);
    end if;

    select a.dependency_type into v_other
      from unnest(v_added) as a
     where a.dependency_type <> 'blocks'
       and a.satisfied_by <> 'completed'
     limit 1;

    if found then
        perform docket_private.refuse_satisfaction(v_other);
    end if;

    -- The key first, as in add_dependency().
    if exists (select from unnest(v_added) as a where a.dependency_type = 'blocks') then
        perform docket_private.lock_graph(add_dependencies.project_id);
    end if;

    -- Those that are there already, and are now to ask for something else.
    if exists (select from unnest(v_added) as a where a.satisfied_by is not null) then
        update docket.task_dependencies as d
           set satisfied_by = a.satisfied_by
          from unnest(v_added) as a
         where d.task_id = a.task_id
           and d.project_id = a.project_id
           and d.dependency_type = a.dependency_type
           and d.depends_on_id = a.depends_on_id
           and d.satisfied_by <> a.satisfied_by;
    end if;

    insert into docket.task_dependencies as d (
        task_id, project_id, depends_on_id, dependency_type, satisfied_by, strength, metadata,
        created_at, created_by)
    select a.task_id, a.project_id, a.depends_on_id, a.dependency_type,
           coalesce(a.satisfied_by, 'completed'), a.strength, a.metadata, a.created_at,
           a.created_by
      from unnest(v_added) as a
        on conflict on constraint task_dependencies_pkey
        do update set strength = excluded.strength
            where excluded.strength is distinct from coalesce(d.strength, -1)
              and excluded.strength is not null;

    v_added := array(
        select d
          from unnest(v_added) with ordinality as a (
                   task_id, project_id, depends_on_id, dependency_type, satisfied_by, strength,
                   metadata, created_at, created_by, place)
         cross join lateral (
                   select d.*
                     from docket.task_dependencies as d
                    where d.task_id = a.task_id
                      and d.project_id = a.project_id
                      and d.dependency_type = a.dependency_type
                      and d.depends_on_id = a.depends_on_id
                   offset 0
               ) as d
         order by a.place);

    perform docket_private.remember(add_dependencies.request_id, to_jsonb(v_added));

    return query
    select u.* from unnest(v_added) as u;
end;
$$;

comment on function docket.add_dependencies(uuid, jsonb, uuid) is
'Adds many dependencies between tasks of one project, all or none; much faster than one by one.

`project_id` is the project, `dependencies` an array of objects with task_id, depends_on_id and,
where wanted, dependency_type (default blocks), satisfied_by (default completed), strength and
metadata, at most the setting max_batch_size. What is there already stays, with the new strength and
satisfied_by where they are given. The same
`request_id` again returns the first answer. Returns the dependencies, each once, in the order of
their first mention. Raises PD404, PD403, PD422, PD413, and PDCYC as add_dependency() does.';

revoke all on function docket_private.check_new_dependencies(jsonb) from public;
revoke all on function docket.add_dependencies(uuid, jsonb, uuid) from public;
grant execute on function docket.add_dependencies(uuid, jsonb, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
