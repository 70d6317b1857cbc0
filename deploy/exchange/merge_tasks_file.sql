-- Deploy pgdocket:exchange/merge_tasks_file to pg
-- requires: exchange/merge_pieces
-- requires: exchange/store_tasks_file
-- requires: exchange/task_pieces
-- requires: queue/delete_task

begin;
set local role docket_owner;

-- Another version of a file that was imported before: what has changed only there comes in, what
-- has changed only here stays, and what both have changed is a conflict, which somebody decides.
create type docket_private.tasks_merge as (
    pieces    docket_private.task_piece[],
    verdicts  docket_private.merge_verdict[],
    conflicts docket_private.merge_verdict[]
);

comment on type docket_private.tasks_merge is
    'What is to become of the entries of a new version of a file: each with the task that it is (null: a new one), what is to change here, and what both sides have changed and nobody has decided.';

-- Names that a project's tasks have in the file only by being counted are no names yet: another
-- task may come in under the same one.
create function docket_private.told_pieces(
    pieces  docket_private.task_piece[],
    written jsonb
) returns docket_private.task_piece[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
    v_others jsonb := (
        select coalesce(jsonb_object_agg(p.identity, 'here/' || p.task_id), '{}')
          from unnest(pieces) as p
         where p.ordinal is null
           and written #>> array[p.identity, 'task_id'] is distinct from p.task_id::text);
begin
    if v_others = '{}' then
        return pieces;
    end if;

    return (
        select array_agg(
                   row (p.ordinal, coalesce(v_others ->> p.identity, p.identity), p.task_id,
                        p.tag_no, p.depth, p.parent_ordinal, p.parent_id, p.local_id,
                        case
                            when not p.fields -> 'dependencies' ?| k.names then p.fields
                            else p.fields || jsonb_build_object('dependencies', (
                                select jsonb_agg(coalesce(v_others -> d.name, to_jsonb(d.name))
                                                 order by coalesce(v_others ->> d.name, d.name))
                                  from jsonb_array_elements_text(p.fields -> 'dependencies')
                                       as d (name)))
                        end)::docket_private.task_piece)
          from unnest(pieces) as p
         cross join (
                   select array(select jsonb_object_keys(v_others)) as names
               ) as k);
end;
$$;

comment on function docket_private.told_pieces(docket_private.task_piece[], jsonb) is
    'The pieces of a project; those that the file does not know yet go by "here/" and their task''s id.';

create function docket_private.judged_merge(
    import_row  docket.imports,
    base_file   docket_private.tasks_file,
    file        docket_private.tasks_file,
    resolutions jsonb
) returns docket_private.tasks_merge
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
declare
    v_base    docket_private.task_piece[] := docket_private.file_pieces(base_file);
    v_theirs  docket_private.task_piece[] := docket_private.file_pieces(file);
    v_ours    docket_private.task_piece[] := docket_private.told_pieces(
        docket_private.project_pieces(import_row.project_id, import_row.import_id, base_file),
        import_row.written);
    v_merge   docket_private.tasks_merge;
    v_pieces  docket_private.merge_piece[];
    v_all     docket_private.merge_verdict[];
begin
    -- An entry of the new version is the task that its name was, or the one that was written into
    -- the file under that name; where somebody else has used the name meanwhile, it is a new one.
    v_merge.pieces := array(
        select row (t.ordinal, t.identity, coalesce(i.task_id, w.task_id), t.tag_no, t.depth,
                    t.parent_ordinal, null, null, t.fields)::docket_private.task_piece
          from unnest(v_theirs) as t
          left join unnest(v_base) as b on b.identity = t.identity
          left join docket.import_items as i
            on i.import_id  = import_row.import_id
           and i.project_id = import_row.project_id
           and i.ordinal    = b.ordinal
          left join lateral (
                    select s.task_id, s.fields
                      from jsonb_to_record(import_row.written -> t.identity)
                           as s (task_id uuid, fields jsonb)
                     where b.identity is null
                       and s.fields -> 'title' = t.fields -> 'title'
                ) as w
            on true
         order by t.ordinal);

    v_pieces := array(
          with base as materialized (
              select b.identity, b.fields, i.task_id, true as is_base
                from unnest(v_base) as b
                left join docket.import_items as i
                  on i.import_id  = import_row.import_id
                 and i.project_id = import_row.project_id
                 and i.ordinal    = b.ordinal
          ), theirs as materialized (
              select t.identity, t.fields, t.task_id
                from unnest(v_merge.pieces) as t
          ), both_sides as materialized (
              select coalesce(t.identity, b.identity) as identity, b.fields as base,
                     t.fields as theirs, coalesce(b.task_id, t.task_id) as task_id
                from theirs as t
                full join base as b on b.identity = t.identity
               where b.fields is distinct from t.fields
          )
        select row (s.identity, s.base, import_row.written #> array[s.identity, 'fields'],
                    s.theirs, o.fields)::docket_private.merge_piece
          from both_sides as s
          left join unnest(v_ours) as o on o.task_id = s.task_id
         -- What we moved away in the file is no loss of it.
         where s.theirs is not null
            or not exists (select from theirs as m where m.task_id = s.task_id)
         order by s.identity);

    v_all := array(
        select v
          from docket_private.merge_pieces(v_pieces, '{dependencies}', resolutions) as v
         where v.field is distinct from 'list');

    -- What is to go takes its subtasks along: one that was made here, or stays, is a conflict.
      with removed as materialized (
          select i.task_id, v.identity, v.base, v.ours
            from unnest(v_all) as v
            join unnest(v_base) as b on b.identity = v.identity
            join docket.import_items as i
              on i.import_id  = import_row.import_id
             and i.project_id = import_row.project_id
             and i.ordinal    = b.ordinal
           where v.field is null
             and v.theirs is null
             and v.verdict = 'theirs'
             and not v.is_conflict
      ), held as (
          select distinct r.identity, r.base, r.ours
            from removed as r
            join docket.tasks as c
              on c.parent_task_id = r.task_id
             and c.project_id = import_row.project_id
             and c.archived_at is null
           where not exists (select from removed as o where o.task_id = c.task_id)
      )
    select array(
               select case
                          when h.identity is null then v
                          else row (v.identity, null, v.base, null, v.ours,
                                    coalesce(docket_private.resolution_of(
                                        resolutions, v.identity, null), 'conflict'),
                                    true, v.ours)::docket_private.merge_verdict
                      end
                 from unnest(v_all) as v
                 left join held as h
                   on h.identity = v.identity
                  and v.field is null)
      into v_all;

    v_merge.conflicts := array(select v from unnest(v_all) as v where v.verdict = 'conflict');
    v_merge.verdicts  := array(select v from unnest(v_all) as v
                                where v.verdict in ('theirs', 'both'));
    return v_merge;
end;
$$;

comment on function docket_private.judged_merge(docket.imports, docket_private.tasks_file, docket_private.tasks_file, jsonb) is
    'What is to become of a new version of an imported file.';

create function docket_private.conflict_list(
    conflicts docket_private.merge_verdict[]
) returns jsonb
language sql
immutable
begin atomic
    select coalesce(jsonb_agg(
               jsonb_build_object(
                   'identity', c.identity, 'field', c.field, 'base', c.base, 'theirs', c.theirs,
                   'ours', c.ours)
               order by c.n), '[]')
      from (
          select v.identity, v.field, v.base, v.theirs, v.ours, v.n
            from unnest(conflict_list.conflicts) with ordinality
                 as v (identity, field, base, theirs, ours, verdict, is_conflict, value, n)
           order by v.n
           limit 100
      ) as c;
end;

comment on function docket_private.conflict_list(docket_private.merge_verdict[]) is
    'The first hundred conflicts, for a report.';

create function docket_private.refuse_conflicts(
    source_name text,
    conflicts   docket_private.merge_verdict[]
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(conflicts) = 0 then
        return;
    end if;
    raise exception '% and this project have both changed %', source_name,
                    (select string_agg(s.place, ', ' order by s.n)
                       from (
                           select coalesce(c.identity || ': ' || c.field, c.identity) as place, c.n
                             from unnest(conflicts) with ordinality
                                  as c (identity, field, base, theirs, ours, verdict, is_conflict,
                                        value, n)
                            order by c.n
                            limit 5
                       ) as s)
                    || case when cardinality(conflicts) > 5
                            then format(' and %s more', cardinality(conflicts) - 5) else '' end
        using errcode = 'PD409',
              detail  = jsonb_build_object(
                            'how_many', cardinality(conflicts),
                            'conflicts', docket_private.conflict_list(conflicts))::text,
              hint    = 'Say whose side counts: resolutions {"*": "ours"} or {"*": "theirs"}, or by task and field.';
end;
$$;

comment on function docket_private.refuse_conflicts(text, docket_private.merge_verdict[]) is
    'Raises PD409 where there are conflicts that nobody has decided.';

-- The statuses that a file gives: at once where the state machine lets them, else by way of
-- pending. Who works on such a task loses it.
create function docket_private.take_statuses(
    project_id uuid,
    task_ids   uuid[],
    statuses   text[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update docket.tasks as t
       set status = 'pending'
      from unnest(task_ids, statuses) as s (task_id, status)
     where t.task_id = s.task_id
       and t.project_id = take_statuses.project_id
       and t.status not in (s.status, 'pending')
       and (t.attempt_id is not null
            or not exists (
                   select
                     from docket.task_transitions as x
                    where x.from_status = t.status
                      and x.to_status = s.status));

    update docket.tasks as t
       set status = s.status
      from unnest(task_ids, statuses) as s (task_id, status)
     where t.task_id = s.task_id
       and t.project_id = take_statuses.project_id
       and t.status <> s.status;
end;
$$;

comment on function docket_private.take_statuses(uuid, uuid[], text[]) is
    'Gives tasks, which the caller has locked, other statuses, by way of pending where it has to be.';

create function docket_private.merged_metadata(
    metadata jsonb,
    changes  jsonb
) returns jsonb
language sql
immutable
begin atomic
      with imported as (
          select coalesce(jsonb_object_agg(m.key, m.value), '{}') as members
            from (
                select o.key, o.value
                  from jsonb_each(coalesce(merged_metadata.metadata -> 'imported', '{}')) as o
                 where not merged_metadata.changes ? ('imported.' || o.key)
                 union all
                select substring(c.key from 10), c.value -> 'is'
                  from jsonb_each(merged_metadata.changes) as c
                 where starts_with(c.key, 'imported.')
                   and c.value ? 'is'
            ) as m
      )
    select case
               when i.members = '{}' then merged_metadata.metadata - 'imported'
               else merged_metadata.metadata || jsonb_build_object('imported', i.members)
           end
      from imported as i;
end;

comment on function docket_private.merged_metadata(jsonb, jsonb) is
    'Metadata with other keys of the file: {"imported.key": {"is": value}}, or {} where it is gone.';

-- Dependencies that come in. One that would close a cycle with what was made here is a conflict
-- of its own, found when all of them together are refused.
create function docket_private.take_dependencies(
    project_id     uuid,
    task_ids       uuid[],
    depends_on_ids uuid[]
) returns integer[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_refused integer[] := '{}';
begin
    begin
        insert into docket.task_dependencies (task_id, project_id, depends_on_id)
        select e.task_id, take_dependencies.project_id, e.depends_on_id
          from unnest(task_ids, depends_on_ids) as e (task_id, depends_on_id)
            on conflict on constraint task_dependencies_pkey do nothing;
        return v_refused;
    exception
        when sqlstate 'PDCYC' then
            null;
    end;

    for v_n in 1 .. cardinality(task_ids) loop
        begin
            insert into docket.task_dependencies (task_id, project_id, depends_on_id)
            values (task_ids[v_n], take_dependencies.project_id, depends_on_ids[v_n])
                on conflict on constraint task_dependencies_pkey do nothing;
        exception
            when sqlstate 'PDCYC' then
                v_refused := v_refused || v_n;
        end;
    end loop;

    return v_refused;
end;
$$;

comment on function docket_private.take_dependencies(uuid, uuid[], uuid[]) is
    'Adds dependencies, and returns the numbers of those that would close a cycle.';

-- The caller holds the graph's key. Then the tasks, by id; nobody changes them until the end, and
-- they are judged as they are then.
create function docket_private.lock_imported_tasks(
    import_row docket.imports,
    base_file  docket_private.tasks_file,
    file       docket_private.tasks_file
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
    v_ids uuid[] := array(
          with theirs as (
              select t.identity, t.raw::text as raw from unnest(file.tasks) as t
          ), changed as materialized (
              select b.ordinal
                from unnest(base_file.tasks) as b
                left join theirs as t on t.identity = b.identity
               where t.raw is distinct from b.raw::text
          )
        select i.task_id
          from docket.import_items as i
          join changed as c on c.ordinal = i.ordinal
         where i.import_id  = import_row.import_id
           and i.project_id = import_row.project_id
           and i.task_id is not null
         union
        select (w.value ->> 'task_id')::uuid
          from jsonb_each(import_row.written) as w);
begin
    perform
       from docket.tasks as t
      where t.task_id = any (v_ids)
        and t.project_id = import_row.project_id
      order by t.task_id
        for no key update;
end;
$$;

comment on function docket_private.lock_imported_tasks(docket.imports, docket_private.tasks_file, docket_private.tasks_file) is
    'Locks the tasks whose entries differ between two versions of a file.';

create function docket_private.merge_tasks_file(
    import_row  docket.imports,
    base_file   docket_private.tasks_file,
    file        docket_private.tasks_file,
    content     bytea,
    resolutions jsonb,
    is_dry      boolean
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
declare
    v_project_id constant uuid := import_row.project_id;
    v_merge      docket_private.tasks_merge;
    v_workflows  record;
    v_tags       docket_private.file_tag[];
    v_tag_ids    jsonb;
    v_new        docket_private.file_task[];
    v_keys       record;
    v_ids        jsonb;
    v_changes    jsonb;
    v_gone       uuid[];
    v_edges      jsonb;
    v_refused    integer[];
    v_created    bigint;
    v_updated    bigint;
    v_added      bigint;
    v_removed    bigint;
    v_report     jsonb;
begin
    perform docket_private.lock_imported_tasks(import_row, base_file, file);
    v_merge := docket_private.judged_merge(import_row, base_file, file, resolutions);
    if not is_dry then
        perform docket_private.refuse_conflicts(import_row.source_name, v_merge.conflicts);
    end if;

    -- Tags that are new become workflows; the others are what they were.
    v_tags := array(
        select t
          from unnest(file.tags) as t
          join docket_private.tag_workflows(v_project_id, import_row.import_id, file.tags) as w
            on w.tag_no = t.tag_no
         where w.workflow_id is null
         order by t.tag_no);
    v_workflows := docket_private.import_workflows(v_project_id, v_tags);
    v_tag_ids := (
        select jsonb_object_agg(w.tag_no, w.workflow_id)
          from docket_private.tag_workflows(v_project_id, import_row.import_id, file.tags) as w);

    -- Entries that are new, and those that are wanted back although their task is gone for good.
    v_new := array(
        select t
          from unnest(file.tasks) as t
          join unnest(v_merge.pieces) as p on p.ordinal = t.ordinal
          join unnest(v_merge.verdicts) as v on v.identity = p.identity and v.field is null
         where v.theirs is not null
           and p.task_id is null
         order by t.ordinal);
    v_keys := docket_private.numbered_tasks(v_project_id, v_new);
    -- The task of every entry, by its identity, also of those that are only in the base.
    v_ids := (
        select jsonb_object_agg(b.identity, i.task_id)
          from unnest(base_file.tasks) as b
          join docket.import_items as i
            on i.import_id  = import_row.import_id
           and i.project_id = v_project_id
           and i.ordinal    = b.ordinal
         where i.task_id is not null)
        || coalesce((
            select jsonb_object_agg(p.identity, p.task_id)
              from unnest(v_merge.pieces) as p
             where p.task_id is not null), '{}')
        || coalesce((
            select jsonb_object_agg(n.identity, docket_private.new_id(v_project_id, n.n))
              from unnest(array(select t.identity from unnest(v_new) as t order by t.ordinal))
                   with ordinality as n (identity, n)), '{}');
    v_ids := coalesce(v_ids, '{}');

    insert into docket.tasks (
        task_id, project_id, task_key, legacy_id, workflow_id, parent_task_id, title, description,
        details, test_strategy, status, priority, completed_at, metadata)
    select (v_ids ->> t.identity)::uuid, v_project_id, k.task_key,
           case
               when not exists (
                        select
                          from docket.tasks as o
                         where o.project_id = v_project_id
                           and o.legacy_id  = t.legacy_id)
               then t.legacy_id
           end,
           (v_tag_ids ->> t.tag_no::text)::uuid,
           (v_ids ->> u.identity)::uuid,
           t.title, t.description, t.details, t.test_strategy, t.status, t.priority,
           t.completed_at, t.metadata
      from unnest(v_new) with ordinality
           as t (ordinal, parent_ordinal, tag_no, depth, item_path, is_task, raw, raw_status,
                 raw_priority, key_base, key_number, legacy_id, title, description, details,
                 test_strategy, status, priority, completed_at, metadata, identity, n)
      join unnest(v_keys.task_keys) with ordinality as k (task_key, n) on k.n = t.n
      left join unnest(file.tasks) as u on u.ordinal = t.parent_ordinal
     order by t.n;
    get diagnostics v_created = row_count;

    -- Tasks that were put away here and are wanted back have all their fields from the file.
    v_changes := (
        select jsonb_object_agg(c.task_id, c.fields)
          from (
              select v_ids ->> v.identity as task_id,
                     jsonb_object_agg(
                         f.key,
                         case when f.value is null then '{}'
                              else jsonb_build_object('is', f.value) end) as fields
                from unnest(v_merge.verdicts) as v
                join unnest(v_merge.pieces) as p on p.identity = v.identity
               cross join lateral (
                         select v.field as key, v.value
                          where v.field is not null
                          union all
                         select e.key, e.value
                           from jsonb_each(case when v.field is null then v.theirs end) as e
                     ) as f
               where p.task_id is not null
               group by v.identity
          ) as c);
    v_changes := coalesce(v_changes, '{}');

    update docket.tasks as t
       set title         = coalesce(c.fields #>> '{title,is}', t.title),
           description   = case when c.fields ? 'description'
                                then c.fields #>> '{description,is}' else t.description end,
           details       = case when c.fields ? 'details'
                                then c.fields #>> '{details,is}' else t.details end,
           test_strategy = case when c.fields ? 'testStrategy'
                                then c.fields #>> '{testStrategy,is}' else t.test_strategy end,
           priority      = coalesce((c.fields #>> '{priority,is}')::smallint, t.priority),
           metadata      = case when c.fields::text ~ '"imported\.'
                                then docket_private.merged_metadata(t.metadata, c.fields)
                                else t.metadata end,
           archived_at   = null
      from (
          select e.key::uuid as task_id, e.value as fields from jsonb_each(v_changes) as e
      ) as c
     where t.task_id = c.task_id
       and t.project_id = v_project_id;
    get diagnostics v_updated = row_count;

    -- What comes in, or comes back, takes along what it is a part of.
      with recursive holder as (
          select t.parent_task_id as task_id
            from docket.tasks as t
           where t.project_id = v_project_id
             and t.task_id in (
                     select (v_ids ->> v.identity)::uuid
                       from unnest(v_merge.verdicts) as v
                      where v.field is null
                        and v.theirs is not null)
           union
          select t.parent_task_id
            from holder as h
            join docket.tasks as t
              on t.task_id = h.task_id
             and t.project_id = v_project_id
      )
    update docket.tasks as t
       set archived_at = null
      from holder as h
     where t.task_id = h.task_id
       and t.project_id = v_project_id
       and t.archived_at is not null;

    perform docket_private.take_statuses(
        v_project_id,
        array(select c.key::uuid from jsonb_each(v_changes) as c
               where c.value #> '{status,is}' is not null order by c.key),
        array(select c.value #>> '{status,is}' from jsonb_each(v_changes) as c
               where c.value #> '{status,is}' is not null order by c.key));

    -- Dependencies: what is to be, against what is.
      with wanted as materialized (
          select v.identity, (v_ids ->> v.identity)::uuid as task_id,
                 case when v.field is null then v.theirs -> 'dependencies' else v.value end
                     as names,
                 coalesce(case when v.field is null then null else v.ours end, '[]') as were
            from unnest(v_merge.verdicts) as v
           where v.field = 'dependencies'
              or v.field is null and v.theirs is not null
      ), edge as (
          select w.identity, w.task_id, n.name, w.names ? n.name as is_wanted,
                 case
                     when starts_with(n.name, 'here/') then substring(n.name from 6)::uuid
                     else (v_ids ->> n.name)::uuid
                 end as depends_on_id
            from wanted as w
           cross join lateral (
                     select jsonb_array_elements_text(w.names) as name
                      union
                     select jsonb_array_elements_text(w.were)
                 ) as n
           where (w.names ? n.name) <> (w.were ? n.name)
      )
    select jsonb_build_object(
               'removed', jsonb_agg(to_jsonb(e)) filter (where not e.is_wanted),
               'added', jsonb_agg(to_jsonb(e)) filter (
                   where e.is_wanted and exists (
                       select
                         from docket.tasks as t
                        where t.task_id = e.depends_on_id
                          and t.project_id = v_project_id
                          and t.archived_at is null)))
      into v_edges
      from edge as e;

    delete from docket.task_dependencies as d
     using jsonb_to_recordset(nullif(v_edges -> 'removed', 'null'))
           as e (task_id uuid, depends_on_id uuid)
     where d.task_id = e.task_id
       and d.project_id = v_project_id
       and d.dependency_type = 'blocks'
       and d.depends_on_id = e.depends_on_id;
    get diagnostics v_removed = row_count;

    -- Tasks that are gone from the file are put away, as docket.delete_task() does.
    v_gone := array(
        select (v_ids ->> v.identity)::uuid
          from unnest(v_merge.verdicts) as v
         where v.field is null
           and v.theirs is null
           and v_ids ? v.identity);
    if exists (select from unnest(v_merge.verdicts) as v
                where v.field is null and v.theirs is null and v.is_conflict) then
        -- Whoever decided so, decided for what is below.
        v_gone := array(
            select distinct b.task_id
              from unnest(v_gone) as g (task_id)
             cross join lateral unnest(
                       docket_private.task_with_subtasks(v_project_id, g.task_id)) as b (task_id)
             where not exists (
                       select from unnest(v_merge.pieces) as p where p.task_id = b.task_id));
    end if;

    delete from docket.task_dependencies as d
     where (d.task_id = any (v_gone) or d.depends_on_id = any (v_gone))
       and d.project_id = v_project_id;

    update docket.tasks as t
       set status      = case t.status when 'in_progress' then 'cancelled' else t.status end,
           archived_at = docket.clock()
     where t.task_id = any (v_gone)
       and t.project_id = v_project_id
       and t.archived_at is null;

    select docket_private.take_dependencies(
               v_project_id, array_agg(e.task_id), array_agg(e.depends_on_id)),
           count(*)
      into v_refused, v_added
      from jsonb_to_recordset(nullif(v_edges -> 'added', 'null'))
           as e (task_id uuid, depends_on_id uuid);
    v_refused := array(
        select r.n
          from unnest(v_refused) as r (n)
         where docket_private.resolution_of(
                   resolutions, v_edges -> 'added' -> (r.n - 1) ->> 'identity', 'dependencies')
               is distinct from 'ours');
    v_merge.conflicts := v_merge.conflicts || array(
        select row (e.value ->> 'identity', 'dependencies', null, e.value -> 'name', null,
                    'conflict', true, null)::docket_private.merge_verdict
          from jsonb_array_elements(nullif(v_edges -> 'added', 'null')) with ordinality
               as e (value, n)
         where e.n = any (v_refused));
    if not is_dry then
        perform docket_private.refuse_conflicts(import_row.source_name, v_merge.conflicts);
    end if;

    v_report :=
        jsonb_build_object(
            'project', (select p.slug from docket.projects as p
                         where p.project_id = v_project_id),
            'project_id', v_project_id,
            'import_id', import_row.import_id,
            'source_name', import_row.source_name,
            'byte_size', octet_length(content),
            'content_hash', encode(sha256(content), 'hex'),
            'dry_run', false,
            'unchanged', false,
            'created', jsonb_build_object(
                'projects', 0, 'workflows', v_workflows.created, 'tasks', v_created,
                'dependencies', v_added - cardinality(v_refused)),
            'updated', v_updated,
            'removed', jsonb_build_object(
                'tasks', cardinality(v_gone), 'dependencies', v_removed),
            'conflicts', docket_private.conflict_list(v_merge.conflicts))
        || docket_private.tasks_file_report(file);

    perform docket_private.keep_version(import_row, file, content, v_merge, v_ids, v_report);
    return v_report;
end;
$$;

comment on function docket_private.merge_tasks_file(docket.imports, docket_private.tasks_file, docket_private.tasks_file, bytea, jsonb, boolean) is
    'Takes in another version of an imported file, whose project''s graph the caller has locked. Returns the report. Raises PD409 for conflicts.';

-- The new version is what both sides have agreed on from now on.
create function docket_private.keep_version(
    import_row docket.imports,
    file       docket_private.tasks_file,
    content    bytea,
    merge      docket_private.tasks_merge,
    ids        jsonb,
    report     jsonb
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
begin
    update docket.imports as i
       set content      = keep_version.content,
           content_hash = sha256(keep_version.content),
           byte_size    = octet_length(keep_version.content),
           shape        = file.shape,
           report       = keep_version.report,
           content_at   = docket.clock(),
           -- What has come back is known; what has not may still come.
           written      = coalesce((
               select jsonb_object_agg(w.key, w.value)
                 from jsonb_each(i.written) as w
                 left join unnest(merge.pieces) as p on p.identity = w.key
                where p.identity is null), '{}')
     where i.import_id  = import_row.import_id
       and i.project_id = import_row.project_id;

    delete from docket.import_items as i
     where i.import_id  = import_row.import_id
       and i.project_id = import_row.project_id;

    insert into docket.import_items (
        import_id, project_id, ordinal, tag, item_path, task_id, raw, raw_status, raw_priority)
    select import_row.import_id, import_row.project_id, t.ordinal, w.name, t.item_path,
           (ids ->> t.identity)::uuid, t.raw, t.raw_status, t.raw_priority
      from unnest(file.tasks) as t
      join unnest(file.tags) as w on w.tag_no = t.tag_no
     order by t.ordinal;
end;
$$;

comment on function docket_private.keep_version(docket.imports, docket_private.tasks_file, bytea, docket_private.tasks_merge, jsonb, jsonb) is
    'Keeps the bytes and the entries of a new version of a file in the place of the old.';

revoke all on function docket_private.told_pieces(docket_private.task_piece[], jsonb) from public;
revoke all on function docket_private.judged_merge(docket.imports, docket_private.tasks_file, docket_private.tasks_file, jsonb)
    from public;
revoke all on function docket_private.conflict_list(docket_private.merge_verdict[]) from public;
revoke all on function docket_private.refuse_conflicts(text, docket_private.merge_verdict[])
    from public;
revoke all on function docket_private.take_statuses(uuid, uuid[], text[]) from public;
revoke all on function docket_private.merged_metadata(jsonb, jsonb) from public;
revoke all on function docket_private.take_dependencies(uuid, uuid[], uuid[]) from public;
revoke all on function docket_private.lock_imported_tasks(docket.imports, docket_private.tasks_file, docket_private.tasks_file)
    from public;
revoke all on function docket_private.merge_tasks_file(docket.imports, docket_private.tasks_file, docket_private.tasks_file, bytea, jsonb, boolean)
    from public;
revoke all on function docket_private.keep_version(docket.imports, docket_private.tasks_file, bytea, docket_private.tasks_merge, jsonb, jsonb)
    from public;

commit;
