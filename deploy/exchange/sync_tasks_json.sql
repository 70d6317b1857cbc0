-- Deploy pgdocket:exchange/sync_tasks_json to pg
-- requires: exchange/export_tasks_json
-- requires: exchange/import_tasks_json

begin;
set local role docket_owner;

-- A file and a project, each with what the other one has changed, in one transaction. What the
-- file is to say is remembered until it is seen there: whether it was written or not, and whatever
-- happens here meanwhile, it is then known whose words they are.
create function docket_private.remember_written(
    import_row docket.imports,
    content    bytea
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
    v_base    docket_private.tasks_file := docket_private.read_tasks_file(
        import_row.source_name, import_row.content);
    v_file    docket_private.tasks_file := docket_private.read_tasks_file(
        import_row.source_name, remember_written.content);
    v_written jsonb;
begin
      with ours as materialized (
          select p.identity, p.task_id
            from unnest(docket_private.project_pieces(
                     import_row.project_id, import_row.import_id, v_base)) as p
      )
    select jsonb_object_agg(
               n.identity, jsonb_build_object('task_id', o.task_id, 'fields', n.fields))
      into v_written
      from unnest(docket_private.file_pieces(v_file)) as n
      join ours as o on o.identity = n.identity
      left join unnest(docket_private.file_pieces(v_base)) as b on b.identity = n.identity
     where n.fields is distinct from b.fields;

    update docket.imports as i
       set written = i.written || coalesce(v_written, '{}')
     where i.import_id  = import_row.import_id
       and i.project_id = import_row.project_id;
end;
$$;

comment on function docket_private.remember_written(docket.imports, bytea) is
    'Keeps what a file is to say, in other words than its last version, until it is seen there.';

create function docket.sync_tasks_json(
    slug         text,
    source_name  text,
    content      bytea,
    project_name text  default null,
    resolutions  jsonb default '{}',
    request_id   uuid  default null
) returns table (report jsonb, new_content bytea)
language plpgsql
security definer
rows 1
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'sync_tasks_json');
    v_report  jsonb;
    v_content bytea;
    v_import  docket.imports;
begin
    if v_answer is null then
        v_report := docket.import_tasks_json(
            slug, source_name, content, project_name, resolutions => resolutions);

        -- An unchanged file has locked nothing yet: two who write what is new here would give
        -- their tasks the same numbers.
        perform docket_private.lock_graph((v_report ->> 'project_id')::uuid);
        select i.* into strict v_import
          from docket.imports as i
         where i.project_id  = (v_report ->> 'project_id')::uuid
           and i.source_name = sync_tasks_json.source_name;

        if v_import.content <> sync_tasks_json.content then
            raise exception '% was imported by somebody else meanwhile', v_import.source_name
                using errcode = 'PD409',
                      hint    = 'Read the file again, and give what it has now.';
        end if;

        v_content := docket.export_tasks_json(v_import.project_id, v_import.source_name);
        if v_content <> sync_tasks_json.content then
            perform docket_private.remember_written(v_import, v_content);
        end if;

        v_answer := jsonb_build_object('report', v_report, 'content', encode(v_content, 'base64'));
        perform docket_private.remember(request_id, v_answer);
    end if;

    return query
    select v_answer -> 'report', decode(v_answer ->> 'content', 'base64');
end;
$$;

comment on function docket.sync_tasks_json(text, text, bytea, text, jsonb, uuid) is
'Brings a tasks.json and a project into step: what has changed in the file comes in, and the answer
is what the file has to say now.

`slug`, `source_name`, `project_name` and `resolutions` are those of docket.import_tasks_json(),
`content` the bytes that the file has at this moment. Write `new_content` in the place of the file,
at once and only if it still has those bytes; where it is the same, there is nothing to write. What
was to be written is remembered until the file is given again: tasks made here keep the ids that
they got in it, and a change that has not arrived there is not taken for one that was undone. The
same `request_id` again returns the first answer. Returns one row: the report of the import, and the
bytes. Raises what docket.import_tasks_json() raises; PD409 also when somebody else has imported
another content meanwhile.';

revoke all on function docket_private.remember_written(docket.imports, bytea) from public;
revoke all on function docket.sync_tasks_json(text, text, bytea, text, jsonb, uuid) from public;
grant execute on function docket.sync_tasks_json(text, text, bytea, text, jsonb, uuid)
   to docket_admin, docket_app;

commit;
