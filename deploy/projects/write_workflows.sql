-- Deploy pgdocket:projects/write_workflows to pg
-- requires: projects/update_project
-- requires: projects/workflows

begin;
set local role docket_owner;

create function docket.create_workflow(
    project_id   uuid,
    name         text,
    requirements jsonb default '{}',
    request_id   uuid  default null
) returns docket.workflows
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'create_workflow');
    v_workflow   docket.workflows;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.workflows, v_answer);
    end if;

    perform docket_private.require_project(create_workflow.project_id);

    begin
        insert into docket.workflows as w (workflow_id, project_id, name, requirements)
        values (
            docket_private.new_id(create_workflow.project_id), create_workflow.project_id,
            create_workflow.name, coalesce(create_workflow.requirements, '{}'))
        returning w.* into v_workflow;
    exception
        when unique_violation then
            raise exception 'workflow "%" exists already in this project', create_workflow.name
                using errcode = 'PD409',
                      hint    = 'Choose another name, or go on with that workflow.';
        when check_violation or not_null_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'workflow % is refused: %',
                            coalesce(quote_literal(left(create_workflow.name, 100)),
                                     'without a name'),
                            coalesce(
                                docket_private.constraint_text('workflows', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_workflow));
    return v_workflow;
end;
$$;

comment on function docket.create_workflow(uuid, text, jsonb, uuid) is
'Makes a workflow in a project.

`name` is unique in the project, `requirements` an object that says what it has to achieve. The same
`request_id` again returns the first answer.
Returns the workflow. Raises PD404, PD403, PD409 (name taken), PD422.';

create function docket.update_workflow(
    workflow_id      uuid,
    changes          jsonb,
    expected_version bigint default null,
    request_id       uuid   default null
) returns docket.workflows
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'update_workflow');
    v_workflow   docket.workflows;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.workflows, v_answer);
    end if;

    select w.* into v_workflow
      from docket.workflows as w
     where w.workflow_id = update_workflow.workflow_id;

    if not found then
        raise exception 'workflow % does not exist',
                        coalesce(update_workflow.workflow_id::text, 'null')
            using errcode = 'PD404';
    end if;

    perform docket_private.require_project(v_workflow.project_id);
    perform docket_private.require_keys(
        update_workflow.changes, array['name', 'requirements', 'status', 'metadata'],
        'the change of a workflow');

    -- Read again under the lock.
    select w.* into v_workflow
      from docket.workflows as w
     where w.workflow_id = v_workflow.workflow_id
       and w.project_id  = v_workflow.project_id
       for no key update;

    perform docket_private.require_version(
        'workflow ' || v_workflow.name, v_workflow.version, update_workflow.expected_version);

    begin
        v_workflow := jsonb_populate_record(v_workflow, update_workflow.changes);

        update docket.workflows as w
           set name         = v_workflow.name,
               requirements = v_workflow.requirements,
               status       = v_workflow.status,
               metadata     = v_workflow.metadata
         where w.workflow_id = v_workflow.workflow_id
           and w.project_id  = v_workflow.project_id
        returning w.* into v_workflow;
    exception
        when unique_violation then
            raise exception 'workflow "%" exists already in this project', v_workflow.name
                using errcode = 'PD409',
                      hint    = 'Choose another name.';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the change of workflow % is refused: %',
                            left(v_workflow.name, 100),
                            coalesce(
                                docket_private.constraint_text('workflows', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_workflow));
    return v_workflow;
end;
$$;

comment on function docket.update_workflow(uuid, jsonb, bigint, uuid) is
'Changes the given fields of a workflow: name, requirements, status (active, paused, completed,
cancelled), metadata.

`changes` is an object of new values, `expected_version` the version that the caller has read. The
same `request_id` again returns the first answer.
Returns the workflow as it now stands. Raises PD404, PD403, PD409, PD422, PDVER.';

revoke all on function docket.create_workflow(uuid, text, jsonb, uuid) from public;
revoke all on function docket.update_workflow(uuid, jsonb, bigint, uuid) from public;
grant execute on function
    docket.create_workflow(uuid, text, jsonb, uuid),
    docket.update_workflow(uuid, jsonb, bigint, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
