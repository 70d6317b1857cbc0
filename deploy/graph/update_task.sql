-- Deploy pgdocket:graph/update_task to pg
-- requires: graph/create_tasks

begin;
set local role docket_owner;

create function docket.update_task(
    task_id          uuid,
    changes          jsonb,
    expected_version bigint default null,
    request_id       uuid   default null
) returns docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'update_task');
    v_task       docket.tasks;
    v_changes    jsonb := update_task.changes;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.tasks, v_answer);
    end if;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id = update_task.task_id;

    if not found then
        raise exception 'task % does not exist', coalesce(update_task.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    perform docket_private.require_project(v_task.project_id);
    perform docket_private.require_keys(
        v_changes,
        array['title', 'description', 'details', 'test_strategy', 'requirements',
              'acceptance_criteria', 'affected_files', 'tags', 'needed_capabilities',
              'complexity_score', 'actual_complexity', 'estimated_effort', 'actual_effort',
              'priority', 'assigned_to', 'workflow_id', 'parent_task_id', 'not_before', 'due_at',
              'results', 'metadata'],
        'the change of a task');

    -- The graph's key before the task: a parent changes the shape, a priority or a date what is
    -- ready.
    if v_changes ? 'parent_task_id' then
        perform docket_private.lock_graph(v_task.project_id);
    elsif v_changes ?| array['priority', 'workflow_id', 'not_before'] then
        perform docket_private.share_graph(v_task.project_id);
    end if;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id    = v_task.task_id
       and t.project_id = v_task.project_id
       for no key update;

    perform docket_private.require_version(
        'task ' || v_task.task_key, v_task.version, update_task.expected_version);

    if v_changes ? 'priority' then
        v_changes := v_changes || jsonb_build_object(
            'priority', docket_private.read_priority(nullif(v_changes -> 'priority', 'null')));
    end if;

    begin
        v_task := jsonb_populate_record(v_task, v_changes);

        update docket.tasks as t
           set title               = v_task.title,
               description         = v_task.description,
               details             = v_task.details,
               test_strategy       = v_task.test_strategy,
               requirements        = v_task.requirements,
               acceptance_criteria = v_task.acceptance_criteria,
               affected_files      = v_task.affected_files,
               tags                = v_task.tags,
               needed_capabilities = v_task.needed_capabilities,
               complexity_score    = v_task.complexity_score,
               actual_complexity   = v_task.actual_complexity,
               estimated_effort    = v_task.estimated_effort,
               actual_effort       = v_task.actual_effort,
               priority            = v_task.priority,
               assigned_to         = v_task.assigned_to,
               workflow_id         = v_task.workflow_id,
               parent_task_id      = v_task.parent_task_id,
               not_before          = v_task.not_before,
               due_at              = v_task.due_at,
               results             = v_task.results,
               metadata            = v_task.metadata
         where t.task_id    = v_task.task_id
           and t.project_id = v_task.project_id
        returning t.* into v_task;
    exception
        when foreign_key_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the % of task % does not exist in this project',
                            case v_constraint
                                when 'tasks_parent_fkey' then 'parent'
                                else 'workflow'
                            end,
                            v_task.task_key
                using errcode = 'PD404';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the change of task % is refused: %', v_task.task_key,
                            coalesce(docket_private.constraint_text('tasks', v_constraint),
                                     left(sqlerrm, 300))
                using errcode = 'PD422';
        when program_limit_exceeded then
            raise exception 'the change of task % is refused: '
                            'a tag or the path of a file is too long to be found by', v_task.task_key
                using errcode = 'PD413',
                      hint    = 'Up to 600 characters of any kind are well.';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_task));
    return v_task;
end;
$$;

comment on function docket.update_task(uuid, jsonb, bigint, uuid) is
'Changes the given fields of a task, and no others.

`changes` is an object of new values (null empties a field): title, description, details,
test_strategy, requirements, acceptance_criteria, affected_files, tags, needed_capabilities,
complexity_score, actual_complexity, estimated_effort, actual_effort (hours), priority (number or
label), assigned_to, workflow_id, parent_task_id, not_before, due_at, results, metadata. The status
has its own functions. `expected_version` is the version that the caller has read. The same
`request_id` again returns the first answer. Returns the task as it now stands. Raises PD404,
PD403, PD413, PD422, PDVER, PDCYC (a task under its own subtask).';

revoke all on function docket.update_task(uuid, jsonb, bigint, uuid) from public;
grant execute on function docket.update_task(uuid, jsonb, bigint, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
