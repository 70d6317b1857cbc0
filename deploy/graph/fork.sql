-- Deploy pgdocket:graph/fork to pg
-- requires: graph/create_tasks

begin;
set local role docket_owner;

create function docket.fork(
    task_ids    uuid[],
    workflow_id uuid default null,
    request_id  uuid default null
) returns setof docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb   := docket_private.replay(request_id, 'fork');
    v_most    integer := (docket_private.setting('max_batch_size') #>> '{}')::integer;
    v_from    uuid[];
    v_to      uuid[];
    v_project uuid;
    v_unknown uuid;
    v_slug    text;
    v_first   bigint;
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.tasks, v_answer);
        return;
    end if;

    if coalesce(cardinality(fork.task_ids), 0) = 0 then
        raise exception 'no task is given to fork'
            using errcode = 'PD422',
                  hint    = 'Give the ids of the tasks to copy.';
    end if;
    if cardinality(fork.task_ids) > v_most then
        raise exception '% tasks in one call', cardinality(fork.task_ids)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_batch_size).', v_most);
    end if;

    v_project := docket_private.project_of_task(fork.task_ids[1]);
    perform docket_private.require_project(v_project);
    perform docket_private.lock_graph(v_project);

    -- Each once, in the order of the graph, so that what is copied first is done first.
    v_from := array(
        select t.task_id
          from docket.tasks as t
          left join docket_private.task_nodes as n
            on n.task_id = t.task_id
           and n.project_id = t.project_id
         where t.task_id = any (fork.task_ids)
           and t.project_id = v_project
           and t.archived_at is null
         order by n.rank nulls first, t.task_id);

    select i.task_id into v_unknown
      from unnest(fork.task_ids) as i (task_id)
     where i.task_id is null
        or not i.task_id = any (v_from)
     limit 1;

    if found then
        raise exception 'task % does not exist', coalesce(v_unknown::text, 'null')
            using errcode = 'PD404',
                  hint    = 'All tasks of one call belong to one project, and none is put away.';
    end if;

    v_to := array(
        select docket_private.new_id(v_project, f.ordinal)
          from unnest(v_from) with ordinality as f (task_id, ordinal)
         order by f.ordinal);
    v_slug  := (select p.slug from docket.projects as p where p.project_id = v_project);
    v_first := docket_private.take_task_numbers(v_project, cardinality(v_from));

    begin
        insert into docket.tasks (
            task_id, project_id, task_key, workflow_id, parent_task_id, title, description,
            details, test_strategy, requirements, acceptance_criteria, affected_files, tags,
            needed_capabilities, complexity_score, estimated_effort, priority, not_before, due_at,
            metadata)
        select f.to_id, t.project_id, v_slug || '-' || (v_first - 1 + f.ordinal),
               coalesce(fork.workflow_id, t.workflow_id),
               coalesce(v_to[array_position(v_from, t.parent_task_id)], t.parent_task_id),
               t.title, t.description, t.details, t.test_strategy, t.requirements,
               t.acceptance_criteria, t.affected_files, t.tags, t.needed_capabilities,
               t.complexity_score, t.estimated_effort, t.priority, t.not_before, t.due_at,
               t.metadata || jsonb_build_object('forked_from', t.task_key)
          from unnest(v_from, v_to) with ordinality as f (from_id, to_id, ordinal)
         cross join lateral (
                   select u.*
                     from docket.tasks as u
                    where u.task_id    = f.from_id
                      and u.project_id = v_project
                   offset 0
               ) as t
         order by f.ordinal;
    exception
        when foreign_key_violation then
            raise exception 'workflow % does not exist in this project', fork.workflow_id
                using errcode = 'PD404';
    end;

    -- Within the copy as within the original; what the original waits for outside, the copy waits
    -- for as well; nothing outside waits for the copy.
    insert into docket.task_dependencies (
        task_id, project_id, depends_on_id, dependency_type, satisfied_by, strength, metadata)
    select f.to_id, v_project,
           coalesce(v_to[array_position(v_from, e.depends_on_id)], e.depends_on_id),
           e.dependency_type, e.satisfied_by, e.strength, e.metadata
      from unnest(v_from, v_to) as f (from_id, to_id)
     cross join lateral (
               select d.*
                 from docket.task_dependencies as d
                where d.task_id    = f.from_id
                  and d.project_id = v_project
                  and d.dependency_type <> 'supersedes'
               offset 0
           ) as e
     union all
    select f.to_id, v_project, f.from_id, 'discovered_from', 'completed', null,
           '{"reason": "fork"}'
      from unnest(v_from, v_to) as f (from_id, to_id)
        on conflict on constraint task_dependencies_pkey do nothing;

    if fork.request_id is not null then
        perform docket_private.remember(fork.request_id, (
            select jsonb_agg(to_jsonb(t) order by t.task_id)
              from docket.tasks as t
             where t.task_id = any (v_to)
               and t.project_id = v_project));
    end if;

    return query
    select t.*
      from docket.tasks as t
     where t.task_id = any (v_to)
       and t.project_id = v_project
     order by t.task_id;
end;
$$;

comment on function docket.fork(uuid[], uuid, uuid) is
'Copies tasks with the dependencies among them, to try the same work in another way.

`task_ids` are tasks of one project (up to the setting max_batch_size), `workflow_id` puts the
copies into a workflow (default: that of the original). A copy is pending, whatever became of its
original, has a key of its own, waits for the copies of what its original waits for and, outside of
what is copied, for the same tasks; a dependency of type discovered_from and metadata.forked_from
name the original. What belongs to an attempt (results, who had it, actual effort) is not copied.
The same `request_id` again returns the first answer. Returns the copies, in an order in which they
can be done. Raises PD404, PD403, PD413, PD422.';

revoke all on function docket.fork(uuid[], uuid, uuid) from public;
grant execute on function docket.fork(uuid[], uuid, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
