-- Deploy pgdocket:projects/pause_project to pg
-- requires: projects/update_project

begin;
set local role docket_owner;

create function docket.pause_project(
    project_id uuid,
    request_id uuid default null
) returns docket.projects
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'pause_project');
    v_project docket.projects;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.projects, v_answer);
    end if;

    perform docket_private.require_project(pause_project.project_id);

    update docket.projects as p
       set paused_at = coalesce(p.paused_at, docket.clock())
     where p.project_id = pause_project.project_id
    returning p.* into v_project;

    perform docket_private.remember(request_id, to_jsonb(v_project));
    return v_project;
end;
$$;

comment on function docket.pause_project(uuid, uuid) is
'Stops the claiming of a project''s tasks; who holds one goes on with it. A pause of one workflow is its
status paused: docket.update_workflow().

Pausing twice changes nothing, and the same `request_id` again returns the first answer.
Returns the project. Raises PD404, PD403.';

create function docket.resume_project(
    project_id uuid,
    request_id uuid default null
) returns docket.projects
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'resume_project');
    v_project docket.projects;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.projects, v_answer);
    end if;

    perform docket_private.require_project(resume_project.project_id);

    update docket.projects as p
       set paused_at = null
     where p.project_id = resume_project.project_id
    returning p.* into v_project;

    perform docket_private.remember(request_id, to_jsonb(v_project));
    return v_project;
end;
$$;

comment on function docket.resume_project(uuid, uuid) is
'Lets the tasks of a paused project be claimed again.

Where it is not paused nothing changes, and the same `request_id` again returns the first answer.
Returns the project. Raises PD404, PD403.';

revoke all on function docket.pause_project(uuid, uuid) from public;
revoke all on function docket.resume_project(uuid, uuid) from public;
grant execute on function docket.pause_project(uuid, uuid), docket.resume_project(uuid, uuid)
   to docket_admin, docket_app;

commit;
