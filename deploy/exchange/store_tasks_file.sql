-- Deploy pgdocket:exchange/store_tasks_file to pg
-- requires: exchange/imports
-- requires: exchange/read_tasks_file
-- requires: graph/readiness

begin;
set local role docket_owner;

-- What was understood of a task file becomes rows: one statement for each table.
-- Keys that the project has already are told apart as those of one file are: by a number.
create function docket_private.taken_keys(
    project_id uuid,
    tasks      docket_private.file_task[]
) returns table (key_base text, highest bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
as $$
begin
    return query
    select b.key_base, max(coalesce(substring(t.task_key from '~(\d{1,9})$')::bigint, 1))
      from docket.tasks as t
     cross join lateral (
               select regexp_replace(t.task_key, '~\d{1,9}$', '') as key_base offset 0
           ) as b
     where t.project_id = taken_keys.project_id
       and b.key_base in (select f.key_base from unnest(taken_keys.tasks) as f)
     group by b.key_base;
end;
$$;

comment on function docket_private.taken_keys(uuid, docket_private.file_task[]) is
    'The keys of a file that its project has already, each with its highest number.';

create function docket_private.import_workflows(
    project_id      uuid,
    tags            docket_private.file_tag[],
    out workflow_ids uuid[],
    out created     bigint,
    out oddities    docket_private.oddity[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[];
begin
    -- Names in the order of the tags, each once, and never too long.
    select array_agg(
               case when n.n = 1 then n.name else n.name || '~' || n.n end
               order by n.tag_no)
      into v_names
      from (
          select b.name, t.tag_no, row_number() over (partition by b.name order by t.tag_no) as n
            from unnest(import_workflows.tags) as t
           cross join lateral (
                     select coalesce(nullif(left(btrim(t.name), 240), ''), '(unnamed)')
                 ) as b (name)
      ) as n;

    oddities := array(
        select row (t.item_path, 'workflow_exists', to_jsonb(v_names[t.n]),
                    'its tasks join the workflow of that name, which stays as it is')::docket_private.oddity
          from unnest(import_workflows.tags) with ordinality
               as t (tag_no, name, is_first, item_path, content, metadata, n)
          join docket.workflows as w
            on w.project_id = import_workflows.project_id
           and w.name = v_names[t.n]
         order by t.n);

    insert into docket.workflows (workflow_id, project_id, name, metadata)
    select docket_private.new_id(import_workflows.project_id, t.n),
           import_workflows.project_id,
           v_names[t.n],
           case
               when t.metadata is null then '{}'
               else jsonb_build_object('imported', t.metadata)
           end
      from unnest(import_workflows.tags) with ordinality
           as t (tag_no, name, is_first, item_path, content, metadata, n)
     order by t.n
        on conflict on constraint workflows_name_key do nothing;

    get diagnostics created = row_count;

    select array_agg(w.workflow_id order by t.n)
      into workflow_ids
      from unnest(v_names) with ordinality as t (name, n)
      join docket.workflows as w
        on w.project_id = import_workflows.project_id
       and w.name = t.name;
end;
$$;

comment on function docket_private.import_workflows(uuid, docket_private.file_tag[]) is
    'Makes a workflow for each tag, or takes the one of that name. Returns their ids in the order of the tags.';

create function docket_private.numbered_tasks(
    project_id   uuid,
    tasks        docket_private.file_task[],
    out task_keys text[],
    out oddities docket_private.oddity[]
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
as $$
begin
      with keyed as materialized (
          select t.ordinal, t.item_path,
                 docket_private.numbered_key(t.key_base, t.key_number) as wanted,
                 docket_private.numbered_key(
                     t.key_base,
                     case
                         when k.highest is null then t.key_number
                         else k.highest + greatest(t.key_number, 1)
                     end) as task_key
            from unnest(numbered_tasks.tasks) as t
            left join docket_private.taken_keys(
                          numbered_tasks.project_id, numbered_tasks.tasks) as k
              on k.key_base = t.key_base
      )
    select (select array_agg(k.task_key order by k.ordinal) from keyed as k),
           (select array_agg(
                       row (k.item_path, 'key_taken', to_jsonb(k.wanted),
                            format('the project has a task %s already; it was given the key %s',
                                   k.wanted, k.task_key))::docket_private.oddity
                       order by k.ordinal)
              from keyed as k
             where k.task_key <> k.wanted)
      into numbered_tasks.task_keys, numbered_tasks.oddities;
end;
$$;

comment on function docket_private.numbered_tasks(uuid, docket_private.file_task[]) is
    'The keys of a file''s entries, in their order, beside those that the project has.';

create function docket_private.tasks_file_report(
    file docket_private.tasks_file
) returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
      with task as materialized (
          select t.ordinal, t.tag_no, t.depth, t.status, t.priority
            from unnest((tasks_file_report.file).tasks) as t
           where t.is_task
      ), edge as (
          select e.ordinal
            from unnest((tasks_file_report.file).edges) as e
      ), oddity as materialized (
          select o.item_path, o.kind, o.value, o.reason, o.ordinality as n
            from unnest((tasks_file_report.file).oddities) with ordinality as o
      )
    select jsonb_build_object(
               'shape', (tasks_file_report.file).shape,
               'tags', (
                   select jsonb_agg(
                              jsonb_build_object(
                                  'name', t.name,
                                  'tasks', (select count(*) from task as k
                                             where k.tag_no = t.tag_no and k.depth = 1),
                                  'subtasks', (select count(*) from task as k
                                                where k.tag_no = t.tag_no and k.depth > 1))
                              order by t.tag_no)
                     from unnest((tasks_file_report.file).tags) as t),
               'tasks', (select count(*) from task as t where t.depth = 1),
               'subtasks', (select count(*) from task as t where t.depth > 1),
               'dependencies', (select count(*) from edge),
               'statuses', (
                   select coalesce(jsonb_object_agg(s.status, s.how_many), '{}')
                     from (
                         select t.status, count(*) as how_many from task as t group by t.status
                     ) as s),
               'priorities', (
                   select coalesce(jsonb_object_agg(p.priority, p.how_many), '{}')
                     from (
                         select t.priority, count(*) as how_many from task as t group by t.priority
                     ) as p),
               'oddities', (
                   select coalesce(
                              jsonb_agg(
                                  jsonb_build_object(
                                      'path', o.item_path, 'kind', o.kind,
                                      'value', o.value, 'reason', o.reason)
                                  order by o.n),
                              '[]')
                     from oddity as o),
               'counts', (
                   select coalesce(jsonb_object_agg(k.kind, k.how_many), '{}')
                     from (
                         select o.kind, count(*) as how_many from oddity as o group by o.kind
                     ) as k));
$$;

comment on function docket_private.tasks_file_report(docket_private.tasks_file) is
    'What a file has, counted, and its oddities.';

create function docket_private.store_tasks_file(
    project_id  uuid,
    is_new      boolean,
    source_name text,
    content     bytea,
    file        docket_private.tasks_file
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_import_id uuid := docket_private.new_id(store_tasks_file.project_id);
    v_workflows record;
    v_keys      text[];
    v_ids       uuid[];
    v_oddities  docket_private.oddity[];
    v_created   bigint;
    v_edges     bigint;
    v_file      docket_private.tasks_file := store_tasks_file.file;
    v_report    jsonb;
begin
    v_workflows := docket_private.import_workflows(store_tasks_file.project_id, v_file.tags);

    select n.task_keys, n.oddities into v_keys, v_oddities
      from docket_private.numbered_tasks(store_tasks_file.project_id, v_file.tasks) as n;

    v_file.oddities := v_file.oddities || v_workflows.oddities || v_oddities;

    select array_agg(docket_private.new_id(store_tasks_file.project_id, n.n) order by n.n)
      into v_ids
      from generate_series(1, cardinality(v_file.tasks)) as n (n);

    -- A number that a task of the project bears already stays in the file alone.
    insert into docket.tasks (
        task_id, project_id, task_key, legacy_id, workflow_id, parent_task_id, title, description,
        details, test_strategy, status, priority, completed_at, metadata)
    select v_ids[t.ordinal],
           store_tasks_file.project_id,
           v_keys[t.ordinal],
           case
               when store_tasks_file.is_new
                    or not exists (
                           select
                             from docket.tasks as o
                            where o.project_id = store_tasks_file.project_id
                              and o.legacy_id  = t.legacy_id)
               then t.legacy_id
           end,
           v_workflows.workflow_ids[w.n],
           v_ids[t.parent_ordinal],
           t.title, t.description, t.details, t.test_strategy, t.status, t.priority,
           t.completed_at, t.metadata
      from unnest(v_file.tasks) as t
      join unnest(v_file.tags) with ordinality
           as w (tag_no, name, is_first, item_path, content, metadata, n)
        on w.tag_no = t.tag_no
     where t.is_task
     order by t.ordinal;

    get diagnostics v_created = row_count;

    -- Where most of the tasks there are came just now, the planner takes the table for empty, and
    -- every look-up by id for as cheap in any index: 6 s instead of 2 for a file of 3 MB. Not
    -- every time: it keeps another import from doing the same until this one is committed.
    if v_created > (select c.reltuples
                      from pg_catalog.pg_class as c
                     where c.oid = 'docket.tasks'::regclass) then
        analyze docket.tasks;
    end if;

    insert into docket.task_dependencies (task_id, project_id, depends_on_id)
    select v_ids[e.ordinal], store_tasks_file.project_id, v_ids[e.target]
      from unnest(v_file.edges) as e;

    get diagnostics v_edges = row_count;

    v_report :=
        jsonb_build_object(
            'project', (select p.slug
                          from docket.projects as p
                         where p.project_id = store_tasks_file.project_id),
            'project_id', store_tasks_file.project_id,
            'import_id', v_import_id,
            'source_name', store_tasks_file.source_name,
            'byte_size', octet_length(store_tasks_file.content),
            'content_hash', encode(sha256(store_tasks_file.content), 'hex'),
            'dry_run', false,
            'unchanged', false,
            'created', jsonb_build_object(
                'projects', store_tasks_file.is_new::integer,
                'workflows', v_workflows.created,
                'tasks', v_created,
                'dependencies', v_edges))
        || docket_private.tasks_file_report(v_file);

    insert into docket.imports (
        import_id, project_id, source_name, content, content_hash, shape, byte_size, report, metadata)
    values (
        v_import_id, store_tasks_file.project_id, store_tasks_file.source_name,
        store_tasks_file.content, sha256(store_tasks_file.content), v_file.shape,
        octet_length(store_tasks_file.content), v_report,
        case
            when v_file.metadata is null then '{}'
            else jsonb_build_object('imported', v_file.metadata)
        end);

    insert into docket.import_items (
        import_id, project_id, ordinal, tag, item_path, task_id, raw, raw_status, raw_priority)
    select v_import_id, store_tasks_file.project_id, t.ordinal, w.name, t.item_path,
           case when t.is_task then v_ids[t.ordinal] end, t.raw, t.raw_status, t.raw_priority
      from unnest(v_file.tasks) as t
      join unnest(v_file.tags) as w on w.tag_no = t.tag_no
     order by t.ordinal;

    return v_report;
end;
$$;

comment on function docket_private.store_tasks_file(uuid, boolean, text, bytea, docket_private.tasks_file) is
    'Writes a task file into a project whose graph the caller has locked. Returns the report.';

revoke all on function docket_private.taken_keys(uuid, docket_private.file_task[]) from public;
revoke all on function docket_private.import_workflows(uuid, docket_private.file_tag[]) from public;
revoke all on function docket_private.numbered_tasks(uuid, docket_private.file_task[]) from public;
revoke all on function docket_private.tasks_file_report(docket_private.tasks_file) from public;
revoke all on function docket_private.store_tasks_file(uuid, boolean, text, bytea, docket_private.tasks_file)
    from public;

commit;
