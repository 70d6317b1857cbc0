-- Deploy pgdocket:exchange/import_beads to pg
-- requires: exchange/import_tasks_json
-- requires: exchange/store_beads_file

begin;
set local role docket_owner;

-- A file of beads becomes tasks, as a task file does: read whole, judged whole, then written.
create function docket.import_beads(
    slug         text,
    source_name  text,
    content      bytea,
    project_name text    default null,
    dry_run      boolean default false,
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
    v_hash       bytea   := sha256(content);
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
    v_report := docket_private.imported_before(v_project_id, source_name, v_hash);

    if v_report is null then
        -- Reading takes the time; nobody waits for it.
        select r.lines, r.stand_in into v_lines, v_stand_in
          from docket_private.read_beads_file(source_name, content) as r;

        -- Undone for a dry run.
        begin
            if v_is_new then
                v_project_id :=
                    (docket.create_project(slug => slug, name => project_name)).project_id;
            end if;

            -- The graph first; another import of this source that was on its way has ended then.
            perform docket_private.lock_graph(v_project_id);
            v_report := coalesce(
                docket_private.imported_before(v_project_id, source_name, v_hash),
                docket_private.store_beads_file(
                    v_project_id, v_is_new, source_name, content, v_lines, v_stand_in));

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

comment on function docket.import_beads(text, text, bytea, text, boolean, uuid) is
'Imports a JSONL file of beads: every issue becomes a task with its id as key, every dependency one
of the nearest type, the first parent its parent. The bytes, and each line as written, are kept.

`slug` is the project (its slug or id), made with the name `project_name` (default: the slug) when
the caller sees none; `source_name` says where the file comes from (its path), `content` are its
bytes in UTF-8. With `dry_run`, nothing is written, and the report is the same. The same
`request_id` again returns the first answer. The same content again from the same source writes
nothing ("unchanged").

Tombstones, deletions, memories and records of an unknown kind make no task; notes and comments
become a context "notes". What can not be represented is named in the report, never dropped.

Returns the report: project, project_id, import_id, source_name, byte_size, content_hash, shape
(beads), tasks, subtasks, dependencies, records (how many lines of each kind), statuses, created
{projects, workflows, tasks, dependencies}, unchanged, dry_run, oddities [{path, kind, value,
reason}] with the number of the line first in each path, counts (how many of each kind).
Raises PD422 with line and column (no UTF-8, a line that is no JSON object), PD413 (nested too
deeply), PD409 (another content of this source, or this content from another source, was imported
before), PD403, and what docket.create_project() and docket.put_context() raise.';

revoke all on function docket.import_beads(text, text, bytea, text, boolean, uuid) from public;
grant execute on function docket.import_beads(text, text, bytea, text, boolean, uuid)
   to docket_admin, docket_app;

commit;
