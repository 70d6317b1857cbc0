-- Deploy pgdocket:exchange/import_beads to pg
-- requires: exchange/import_tasks_json
-- requires: exchange/merge_beads

begin;
set local role docket_owner;

-- A file of beads becomes tasks, as a task file does: read whole, judged whole, then written.
-- The same source again with other content is merged with what became of it here.
create function docket_private.beads_import_before(
    project_id  uuid,
    source_name text
) returns docket.imports
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_import docket.imports;
begin
    select i.import_id, i.shape, i.content_hash, i.report, i.created_at
      into v_import.import_id, v_import.shape, v_import.content_hash, v_import.report,
           v_import.created_at
      from docket.imports as i
     where i.project_id = beads_import_before.project_id
       and i.source_name = beads_import_before.source_name;

    if v_import.shape <> 'beads' then
        raise exception '% was imported before, and was no file of beads',
                        beads_import_before.source_name
            using errcode = 'PD409',
                  detail  = jsonb_build_object('import_id', v_import.import_id)::text,
                  hint    = 'Import it into another project, or as what it was.';
    end if;

    return v_import;
end;
$$;

comment on function docket_private.beads_import_before(uuid, text) is
    'The import of a source, without its content; nothing but nulls when there is none. Raises PD409 where that was no file of beads.';

create function docket_private.place_beads_file(
    project_id  uuid,
    is_new      boolean,
    source_name text,
    content     bytea,
    lines       docket_private.beads_line[],
    stand_in    text,
    resolutions jsonb
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_import docket.imports := docket_private.beads_import_before(project_id, source_name);
begin
    if v_import.import_id is null then
        -- The same content from elsewhere is refused.
        return coalesce(
            docket_private.imported_before(project_id, source_name, sha256(content)),
            docket_private.store_beads_file(
                project_id, is_new, source_name, content, lines, stand_in));
    end if;

    if v_import.content_hash = sha256(content) then
        return v_import.report || '{"unchanged": true, "conflicts": [],
            "created": {"projects": 0, "workflows": 0, "tasks": 0, "dependencies": 0},
            "merged": {"created": 0, "changed": 0, "archived": 0, "kept": 0}}';
    end if;

    return v_import.report || docket_private.merge_beads_file(
        project_id, v_import.import_id, content, lines, stand_in, resolutions);
end;
$$;

comment on function docket_private.place_beads_file(uuid, boolean, text, bytea, docket_private.beads_line[], text, jsonb) is
    'Writes a beads file into a project whose graph the caller has locked, or merges it with what was made of it before. Returns the report.';

create function docket.import_beads(
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
                                then docket_private.replay(request_id, 'import_beads')
                            end;
    v_project_id uuid;
    v_is_new     boolean;
    v_lines      docket_private.beads_line[];
    v_stand_in   text;
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

    if exists (
        select
          from docket.projects as p
         where p.slug = import_beads.slug
            or p.project_id::text = lower(import_beads.slug)
    ) then
        v_project_id := docket.project_id(slug);
        perform docket_private.require_project(v_project_id);
    end if;
    v_is_new := v_project_id is null;
    perform docket_private.require_resolutions(resolutions);

    -- Reading takes the time; nobody waits for it.
    select r.lines, r.stand_in into v_lines, v_stand_in
      from docket_private.read_beads_file(source_name, content) as r;

    -- Undone for a dry run.
    begin
        if v_is_new then
            v_project_id := (docket.create_project(slug => slug, name => project_name)).project_id;
        end if;

        -- The graph first; another import of this source that was on its way has ended then.
        perform docket_private.lock_graph(v_project_id);
        v_report := docket_private.place_beads_file(
            v_project_id, v_is_new, source_name, content, v_lines, v_stand_in, resolutions);

        if v_is_dry then
            raise exception 'a dry run' using errcode = 'XXDRY';
        end if;
    exception
        when sqlstate 'XXDRY' then
            v_report := v_report || jsonb_build_object(
                'import_id', case when v_report ? 'merged' then v_report -> 'import_id' end,
                'project_id', case when not v_is_new then v_project_id end);
    end;

    if not v_is_dry and v_report -> 'conflicts' <> '[]' then
        raise exception '% and the tasks made of it were both changed in % places',
                        source_name, jsonb_array_length(v_report -> 'conflicts')
            using errcode = 'PD409',
                  detail  = jsonb_build_object(
                                'how_many', jsonb_array_length(v_report -> 'conflicts'),
                                'conflicts', jsonb_path_query_array(
                                    v_report -> 'conflicts', '$[0 to 99]'))::text,
                  hint    = 'Say whose side counts: resolutions => ''{"*": "theirs"}'' takes the file''s, "ours" what is here.';
    end if;

    v_report := v_report || jsonb_build_object('dry_run', v_is_dry);

    if not v_is_dry then
        perform docket_private.remember(request_id, v_report);
    end if;

    return v_report;
end;
$$;

comment on function docket.import_beads(text, text, bytea, text, boolean, jsonb, uuid) is
'Imports a JSONL file of beads: every issue becomes a task with its id as key, every dependency one
of the nearest type, the first parent its parent. The bytes, and each line as written, are kept.

`slug` is the project (its slug or id), made with the name `project_name` (default: the slug) when
the caller sees none; `source_name` says where the file comes from (its path), `content` are its
bytes in UTF-8. With `dry_run`, nothing is written, and the report is the same. The same
`request_id` again returns the first answer. The same content again from the same source writes
nothing ("unchanged").

Other content from the same source is merged with what became of the first: what changed in the
file comes in, what changed here stays, issues that are gone are put away. What both changed is a
conflict: `resolutions` says whose side counts, {"*": "ours"}, {id: {"*": "theirs"}} or
{id: {field: "ours"}}.

Tombstones, deletions, memories and records of an unknown kind make no task; notes and comments
become a context "notes". What can not be represented is named in the report, never dropped.

Returns the report: project, project_id, import_id, source_name, byte_size, content_hash, shape
(beads), tasks, subtasks, dependencies, records (how many lines of each kind), statuses, created
{projects, workflows, tasks, dependencies}, unchanged, dry_run, oddities [{path, kind, value,
reason}] with the number of the line first in each path, counts (how many of each kind); of a merge
also merged {created, changed, archived, kept} and, in a dry run, conflicts [{identity, field, base,
theirs, ours}].
Raises PD422 with line and column (no UTF-8, a line that is no JSON object), PD413 (nested too
deeply), PD409 (conflicts, which DETAIL lists; this content from another source was imported
before), PD403, and what docket.create_project() and docket.put_context() raise.';

revoke all on function docket_private.beads_import_before(uuid, text) from public;
revoke all on function docket_private.place_beads_file(uuid, boolean, text, bytea, docket_private.beads_line[], text, jsonb)
    from public;
revoke all on function docket.import_beads(text, text, bytea, text, boolean, jsonb, uuid) from public;
grant execute on function docket.import_beads(text, text, bytea, text, boolean, jsonb, uuid)
   to docket_admin, docket_app;

commit;
