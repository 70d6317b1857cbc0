-- Deploy pgdocket:knowledge/use_templates to pg
-- requires: graph/add_dependency
-- requires: graph/create_tasks
-- requires: knowledge/write_templates
-- requires: projects/write_workflows
-- requires: queue/task_attempts

begin;
set local role docket_owner;

create function docket.record_template_use(
    template_id uuid,
    task_id     uuid,
    variables   jsonb  default '{}',
    version     bigint default null,
    request_id  uuid   default null
) returns docket.template_usage_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'record_template_use');
    v_template docket.template_versions;
    v_usage    docket.template_usage_history;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.template_usage_history, v_answer);
    end if;

    v_template := docket_private.template_version(
        record_template_use.template_id, record_template_use.version);
    perform docket_private.require_project(v_template.project_id);

    if docket_private.project_of_task(record_template_use.task_id) <> v_template.project_id then
        raise exception 'task % does not exist in the template''s project',
                        record_template_use.task_id
            using errcode = 'PD404';
    end if;

    insert into docket.template_usage_history as u (
        usage_id, project_id, template_id, version, task_id, variables)
    values (
        docket_private.new_id(v_template.project_id), v_template.project_id,
        v_template.template_id, v_template.version, record_template_use.task_id,
        docket_private.without_secrets(
            docket_private.read_variables(v_template, record_template_use.variables)))
    returning u.* into v_usage;

    perform docket_private.remember(request_id, to_jsonb(v_usage));
    return v_usage;
end;
$$;

comment on function docket.record_template_use(uuid, uuid, jsonb, bigint, uuid) is
'Writes down that template `template_id` was used for task `task_id`, so that the outcome of the
task tells how good the template is.

`variables` is what render_template() was given, `version` the version of the template (null: the
present one). The same `request_id` again returns the first answer. Returns the use. Raises PD404,
PD403, PD422.';

