-- Deploy pgdocket:graph/create_tasks to pg
-- requires: graph/readiness
-- requires: platform/check_batch
-- requires: projects/update_project
-- requires: tasks/task_search

begin;
set local role docket_owner;

-- What callers call tasks, as one object {name: id}: keys of the batch that is being made, keys
-- of the project, or ids. Lateral joins, because what row-level security adds makes the planner
-- take a project's tasks for a few rows, and read the whole table for a single name.
create function docket_private.resolve_tasks(
    project_id uuid,
    task_names text[],
    batch_keys text[],
    batch_ids  uuid[]
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_found   jsonb;
    v_unknown text;
begin
    select jsonb_object_agg(n.task_name, coalesce(b.task_id, k.task_id, i.task_id)),
           min(n.task_name) filter (where coalesce(b.task_id, k.task_id, i.task_id) is null)
      into v_found, v_unknown
      from (
          -- The id is read here, because under a policy no index would be entered by what is not
          -- leakproof.
          select d.task_name,
                 case
                     when d.task_name ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                         then d.task_name::uuid
                 end as task_id
            from (select distinct u.task_name
                    from unnest(resolve_tasks.task_names) as u (task_name)
                   where u.task_name is not null) as d
          offset 0
      ) as n
      left join unnest(resolve_tasks.batch_keys, resolve_tasks.batch_ids) as b (task_key, task_id)
        on b.task_key = n.task_name
      left join lateral (
          select t.task_id
            from docket.tasks as t
           where t.project_id = resolve_tasks.project_id
             and t.task_key = n.task_name
             and b.task_id is null
          offset 0
      ) as k
        on true
      left join lateral (
          select t.task_id
            from docket.tasks as t
           where t.project_id = resolve_tasks.project_id
             and t.task_id = n.task_id
             and b.task_id is null
          offset 0
      ) as i
        on true;

    if v_unknown is not null then
        raise exception 'task "%" does not exist', left(v_unknown, 100)
            using errcode = 'PD404',
                  hint    = 'Name tasks by a key of this call, by a key of the project, or by id.';
    end if;

    return coalesce(v_found, '{}');
end;
$$;

comment on function docket_private.resolve_tasks(uuid, text[], text[], uuid[]) is
    'The ids of tasks that a call names, as {name: id}. Raises PD404.';

-- Refuses what create_tasks() can't mean, before anything is written, and says which task it is.
create function docket_private.check_new_tasks(tasks jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_known text[] := array[
        'task_key', 'legacy_id', 'workflow_id', 'parent_task_id', 'parent', 'title', 'description',
        'details', 'test_strategy', 'requirements', 'acceptance_criteria', 'affected_files', 'tags',
        'needed_capabilities', 'complexity_score', 'actual_complexity', 'estimated_effort',
        'actual_effort', 'status', 'priority', 'assigned_to', 'not_before', 'due_at', 'results',
        'metadata', 'depends_on'];
    v_row   record;
begin
    perform docket_private.check_batch(
        check_new_tasks.tasks, 'tasks', 'task',
        'Give an array of objects, each with at least a title; what no field is for goes into metadata.',
        v_known, may_be_empty => true);

    select e.ordinal, coalesce(e.task ->> 'title', '') as title into v_row
      from jsonb_array_elements(check_new_tasks.tasks) with ordinality as e (task, ordinal)
     where coalesce(length(e.task ->> 'title'), 0) not between 1 and 255
     order by e.ordinal
     limit 1;

    if found then
        raise exception 'task number % has a title of % characters',
                        v_row.ordinal, length(v_row.title)
            using errcode = 'PD422',
                  hint    = 'A title has 1 to 255 characters.';
    end if;

    select e.ordinal into v_row
      from jsonb_array_elements(check_new_tasks.tasks) with ordinality as e (task, ordinal)
     where jsonb_typeof(e.task -> 'depends_on') not in ('array', 'null')
     order by e.ordinal
     limit 1;

    if found then
        raise exception 'task number % has a depends_on that is not an array', v_row.ordinal
            using errcode = 'PD422',
                  hint    = 'Give the keys or ids of the tasks that it waits for.';
    end if;

    -- A dependency is named, or an object that names it.
    select e.ordinal, d.named into v_row
      from jsonb_array_elements(check_new_tasks.tasks) with ordinality as e (task, ordinal)
     cross join lateral jsonb_array_elements(
               nullif(e.task -> 'depends_on', 'null')) as d (named)
     where jsonb_typeof(d.named) = 'array'
        or jsonb_typeof(d.named) = 'object'
           and (d.named ->> 'task' is null or d.named - '{task,satisfied_by}'::text[] <> '{}')
     limit 1;

    if found then
        raise exception 'task number % depends on %, which names no task', v_row.ordinal,
                        left(v_row.named::text, 200)
            using errcode = 'PD422',
                  hint    = 'Give its key or id, or an object {"task": key or id, "satisfied_by": completed, merged or validated}.';
    end if;
end;
$$;

comment on function docket_private.check_new_tasks(jsonb) is
    'Raises PD422 or PD413 for what can not be a batch of new tasks.';

create function docket.create_tasks(
    project_id uuid,
    tasks      jsonb,
    request_id uuid default null
) returns setof docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'create_tasks');
    v_slug       text;
    v_ids        uuid[];
    v_keys       text[];
    v_names      jsonb;
    v_first      bigint;
    v_constraint text;
    v_table      text;
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.tasks, v_answer);
        return;
    end if;

    perform docket_private.require_project(create_tasks.project_id);
    perform docket_private.check_new_tasks(create_tasks.tasks);

    -- Before any task, as everywhere, where edges or parents are going to be made.
    if exists (
        select
          from jsonb_array_elements(create_tasks.tasks) as e (task)
         where e.task ?| array['depends_on', 'parent', 'parent_task_id']
    ) then
        perform docket_private.lock_graph(create_tasks.project_id);
    end if;

    v_slug  := (
        select p.slug from docket.projects as p where p.project_id = create_tasks.project_id);
    v_first := docket_private.take_task_numbers(create_tasks.project_id, (
        select count(*) filter (where e.task ->> 'task_key' is null)
          from jsonb_array_elements(create_tasks.tasks) as e (task)));

    select array_agg(docket_private.new_id(create_tasks.project_id, k.ordinal) order by k.ordinal),
           array_agg(k.task_key order by k.ordinal)
      into v_ids, v_keys
      from (
          select e.ordinal,
                 coalesce(
                     e.task ->> 'task_key',
                     v_slug || '-' || (
                         v_first - 1
                         + count(*) filter (where e.task ->> 'task_key' is null)
                               over (order by e.ordinal))) as task_key
            from jsonb_array_elements(create_tasks.tasks) with ordinality as e (task, ordinal)
      ) as k;

    v_names := docket_private.resolve_tasks(
        create_tasks.project_id,
        array(select coalesce(e.task ->> 'parent_task_id', e.task ->> 'parent')
                from jsonb_array_elements(create_tasks.tasks) as e (task)
               union all
              select coalesce(d.named ->> 'task', d.named #>> '{}')
                from jsonb_array_elements(create_tasks.tasks) as e (task)
               cross join lateral jsonb_array_elements(
                         nullif(e.task -> 'depends_on', 'null')) as d (named)),
        v_keys, v_ids);

    begin
        insert into docket.tasks (
            task_id, project_id, task_key, legacy_id, workflow_id, parent_task_id, title,
            description, details, test_strategy, requirements, acceptance_criteria,
            affected_files, tags, needed_capabilities, complexity_score, actual_complexity,
            estimated_effort, actual_effort, status, priority, assigned_to, not_before, due_at,
            results, metadata, completed_at)
        select i.task_id, create_tasks.project_id, i.task_key, g.legacy_id, g.workflow_id,
               (v_names ->> coalesce(g.parent_task_id, g.parent))::uuid, g.title,
               g.description, g.details, g.test_strategy,
               coalesce(g.requirements, '{}'), coalesce(g.acceptance_criteria, '[]'),
               coalesce(g.affected_files, '{}'), coalesce(g.tags, '{}'),
               coalesce(g.needed_capabilities, '{}'),
               g.complexity_score, g.actual_complexity, g.estimated_effort, g.actual_effort,
               s.status,
               coalesce(docket_private.read_priority(nullif(g.priority, 'null')), 5::smallint),
               g.assigned_to, g.not_before, g.due_at, g.results, coalesce(g.metadata, '{}'),
               case when s.status = 'completed' then docket.clock() end
          from rows from (
                   jsonb_to_recordset(create_tasks.tasks) as (
                       legacy_id bigint, workflow_id uuid, parent_task_id text, parent text,
                       title text, description text, details text, test_strategy text,
                       requirements jsonb, acceptance_criteria jsonb, affected_files text[],
                       tags text[], needed_capabilities text[], complexity_score smallint,
                       actual_complexity smallint, estimated_effort numeric, actual_effort numeric,
                       status text, priority jsonb, assigned_to text, not_before timestamptz,
                       due_at timestamptz, results jsonb, metadata jsonb)
               ) with ordinality as g (
                   legacy_id, workflow_id, parent_task_id, parent, title, description, details,
                   test_strategy, requirements, acceptance_criteria, affected_files, tags,
                   needed_capabilities, complexity_score, actual_complexity, estimated_effort,
                   actual_effort, status, priority, assigned_to, not_before, due_at, results, metadata, ordinal)
          join unnest(v_ids, v_keys) with ordinality as i (task_id, task_key, ordinal)
            on i.ordinal = g.ordinal
         cross join lateral (
             select coalesce(docket_private.read_status(g.status), 'pending') as status
             offset 0
         ) as s
         order by g.ordinal;

        -- One statement, so that the graph is ordered once. The first mention of a pair counts.
        insert into docket.task_dependencies (task_id, project_id, depends_on_id, satisfied_by)
        select distinct on (n.task_id, n.depends_on_id)
               n.task_id, create_tasks.project_id, n.depends_on_id,
               case
                   when n.satisfied_by is null then 'completed'
                   else docket_private.read_satisfaction(n.satisfied_by)
               end
          from (
              select i.task_id, d.ordinal, d.named ->> 'satisfied_by' as satisfied_by,
                     (v_names ->> coalesce(d.named ->> 'task', d.named #>> '{}'))::uuid
                         as depends_on_id
                from jsonb_array_elements(create_tasks.tasks) with ordinality as e (task, ordinal)
                join unnest(v_ids) with ordinality as i (task_id, ordinal)
                  on i.ordinal = e.ordinal
               cross join lateral jsonb_array_elements(nullif(e.task -> 'depends_on', 'null'))
                          with ordinality as d (named, ordinal)
          ) as n
         order by n.task_id, n.depends_on_id, n.ordinal;
    exception
        when unique_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'a task with this % exists already: %',
                            case v_constraint
                                when 'tasks_legacy_key' then 'legacy_id'
                                else 'key'
                            end,
                            coalesce((
                                select string_agg(
                                           case v_constraint
                                               when 'tasks_legacy_key' then t.legacy_id::text
                                               else quote_literal(t.task_key)
                                           end, ', ')
                                  from docket.tasks as t
                                 where t.project_id = create_tasks.project_id
                                   and case v_constraint
                                           when 'tasks_legacy_key' then t.legacy_id in (
                                               select (e.task ->> 'legacy_id')::bigint
                                                 from jsonb_array_elements(create_tasks.tasks)
                                                      as e (task))
                                           else t.task_key = any (v_keys)
                                       end), 'twice in one call')
                using errcode = 'PD409',
                      hint    = 'Keys and legacy numbers are unique in a project.';
        when foreign_key_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the workflow of a task does not exist in this project'
                using errcode = 'PD404';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name, v_table = table_name;
            raise exception 'tasks are refused: %',
                            coalesce(docket_private.constraint_text(v_table, v_constraint),
                                     left(sqlerrm, 300))
                using errcode = 'PD422';
        when program_limit_exceeded then
            raise exception 'tasks are refused: a tag or the path of a file is too long to be found by'
                using errcode = 'PD413',
                      hint    = 'Up to 600 characters of any kind are well.';
    end;

    if create_tasks.request_id is not null then
        perform docket_private.remember(create_tasks.request_id, (
            select jsonb_agg(to_jsonb(t) order by t.task_id)
              from docket.tasks as t
             where t.task_id = any (v_ids)
               and t.project_id = create_tasks.project_id));
    end if;

    return query
    select t.*
      from docket.tasks as t
     where t.task_id = any (v_ids)
       and t.project_id = create_tasks.project_id
     order by t.task_id;
end;
$$;

comment on function docket.create_tasks(uuid, jsonb, uuid) is
'Makes many tasks at once, with their hierarchy and dependencies: all or none.

`tasks` is an array of objects (up to the setting max_batch_size). Each has a title (1 to 255
characters) and may have task_key, legacy_id, workflow_id, parent or parent_task_id, description,
details, test_strategy, requirements (object), acceptance_criteria, affected_files, tags and
needed_capabilities (arrays of text), complexity_score and actual_complexity (1 to 10),
estimated_effort and actual_effort (hours), status, priority (1 to 10, or low, medium, high,
critical), assigned_to, not_before, due_at, results, metadata (object), depends_on (array). parent
and depends_on name tasks by key, of this call or of the project, or by id; a dependency may also
be an object with task (the name) and satisfied_by (completed, merged or validated). Keys are
generated where none is given. The same `request_id` again returns the first answer. Returns the
tasks in the order given. Raises PD404, PD403, PD409 (key taken), PD413, PD422, PDCYC.';

create function docket.create_task(
    project_id          uuid,
    title               text,
    description         text        default null,
    details             text        default null,
    test_strategy       text        default null,
    requirements        jsonb       default null,
    acceptance_criteria jsonb       default null,
    affected_files      text[]      default null,
    tags                text[]      default null,
    complexity_score    integer     default null,
    estimated_effort    numeric     default null,
    status              text        default null,
    priority            text        default null,
    assigned_to         text        default null,
    task_key            text        default null,
    legacy_id           bigint      default null,
    workflow_id         uuid        default null,
    parent_task_id      uuid        default null,
    not_before          timestamptz default null,
    due_at              timestamptz default null,
    depends_on          uuid[]      default null,
    metadata            jsonb       default null,
    needed_capabilities text[]      default null,
    request_id          uuid        default null
) returns docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_given jsonb := jsonb_build_object(
        'title', create_task.title, 'description', create_task.description,
        'details', create_task.details, 'test_strategy', create_task.test_strategy,
        'requirements', create_task.requirements,
        'acceptance_criteria', create_task.acceptance_criteria,
        'affected_files', create_task.affected_files, 'tags', create_task.tags,
        'complexity_score', create_task.complexity_score,
        'estimated_effort', create_task.estimated_effort, 'status', create_task.status,
        'priority', create_task.priority, 'assigned_to', create_task.assigned_to,
        'task_key', create_task.task_key, 'legacy_id', create_task.legacy_id,
        'workflow_id', create_task.workflow_id, 'parent_task_id', create_task.parent_task_id,
        'not_before', create_task.not_before, 'due_at', create_task.due_at,
        'depends_on', create_task.depends_on, 'metadata', create_task.metadata,
        'needed_capabilities', create_task.needed_capabilities);
    v_task  docket.tasks;
begin
    select t.* into v_task
      from docket.create_tasks(
               create_task.project_id,
               jsonb_build_array((
                   select jsonb_object_agg(f.field, f.value)
                     from jsonb_each(v_given) as f (field, value)
                    where f.value <> 'null')),
               create_task.request_id) as t;

    return v_task;
end;
$$;

comment on function docket.create_task(
    uuid, text, text, text, text, jsonb, jsonb, text[], text[], integer, numeric, text, text, text,
    text, bigint, uuid, uuid, timestamptz, timestamptz, uuid[], jsonb, text[], uuid) is
'Makes a task, with everything that is known of it, in one step.

Parameters as the fields of create_tasks(); `priority` is a number 1 to 10 or a label, `status`
pending unless given, `estimated_effort` in hours, `depends_on` the ids of tasks that have to be
completed first. The same `request_id` again returns the first answer. Returns the task. Raises
PD404, PD403, PD409 (key taken), PD422.';

revoke all on function docket_private.resolve_tasks(uuid, text[], text[], uuid[]) from public;
revoke all on function docket_private.check_new_tasks(jsonb) from public;
revoke all on function docket.create_tasks(uuid, jsonb, uuid) from public;
revoke all on function docket.create_task(
    uuid, text, text, text, text, jsonb, jsonb, text[], text[], integer, numeric, text, text, text,
    text, bigint, uuid, uuid, timestamptz, timestamptz, uuid[], jsonb, text[], uuid) from public;
grant execute on function docket.create_tasks(uuid, jsonb, uuid), docket.create_task(
    uuid, text, text, text, text, jsonb, jsonb, text[], text[], integer, numeric, text, text, text,
    text, bigint, uuid, uuid, timestamptz, timestamptz, uuid[], jsonb, text[], uuid)
   to docket_admin, docket_app, docket_agent;

commit;
