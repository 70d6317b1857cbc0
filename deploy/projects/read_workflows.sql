-- Deploy pgdocket:projects/read_workflows to pg
-- requires: projects/workflows

begin;
set local role docket_owner;

create function docket.get_workflow(workflow_id uuid) returns docket.workflows
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_workflow docket.workflows;
begin
    select w.* into v_workflow
      from docket.workflows as w
     where w.workflow_id = get_workflow.workflow_id;

    if not found then
        raise exception 'workflow % does not exist',
                        coalesce(get_workflow.workflow_id::text, 'null')
            using errcode = 'PD404';
    end if;

    return v_workflow;
end;
$$;

comment on function docket.get_workflow(uuid) is
'One workflow by its id, `workflow_id`. Returns the workflow. Raises PD404.';

create function docket.list_workflows(
    project_id uuid,
    after      uuid    default null,
    page_size  integer default 100
) returns setof docket.workflows
language sql
stable
begin atomic
    select w.*
      from docket.workflows as w
     where w.project_id = list_workflows.project_id
       and (list_workflows.after is null or w.workflow_id > list_workflows.after)
     order by w.workflow_id
     limit least(greatest(list_workflows.page_size, 1), 1000);
end;

comment on function docket.list_workflows(uuid, uuid, integer) is
'The workflows of a project, the oldest first.

`after` is the id of the last workflow of the previous page, `page_size` is in rows (1 to 1000).
Returns workflows; raises nothing.';

revoke all on function docket.get_workflow(uuid) from public;
revoke all on function docket.list_workflows(uuid, uuid, integer) from public;
grant execute on function docket.get_workflow(uuid), docket.list_workflows(uuid, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