-- The tasks of a rendered workflow as create_tasks() takes them: with keys of the project in the
-- place of the template's own names for them.
create function docket_private.workflow_tasks(
    workflow docket.workflows,
    tasks    jsonb
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_prefix text;
    v_first  bigint;
    v_keys   jsonb;
    v_twice  text;
begin
    v_prefix := (
        select p.slug || '-'
          from docket.projects as p
         where p.project_id = (workflow_tasks.workflow).project_id);
    v_first  := docket_private.take_task_numbers(
        (workflow_tasks.workflow).project_id, jsonb_array_length(workflow_tasks.tasks));

    select min(k.name) filter (where k.times > 1),
           coalesce(jsonb_object_agg(k.name, v_prefix || v_first - 1 + k.place), '{}')
      into v_twice, v_keys
      from (
          select e.task ->> 'task_key' as name, min(e.place) as place, count(*) as times
            from jsonb_array_elements(workflow_tasks.tasks) with ordinality as e (task, place)
           where e.task ->> 'task_key' is not null
           group by e.task ->> 'task_key'
      ) as k;

    if v_twice is not null then
        raise exception 'the template has two tasks "%"', left(v_twice, 100)
            using errcode = 'PD422';
    end if;

    return (
        select coalesce(
                   jsonb_agg(
                       e.task || jsonb_build_object(
                           'task_key', v_prefix || v_first - 1 + e.place,
                           'workflow_id', (workflow_tasks.workflow).workflow_id)
                       || case
                              when v_keys ? (e.task ->> 'parent')
                                  then jsonb_build_object('parent', v_keys -> (e.task ->> 'parent'))
                              else '{}'
                          end
                       || case jsonb_typeof(e.task -> 'depends_on')
                              when 'array' then jsonb_build_object('depends_on', (
                                  select coalesce(
                                             jsonb_agg(
                                                 case
                                                     when jsonb_typeof(d.named) = 'object'
                                                          and v_keys ? (d.named ->> 'task')
                                                         then d.named || jsonb_build_object(
                                                             'task', v_keys -> (d.named ->> 'task'))
                                                     when v_keys ? (d.named #>> '{}')
                                                         then v_keys -> (d.named #>> '{}')
                                                     else d.named
                                                 end
                                                 order by d.place),
                                             '[]')
                                    from jsonb_array_elements(e.task -> 'depends_on')
                                         with ordinality as d (named, place)))
                              else '{}'
                          end
                       order by e.place),
                   '[]')
          from jsonb_array_elements(workflow_tasks.tasks) with ordinality as e (task, place));
end;
$$;

comment on function docket_private.workflow_tasks(docket.workflows, jsonb) is
    'The tasks of a rendered workflow template, with keys of the project, for create_tasks(). Raises PD422.';

create function docket.instantiate_workflow(
    template_id uuid,
    variables   jsonb  default '{}',
    name        text   default null,
    version     bigint default null,
    request_id  uuid   default null
) returns setof docket.tasks
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'instantiate_workflow');
    v_template docket.template_versions;
    v_values   jsonb;
    v_body     jsonb;
    v_workflow docket.workflows;
    v_tasks    docket.tasks[];
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.tasks, v_answer);
        return;
    end if;

    v_template := docket_private.template_version(
        instantiate_workflow.template_id, instantiate_workflow.version);
    perform docket_private.require_project(v_template.project_id);

    if v_template.kind <> 'workflow' then
        raise exception 'a template of kind % makes no workflow', v_template.kind
            using errcode = 'PD422',
                  hint    = 'docket.render_template() renders it.';
    end if;

    v_values := docket_private.read_variables(v_template, instantiate_workflow.variables);
    v_body   := docket_private.render_json(v_template.body::jsonb, v_values);

    -- Before any other row, as everywhere.
    perform docket_private.lock_graph(v_template.project_id);

    v_workflow := docket.create_workflow(
        v_template.project_id,
        coalesce(instantiate_workflow.name, v_body ->> 'name'),
        v_body -> 'requirements');
    v_tasks    := array(
        select t
          from docket.create_tasks(
                   v_template.project_id,
                   docket_private.workflow_tasks(v_workflow, v_body -> 'tasks')) as t);

    insert into docket.template_usage_history (
        usage_id, project_id, template_id, version, workflow_id, variables)
    values (
        docket_private.new_id(v_template.project_id), v_template.project_id,
        v_template.template_id, v_template.version, v_workflow.workflow_id,
        docket_private.without_secrets(v_values));

    perform docket_private.remember(request_id, to_jsonb(v_tasks));

    return query
    select u.* from unnest(v_tasks) as u;
end;
$$;

comment on function docket.instantiate_workflow(uuid, jsonb, text, bigint, uuid) is
'Makes a workflow from template `template_id`: the workflow, its tasks, their hierarchy and
dependencies, all or none, and writes the use down.

`variables` is an object of values, `name` the workflow''s (null: that of the template), `version` a
version of the template (null: the present one). Each task gets a key of the project''s own; names
in depends_on and parent that are none of the template are keys or ids of the project. The same
`request_id` again returns the first answer. Returns the tasks in the order of the template. Raises
PD404, PD403, PD409 (the workflow''s name is taken), PD413, PD422, PDCYC.';

create function docket.list_template_uses(
    template_id uuid,
    after       uuid    default null,
    page_size   integer default 100
) returns setof docket.template_usage_history
language sql
stable
begin atomic
    select u.*
      from docket.template_usage_history as u
     where u.template_id = list_template_uses.template_id
       and (list_template_uses.after is null or u.usage_id < list_template_uses.after)
     order by u.usage_id desc
     limit least(greatest(list_template_uses.page_size, 1), 1000);
end;

comment on function docket.list_template_uses(uuid, uuid, integer) is
'The uses of template `template_id`, the newest first. `after` is the usage_id of the last use of
the previous page, `page_size` is in rows (1 to 1000). Returns uses; raises nothing.';

create function docket.template_effectiveness(
    project_id  uuid,
    template_id uuid        default null,
    since       timestamptz default null
) returns table (
    template_id   uuid,
    template_key  text,
    version       bigint,
    uses          bigint,
    tasks         bigint,
    completed     bigint,
    failed        bigint,
    cancelled     bigint,
    success_rate  numeric,
    first_time    bigint,
    attempts      bigint,
    effort_ratio  numeric,
    last_used_at  timestamptz
)
language sql
stable
begin atomic
    -- What a workflow's tasks became counts for its template, those that were added later too:
    -- that they had to be is of its effect.
      with used as materialized (
          select u.template_id, u.version, u.usage_id, u.task_id, u.workflow_id, u.created_at
            from docket.template_usage_history as u
           where u.project_id = template_effectiveness.project_id
             and (template_effectiveness.template_id is null
                  or u.template_id = template_effectiveness.template_id)
             and (template_effectiveness.since is null
                  or u.created_at >= template_effectiveness.since)
      ), made as (
          select u.template_id, u.version, t.task_id, t.project_id, t.status, t.actual_effort,
                 t.estimated_effort
            from used as u
            join docket.tasks as t
              on t.task_id = u.task_id
             and t.project_id = template_effectiveness.project_id
           union
          select u.template_id, u.version, t.task_id, t.project_id, t.status, t.actual_effort,
                 t.estimated_effort
            from used as u
            join docket.tasks as t
              on t.workflow_id = u.workflow_id
             and t.project_id = template_effectiveness.project_id
      ), judged as (
          select m.template_id, m.version,
                 count(*) as tasks,
                 count(*) filter (where m.status = 'completed') as completed,
                 count(*) filter (where m.status = 'failed') as failed,
                 count(*) filter (where m.status = 'cancelled') as cancelled,
                 count(*) filter (where m.status = 'completed' and a.tries = 1) as first_time,
                 sum(a.tries) as attempts,
                 percentile_disc(0.5) within group (
                     order by m.actual_effort / nullif(m.estimated_effort, 0)) as effort_ratio
            from made as m
           cross join lateral (
                     select count(*) as tries
                       from docket.task_attempts as b
                      where b.task_id = m.task_id
                        and b.project_id = m.project_id
                 ) as a
           group by m.template_id, m.version
      )
    select t.template_id, t.template_key, u.version, u.uses,
           coalesce(j.tasks, 0), coalesce(j.completed, 0), coalesce(j.failed, 0),
           coalesce(j.cancelled, 0),
           round(j.completed::numeric / nullif(j.completed + j.failed + j.cancelled, 0), 4),
           coalesce(j.first_time, 0), coalesce(j.attempts, 0)::bigint,
           round(j.effort_ratio::numeric, 4), u.last_used_at
      from (
          select w.template_id, w.version, count(*) as uses, max(w.created_at) as last_used_at
            from used as w
           group by w.template_id, w.version
      ) as u
      join docket.templates as t
        on t.template_id = u.template_id
       and t.project_id = template_effectiveness.project_id
      left join judged as j
        on j.template_id = u.template_id
       and j.version = u.version
     order by t.template_key, u.version;
end;

comment on function docket.template_effectiveness(uuid, uuid, timestamptz) is
'What became of the tasks that a project''s templates were used for: of each version of each
template, or of `template_id` alone.

`since` leaves out uses before that time. Of its tasks (those of its workflows included) it counts
the completed, failed and cancelled, and those completed at their first attempt (first_time).
success_rate may be null: no task is over yet; it is the part of what is over that was completed.
effort_ratio may be null: half of the tasks took no more, in actual by estimated effort. Returns a
row for each version that was used; raises nothing.';

revoke all on function docket.record_template_use(uuid, uuid, jsonb, bigint, uuid) from public;
revoke all on function docket_private.workflow_tasks(docket.workflows, jsonb) from public;
revoke all on function docket.instantiate_workflow(uuid, jsonb, text, bigint, uuid) from public;
revoke all on function docket.list_template_uses(uuid, uuid, integer) from public;
revoke all on function docket.template_effectiveness(uuid, uuid, timestamptz) from public;
grant execute on function
    docket.record_template_use(uuid, uuid, jsonb, bigint, uuid),
    docket.instantiate_workflow(uuid, jsonb, text, bigint, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.list_template_uses(uuid, uuid, integer),
    docket.template_effectiveness(uuid, uuid, timestamptz)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
