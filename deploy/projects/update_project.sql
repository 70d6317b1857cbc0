-- Deploy pgdocket:projects/update_project to pg
-- requires: projects/create_project

begin;
set local role docket_owner;

-- Refuses what an update does not know, instead of ignoring it.
create function docket_private.require_keys(
    changes jsonb,
    known   text[],
    what    text
) returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown text;
begin
    if require_keys.changes is null or jsonb_typeof(require_keys.changes) <> 'object' then
        raise exception '% is not a JSON object', require_keys.what
            using errcode = 'PD422',
                  hint    = format('Give an object with some of: %s.',
                                   array_to_string(require_keys.known, ', '));
    end if;

    select string_agg(quote_ident(k.key), ', ' order by k.key) into v_unknown
      from jsonb_object_keys(require_keys.changes) as k (key)
     where k.key <> all (require_keys.known);

    if v_unknown is not null then
        raise exception '% has no field %', require_keys.what, v_unknown
            using errcode = 'PD422',
                  hint    = format('Known are: %s.', array_to_string(require_keys.known, ', '));
    end if;
end;
$$;

comment on function docket_private.require_keys(jsonb, text[], text) is
    'Raises PD422 unless `changes` is an object with keys out of `known` only; `what` names it.';

-- Two writers who read the same version: the second is told.
create function docket_private.require_version(
    what             text,
    version          bigint,
    expected_version bigint
) returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if require_version.expected_version <> require_version.version then
        raise exception '% is at version %, not %', require_version.what, require_version.version,
                        require_version.expected_version
            using errcode = 'PDVER',
                  detail  = jsonb_build_object(
                                'version', require_version.version,
                                'expected_version', require_version.expected_version)::text,
                  hint    = 'Read it again, and decide anew.';
    end if;
end;
$$;

comment on function docket_private.require_version(text, bigint, bigint) is
    'Raises PDVER unless the version is the expected one; null expects nothing.';

create function docket.update_project(
    project_id       uuid,
    changes          jsonb,
    expected_version bigint default null,
    request_id       uuid   default null
) returns docket.projects
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'update_project');
    v_project    docket.projects;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.projects, v_answer);
    end if;

    perform docket_private.require_project(update_project.project_id);
    perform docket_private.require_keys(
        update_project.changes,
        array['name', 'description', 'repository_url', 'settings', 'metadata', 'archived_at'],
        'the change of a project');

    select p.* into v_project
      from docket.projects as p
     where p.project_id = update_project.project_id
       for no key update;

    perform docket_private.require_version(
        'project ' || v_project.slug, v_project.version, update_project.expected_version);

    begin
        v_project := jsonb_populate_record(v_project, update_project.changes);

        update docket.projects as p
           set name           = v_project.name,
               description    = v_project.description,
               repository_url = v_project.repository_url,
               settings       = v_project.settings,
               metadata       = v_project.metadata,
               archived_at    = v_project.archived_at
         where p.project_id = v_project.project_id
        returning p.* into v_project;
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the change of project % is refused: %', v_project.slug,
                            coalesce(
                                docket_private.constraint_text('projects', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_project));
    return v_project;
end;
$$;

comment on function docket.update_project(uuid, jsonb, bigint, uuid) is
'Changes the given fields of a project: name, description, repository_url, settings, metadata,
archived_at.

`changes` is an object of new values (null empties a field), `expected_version` the version that
the caller has read. The same `request_id` again returns the first answer. Returns the project as
it now stands. Raises PD404, PD403, PD422, PDVER.';

revoke all on function docket_private.require_keys(jsonb, text[], text) from public;
revoke all on function docket_private.require_version(text, bigint, bigint) from public;
revoke all on function docket.update_project(uuid, jsonb, bigint, uuid) from public;
grant execute on function docket.update_project(uuid, jsonb, bigint, uuid)
   to docket_admin, docket_app;

commit;
