-- Deploy pgdocket:exchange/import_tasks_json to pg
-- requires: exchange/merge_tasks_file
-- requires: projects/create_project
-- requires: projects/read_projects

begin;
set local role docket_owner;

-- A task file of claude-task-master becomes tasks: read whole, judged whole, then written. What
-- rows can't say is in the report and in the bytes, never lost; a file that can't be read
-- changes nothing.
create function docket_private.imported_before(
    project_id   uuid,
    source_name  text,
    content_hash bytea
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_import docket.imports;
begin
    select i.import_id, i.project_id, i.source_name, i.content_hash, i.report, i.created_at
      into v_import.import_id, v_import.project_id, v_import.source_name, v_import.content_hash,
           v_import.report, v_import.created_at
      from docket.imports as i
     where i.project_id = imported_before.project_id
       and (i.source_name = imported_before.source_name
            or i.content_hash = imported_before.content_hash)
     order by i.source_name = imported_before.source_name desc, i.import_id
     limit 1;

    if not found then
        return null;
    end if;

    if v_import.source_name <> imported_before.source_name then
        raise exception 'the same file was imported before, as %', v_import.source_name
            using errcode = 'PD409',
                  detail  = jsonb_build_object(
                                'import_id', v_import.import_id,
                                'source_name', v_import.source_name)::text,
                  hint    = 'Use that name, or import the copy into another project.';
    end if;

    if v_import.content_hash <> imported_before.content_hash then
        raise exception '% was imported before, with other content', v_import.source_name
            using errcode = 'PD409',
                  detail  = jsonb_build_object(
                                'import_id', v_import.import_id,
                                'source_name', v_import.source_name,
                                'created_at', v_import.created_at)::text,
                  hint    = 'Go on with the tasks that are there, or import the new file into another project.';
    end if;

    return v_import.report
           || '{"unchanged": true, "created": {"projects": 0, "workflows": 0, "tasks": 0, "dependencies": 0}}';
end;
$$;

comment on function docket_private.imported_before(uuid, text, bytea) is
    'The report of an import that was made before; null when there is none. Raises PD409 for another content of the same source, or another source of the same content.';

create function docket_private.earlier_version(
    project_id   uuid,
    source_name  text,
    content_hash bytea
) returns docket.imports
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_import docket.imports;
begin
    select i.* into v_import
      from docket.imports as i
     where i.project_id = earlier_version.project_id
       and i.source_name = earlier_version.source_name
       and i.content_hash <> earlier_version.content_hash
       and i.shape in ('flat', 'tagged', 'raw_tagged');

    return v_import;
end;
$$;

comment on function docket_private.earlier_version(uuid, text, bytea) is
    'The import of another content of the same task file; a row of nulls when there is none.';

create function docket.import_tasks_json(
    slug         text,
    source_name  text,
    content      bytea,
    project_name text    default null,
    dry_run      boolean default false,
    resolutions  jsonb   default '{}',
    request_id   uuid    default null
) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_dry     boolean := coalesce(dry_run, false);
    v_answer     jsonb   := case
                                when not v_is_dry
                                then docket_private.replay(request_id, 'import_tasks_json')
                            end;
    v_hash       bytea   := sha256(content);
    v_project_id uuid;
    v_is_new     boolean;
    v_file       docket_private.tasks_file;
    v_import     docket.imports;
    v_last       docket.imports;
    v_base_file  docket_private.tasks_file;
    v_report     jsonb;
begin
    if v_answer is not null then
        return v_answer;
    end if;

    if slug is null
       or content is null
       or length(btrim(source_name)) between 1 and 1024 is not true then
        raise exception 'an import needs a project, a source and a content'
            using errcode = 'PD422',
                  hint    = 'slug, source_name (1 to 1024 characters) and content are all required.';
    end if;

    perform docket_private.require_resolutions(resolutions);

    if exists (
        select
          from docket.projects as p
         where p.slug = import_tasks_json.slug
            or p.project_id::text = lower(import_tasks_json.slug)
    ) then
        v_project_id := docket.project_id(slug);
        perform docket_private.require_project(v_project_id);
    end if;
    v_is_new := v_project_id is null;
    v_import := docket_private.earlier_version(v_project_id, source_name, v_hash);
    if v_import.import_id is null then
        v_report := docket_private.imported_before(v_project_id, source_name, v_hash);
    end if;

    if v_report is null then
        -- Reading takes the time; nobody waits for it.
        v_file := docket_private.read_tasks_file(source_name, content);
        if v_import.import_id is not null then
            v_base_file := docket_private.read_tasks_file(source_name, v_import.content);
        end if;

        -- Whatever is written in this block is undone for a dry run: its report is the one that
        -- the import would give, refusals included.
        begin
            if v_is_new then
                v_project_id :=
                    (docket.create_project(slug => slug, name => project_name)).project_id;
            end if;

            -- The graph first (its new dependencies need it), and another import of the same
            -- source that was on its way has ended then: the last version may be another now.
            perform docket_private.lock_graph(v_project_id);
            v_last := docket_private.earlier_version(v_project_id, source_name, v_hash);
            if v_last.content_hash <> v_import.content_hash or v_import.import_id is null then
                v_base_file := case
                    when v_last.import_id is not null
                    then docket_private.read_tasks_file(source_name, v_last.content)
                end;
            end if;

            v_report := case
                when v_last.import_id is not null
                then docket_private.merge_tasks_file(
                         v_last, v_base_file, v_file, content, resolutions, v_is_dry)
                else coalesce(
                         docket_private.imported_before(v_project_id, source_name, v_hash),
                         docket_private.store_tasks_file(
                             v_project_id, v_is_new, source_name, content, v_file))
            end;

            if v_is_dry then
                raise exception 'a dry run' using errcode = 'XXDRY';
            end if;
        exception
            when sqlstate 'XXDRY' then
                v_report := v_report || jsonb_build_object(
                    'import_id', null,
                    'project_id', case when not v_is_new then v_project_id end);
        end;
    end if;

    v_report := v_report || jsonb_build_object('dry_run', v_is_dry);

    if not v_is_dry then
        perform docket_private.remember(request_id, v_report);
    end if;

    return v_report;
end;
$$;

comment on function docket.import_tasks_json(text, text, bytea, text, boolean, jsonb, uuid) is
'Imports a tasks.json of claude-task-master: every task and subtask becomes a task, every tag a
workflow, every dependency one that blocks. The bytes, and each entry as written, are kept.

`slug` is the project (its slug or id), made with the name `project_name` (default: the slug) when
the caller sees none; `source_name` says where the file comes from (its path), `content` are its
bytes in UTF-8. With `dry_run`, nothing is written, and the report is the same. The same
`request_id` again returns the first answer. The same content again from the same source writes
nothing ("unchanged").

Another content of a source is merged with what is here, the content imported last being what both
began with: what has changed only in the file comes in (tasks that are gone from it are put away),
what has changed only here stays, sets of dependencies are merged one by one, and what both have
changed is a conflict. `resolutions` says whose side counts then: {"*": "ours"} or {"*": "theirs"}
for all, {"master/3.2": {"title": "theirs", "*": "ours"}} for a task by its tag and id, "" being
whether the task is there at all. A conflict that is left raises PD409, and nothing is written.

Tasks of the tag "master", else of the first tag, get their ids as keys ("3", "3.2"), those of
other tags with the tag before it ("api/3.2"); a key that is taken gets a number ("3~2"). What can
not be represented is named in the report, never dropped.

Returns the report: project, project_id, import_id, source_name, byte_size, content_hash, shape
(flat, tagged, raw_tagged), updated (tasks), removed {tasks, dependencies} and conflicts [{identity,
field, base, theirs, ours}] of a merge (in a dry run, those that are not decided), tags [{name,
tasks, subtasks}], tasks, subtasks, dependencies, statuses and priorities (how many of each),
created {projects, workflows, tasks, dependencies}, unchanged, dry_run, oddities [{path, kind,
value, reason}], counts (how many of each kind).
Raises PD422 with line and column (no UTF-8, no JSON, no task file), PD413 (nested too deeply),
PD409 (conflicts, by identity and field in DETAIL; or this content was imported from another source
before), PD403, and what docket.create_project() raises.';

revoke all on function docket_private.earlier_version(uuid, text, bytea) from public;
revoke all on function docket_private.imported_before(uuid, text, bytea) from public;
revoke all on function docket.import_tasks_json(text, text, bytea, text, boolean, jsonb, uuid)
    from public;
grant execute on function docket.import_tasks_json(text, text, bytea, text, boolean, jsonb, uuid)
   to docket_admin, docket_app;

commit;
