-- Deploy pgdocket:exchange/store_beads_file to pg
-- requires: context/put_context
-- requires: exchange/beads_file
-- requires: exchange/file_dependencies
-- requires: exchange/imports
-- requires: graph/readiness

begin;
set local role docket_owner;

-- Issues of a beads file become tasks, with what binds them: what can be stored is told apart
-- from what can not before anything is written, so that no file is refused for a bad dependency.
create type docket_private.beads_edge as (
    n               integer,
    place           bigint,
    pair            jsonb,
    target          integer,
    dependency_type text,
    kind            text
);

comment on type docket_private.beads_edge is
    'A dependency of an issue, by the number of its line: [type, issue] as written, the line of the other issue, the type here ("parent" for a parent), and why it can not be stored; null where it can.';

create function docket_private.beads_edges(lines docket_private.beads_line[])
returns docket_private.beads_edge[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
declare
    v_edges   docket_private.beads_edge[];
    v_ns      integer[];
    v_targets integer[];
    v_cyclic  boolean[];
begin
      with issue as materialized (
          select l.n, l.issue_id, l.fields
            from unnest(beads_edges.lines) as l
           where l.kind = 'issue'
      ), found as (
          select i.n, d.place, d.pair, o.n as target,
                 case
                     when d.pair ->> 0 = 'parent-child' then 'parent'
                     else docket_private.known_bead_dependency(d.pair ->> 0)
                 end as dependency_type
            from issue as i
           cross join lateral jsonb_array_elements(i.fields -> 'dependencies')
                 with ordinality as d (pair, place)
            left join issue as o on o.issue_id = d.pair ->> 1
      ), judged as (
          -- The first of those that name an issue counts.
          select f.*,
                 case
                     when f.target is null then 'dangling_dependency'
                     when f.target = f.n then 'self_dependency'
                     when row_number() over (
                              partition by f.n, f.dependency_type,
                                           case when f.dependency_type <> 'parent'
                                                then f.target end
                              order by f.target is null or f.target = f.n, f.place) > 1
                     then case f.dependency_type
                              when 'parent' then 'second_parent'
                              else 'duplicate_dependency'
                          end
                 end as kind
            from found as f
      )
    select array_agg(
               row (j.n, j.place, j.pair, j.target, j.dependency_type, j.kind
               )::docket_private.beads_edge
               order by j.n, j.place)
      into v_edges
      from judged as j;

    -- Parents first: they make no loop.
    select array_agg(e.n order by e.n), array_agg(e.target order by e.n)
      into v_ns, v_targets
      from unnest(v_edges) as e
     where e.dependency_type = 'parent'
       and e.kind is null;
    v_cyclic := docket_private.cyclic_edges(coalesce(v_ns, '{}'), coalesce(v_targets, '{}'));

    select array_agg(
               row (e.n, e.place, e.pair, e.target, e.dependency_type,
                    case when c.n is not null then 'cyclic_parent' else e.kind end
               )::docket_private.beads_edge
               order by e.n, e.place)
      into v_edges
      from unnest(v_edges) as e
      left join (
          select c.n
            from unnest(v_ns, v_cyclic) as c (n, is_cyclic)
           where c.is_cyclic
      ) as c
        on c.n = e.n
       and e.dependency_type = 'parent'
       and e.kind is null;

    -- Then what would make a task wait for its own ancestor, or for a part of it.
      with recursive parent as materialized (
          select e.n, e.target
            from unnest(v_edges) as e
           where e.dependency_type = 'parent'
             and e.kind is null
      ), above as (
          select p.n, p.target
            from parent as p
           union all
          select a.n, p.target
            from above as a
            join parent as p on p.n = a.target
      ), kin as (
          select e.n, e.place
            from unnest(v_edges) as e
            join above as a
              on a.n = e.n and a.target = e.target
           where e.dependency_type = 'blocks'
           union all
          select e.n, e.place
            from unnest(v_edges) as e
            join above as a
              on a.n = e.target and a.target = e.n
           where e.dependency_type = 'blocks'
      )
    select array_agg(
               row (e.n, e.place, e.pair, e.target, e.dependency_type,
                    case
                        when k.n is not null and e.kind is null then 'ancestor_dependency'
                        else e.kind
                    end)::docket_private.beads_edge
               order by e.n, e.place)
      into v_edges
      from unnest(v_edges) as e
      left join kin as k
        on k.n = e.n
       and k.place = e.place;

    -- And last what goes round.
    select array_agg(e.n order by e.n, e.place), array_agg(e.target order by e.n, e.place)
      into v_ns, v_targets
      from unnest(v_edges) as e
     where e.dependency_type = 'blocks'
       and e.kind is null;
    v_cyclic := docket_private.cyclic_edges(coalesce(v_ns, '{}'), coalesce(v_targets, '{}'));

    return (
        select array_agg(
                   row (e.n, e.place, e.pair, e.target, e.dependency_type,
                        case when c.n is not null then 'cyclic_dependency' else e.kind end
                   )::docket_private.beads_edge
                   order by e.n, e.place)
          from unnest(v_edges) as e
          left join (
              select c.n, c.target
                from unnest(v_ns, v_targets, v_cyclic) as c (n, target, is_cyclic)
               where c.is_cyclic
          ) as c
            on c.n = e.n
           and c.target = e.target
           and e.dependency_type = 'blocks'
           and e.kind is null);
end;
$$;

comment on function docket_private.beads_edges(docket_private.beads_line[]) is
    'The dependencies of a file''s issues, each with the reason if it can not be stored: what is left has no cycle, one parent for each issue, and none waits for its own ancestor.';

create function docket_private.beads_oddities(
    content  bytea,
    lines    docket_private.beads_line[],
    edges    docket_private.beads_edge[],
    stand_in text
) returns docket_private.oddity[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
begin
    return array(
          with line as materialized (
              select l.*
                from unnest(beads_oddities.lines) as l
          ), odd as (
              select 0 as n, 0::bigint as place, null as key, 'byte_order_mark' as kind,
                     null::jsonb as value, 'it is kept with the bytes' as reason
               where substring(beads_oddities.content from 1 for 3) = '\xefbbbf'
               union all
              select l.n, 0, null, 'unknown_record',
                     docket_private.shown_json(l.source, beads_oddities.stand_in),
                     'it is no issue; it is kept as written only'
                from line as l
               where l.kind = 'other'
               union all
              select l.n, 0, 'id', 'duplicate_id', to_jsonb(l.issue_id),
                     'another line with this id was updated later, and counts'
                from line as l
               where l.kind = 'repeated'
               union all
              select l.n, 0, 'title', 'missing_title', null, 'the id became the title'
                from line as l
               where l.kind = 'issue'
                 and btrim(coalesce(l.fields ->> 'title', ''), e' \t\n\r') = ''
               union all
              select l.n, 0, 'title', 'long_title', null,
                     'cut after 255 characters; the whole is in the file'
                from line as l
               where length(l.fields ->> 'title') > 255
               union all
              select l.n, 0, 'status', 'unknown_status', l.fields -> 'status',
                     'imported as pending'
                from line as l
               where l.kind = 'issue'
                 and docket_private.known_bead_status(l.fields ->> 'status') is null
               union all
              select l.n, 0, 'priority', 'unknown_priority', l.fields -> 'priority',
                     'imported as 5'
                from line as l
               where l.fields -> 'priority' <> 'null'
                 and docket_private.known_bead_priority(l.fields -> 'priority') is null
               union all
              select l.n, 0, null, 'unstorable_character', null,
                     'in rows U+0000 is left out, half a surrogate pair is U+FFFD'
                from line as l
               where strpos(l.source::text, beads_oddities.stand_in) > 0
               union all
              select l.n, 0, r.item_path[1], r.kind, null, r.reason
                from line as l
               cross join lateral docket_private.repeated_keys(
                             l.source, '{}', beads_oddities.stand_in) as r
               union all
              select e.n, e.place, 'dependencies', coalesce(e.kind, 'unknown_dependency'), e.pair,
                     case e.kind
                         when 'dangling_dependency' then 'the file has no such issue'
                         when 'self_dependency' then 'a task can not wait for itself'
                         when 'duplicate_dependency' then 'it is there already'
                         when 'second_parent' then 'a task has one parent, the first'
                         when 'cyclic_parent' then 'parents would go round'
                         when 'ancestor_dependency'
                         then 'a task and a part of it can not wait for each other'
                         when 'cyclic_dependency' then 'it would close a cycle'
                         else 'stored as related'
                     end
                from unnest(beads_oddities.edges) as e
               where e.kind is not null
                  or e.dependency_type = 'related'
                 and e.pair ->> 0 not in ('related', 'relates-to')
          )
        select row (
                   array_remove(array[nullif(o.n, 0)::text, o.key], null), o.kind, o.value, o.reason
               )::docket_private.oddity
          from odd as o
         order by o.n, o.place, o.key nulls first, o.kind);
end;
$$;

comment on function docket_private.beads_oddities(bytea, docket_private.beads_line[], docket_private.beads_edge[], text) is
    'What of a beads file rows can not say, by the number of the line.';

create function docket_private.beads_report(
    lines    docket_private.beads_line[],
    edges    docket_private.beads_edge[],
    oddities docket_private.oddity[]
) returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
      with line as materialized (
          select l.kind,
                 coalesce(l.fields ->> 'task_status',
                          docket_private.known_bead_status(l.fields ->> 'status')) as status,
                 p.n is not null as is_part
            from unnest(beads_report.lines) as l
            left join (
                select e.n
                  from unnest(beads_report.edges) as e
                 where e.dependency_type = 'parent'
                   and e.kind is null
            ) as p
              on p.n = l.n
      )
    select jsonb_build_object(
               'shape', 'beads',
               'tasks', (select count(*) from line as l where l.kind = 'issue' and not l.is_part),
               'subtasks', (select count(*) from line as l where l.kind = 'issue' and l.is_part),
               'dependencies', (
                   select count(*)
                     from unnest(beads_report.edges) as e
                    where e.kind is null
                      and e.dependency_type <> 'parent'),
               'records', (
                   select coalesce(jsonb_object_agg(k.kind, k.how_many), '{}')
                     from (
                         select l.kind, count(*) as how_many from line as l group by l.kind
                     ) as k),
               'statuses', (
                   select coalesce(jsonb_object_agg(s.status, s.how_many), '{}')
                     from (
                         select coalesce(l.status, 'pending') as status, count(*) as how_many
                           from line as l
                          where l.kind = 'issue'
                          group by 1
                     ) as s),
               'oddities', (
                   select coalesce(
                              jsonb_agg(
                                  jsonb_build_object(
                                      'path', o.item_path, 'kind', o.kind,
                                      'value', o.value, 'reason', o.reason)
                                  order by o.n),
                              '[]')
                     from unnest(beads_report.oddities)
                          with ordinality as o (item_path, kind, value, reason, n)),
               'counts', (
                   select coalesce(jsonb_object_agg(k.kind, k.how_many), '{}')
                     from (
                         select o.kind, count(*) as how_many
                           from unnest(beads_report.oddities) as o
                          group by o.kind
                     ) as k));
$$;

comment on function docket_private.beads_report(docket_private.beads_line[], docket_private.beads_edge[], docket_private.oddity[]) is
    'What a beads file has, counted, and its oddities.';

-- Keys that the project has already get a number.
create function docket_private.beads_keys(
    project_id uuid,
    issue_ids  text[]
) returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
begin
    return array(
          with taken as materialized (
              select b.key_base,
                     max(coalesce(substring(t.task_key from '~(\d{1,9})$')::bigint, 1)) as highest
                from docket.tasks as t
               cross join lateral (
                         select regexp_replace(t.task_key, '~\d{1,9}$', '') as key_base offset 0
                     ) as b
               where t.project_id = beads_keys.project_id
               group by b.key_base
          )
        select left(i.issue_id, 230) || case
                   when t.key_base is not null or i.twin > 1
                   then '~' || coalesce(t.highest, 1) + greatest(i.twin, 1)
                        - case when t.key_base is null then 1 else 0 end
                   else ''
               end
          from (
              select i.issue_id, i.n, b.key_base,
                     row_number() over (partition by b.key_base order by i.n) as twin
                from unnest(beads_keys.issue_ids) with ordinality as i (issue_id, n)
               cross join lateral (
                         select regexp_replace(left(i.issue_id, 230), '~\d{1,9}$', '') as key_base
                         offset 0
                     ) as b
          ) as i
          left join taken as t on t.key_base = i.key_base
         order by i.n);
end;
$$;

comment on function docket_private.beads_keys(uuid, text[]) is
    'The keys of new issues, in their order, beside those that the project has.';

-- What was said about an issue, for whoever reads about the task.
create function docket_private.store_beads_notes(
    lines    docket_private.beads_line[],
    task_ids uuid[],
    stand_in text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket.put_context(
                l.task_id, 'notes',
                jsonb_strip_nulls(jsonb_build_object(
                    'notes', docket_private.text_of(f.notes, store_beads_notes.stand_in),
                    'comments', docket_private.kept_jsonb(f.comments, store_beads_notes.stand_in))))
       from unnest(store_beads_notes.lines) with ordinality
            as i (n, kind, issue_id, source, fields, k)
       join unnest(store_beads_notes.task_ids) with ordinality as l (task_id, k) on l.k = i.k
      cross join lateral json_to_record(i.source) as f (notes json, comments json)
      where l.task_id is not null
        and (coalesce(f.notes #>> '{}', '') <> ''
             or json_typeof(f.comments) = 'array' and json_array_length(f.comments) > 0);
end;
$$;

comment on function docket_private.store_beads_notes(docket_private.beads_line[], uuid[], text) is
    'Keeps notes and comments of issues as a context "notes" of their tasks.';

create function docket_private.bead_others(
    source   json,
    stand_in text
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_nestloop = on
as $$
begin
    return (
        select docket_private.kept_jsonb(
                   json_object_agg(e.key, e.value order by e.n)
                       filter (where e.key not in (
                           'id', 'title', 'description', 'design', 'acceptance_criteria',
                           'labels', 'assignee', 'dependencies', 'notes', 'comments', 'body')),
                   bead_others.stand_in)
          from json_each(bead_others.source) with ordinality as e (key, value, n));
end;
$$;

comment on function docket_private.bead_others(json, text) is
    'What a masked issue says that tasks do not, or not exactly so; null for nothing.';

-- One statement for the tasks and one for their dependencies. Parents may be tasks that were there
-- before; dependencies on those are left to the caller.
create function docket_private.add_beads(
    project_id   uuid,
    issues       docket_private.beads_line[],
    edges        docket_private.beads_edge[],
    known_ns     integer[],
    known_ids    uuid[],
    stand_in     text,
    out task_ids uuid[],
    out linked   bigint
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
declare
    v_keys    text[];
    v_created bigint;
begin
    v_keys := docket_private.beads_keys(
        add_beads.project_id,
        array(select i.issue_id from unnest(add_beads.issues) as i order by i.n));
    task_ids := array(
        select docket_private.new_id(add_beads.project_id, k.n)
          from generate_series(1, cardinality(add_beads.issues)) as k (n)
         order by k.n);

    insert into docket.tasks (
        task_id, project_id, task_key, parent_task_id, title, description, details,
        acceptance_criteria, tags, assigned_to, due_at, not_before, estimated_effort, status,
        priority, completed_at, metadata)
    select k.task_id, add_beads.project_id, k.task_key, coalesce(p.task_id, w.task_id),
           docket_private.short_title(k.fields ->> 'title', k.issue_id),
           k.fields ->> 'description',
           k.fields ->> 'design',
           case
               when k.fields -> 'acceptance_criteria' = 'null' then '[]'
               else jsonb_build_array(k.fields -> 'acceptance_criteria')
           end,
           array(select w.word
                   from jsonb_array_elements_text(k.fields -> 'labels')
                        with ordinality as w (word, n)
                  order by w.n),
           k.fields ->> 'assignee',
           docket_private.known_time(to_json(k.fields ->> 'due_at')),
           docket_private.known_time(to_json(k.fields ->> 'defer_until')),
           docket_private.hours_of(k.fields -> 'estimated_minutes'),
           s.status,
           coalesce((k.fields ->> 'task_priority')::smallint,
                    docket_private.known_bead_priority(k.fields -> 'priority'), 5::smallint),
           case
               when s.status = 'completed'
               then coalesce(
                   docket_private.known_time(coalesce(
                       k.source -> 'closed_at', to_json(k.fields ->> 'closed_at'))),
                   docket.clock())
           end,
           case
               when o.others is null then '{}'
               else jsonb_build_object('imported', o.others)
           end
      from unnest(add_beads.issues, add_beads.task_ids, v_keys)
           as k (n, kind, issue_id, source, fields, task_id, task_key)
      left join (
          select e.n, e.target
            from unnest(add_beads.edges) as e
           where e.dependency_type = 'parent'
             and e.kind is null
      ) as e
        on e.n = k.n
      left join unnest(add_beads.issues, add_beads.task_ids)
           as p (n, kind, issue_id, source, fields, task_id)
        on p.n = e.target
      left join unnest(add_beads.known_ns, add_beads.known_ids) as w (n, task_id)
        on w.n = e.target
     cross join lateral (
               select coalesce(
                          k.fields ->> 'task_status',
                          docket_private.known_bead_status(k.fields ->> 'status'), 'pending')
                          as status
               offset 0
           ) as s
     cross join lateral (
               select docket_private.bead_others(k.source, add_beads.stand_in) as others
               offset 0
           ) as o
     order by k.n;

    get diagnostics v_created = row_count;

    -- As for other files: a table that was empty is not so any more.
    if v_created > (select c.reltuples
                      from pg_catalog.pg_class as c
                     where c.oid = 'docket.tasks'::regclass) then
        analyze docket.tasks;
    end if;

    insert into docket.task_dependencies (
        task_id, project_id, depends_on_id, dependency_type, metadata)
    select t.task_id, add_beads.project_id, o.task_id, e.dependency_type,
           case
               when e.dependency_type = 'related' and e.pair ->> 0 <> 'related'
                    or e.pair ->> 0 = 'conditional-blocks'
               then jsonb_build_object('imported', jsonb_build_object('type', e.pair -> 0))
               else '{}'
           end
      from unnest(add_beads.edges) as e
      join unnest(add_beads.issues, add_beads.task_ids)
           as t (n, kind, issue_id, source, fields, task_id)
        on t.n = e.n
      join unnest(add_beads.issues, add_beads.task_ids)
           as o (n, kind, issue_id, source, fields, task_id)
        on o.n = e.target
     where e.kind is null
       and e.dependency_type <> 'parent';

    get diagnostics linked = row_count;
end;
$$;

comment on function docket_private.add_beads(uuid, docket_private.beads_line[], docket_private.beads_edge[], integer[], uuid[], text) is
    'Makes tasks of issues, in their order, with the dependencies between them. `known_ns` and `known_ids` are lines that have tasks already.';

create function docket_private.keep_beads_lines(
    project_id uuid,
    import_id  uuid,
    lines      docket_private.beads_line[],
    task_ids   uuid[],
    stand_in   text
) returns void
language sql
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    insert into docket.import_items (
        import_id, project_id, ordinal, tag, item_path, task_id, raw, raw_status, raw_priority)
    select keep_beads_lines.import_id, keep_beads_lines.project_id, l.n, 'beads',
           array[l.n::text], t.task_id,
           docket_private.unmasked_json(l.source::text, keep_beads_lines.stand_in)::json,
           case
               when l.kind = 'issue'
               then docket_private.unmasked_json(
                   (l.source -> 'status')::text, keep_beads_lines.stand_in)
           end,
           case
               when l.kind = 'issue'
               then docket_private.unmasked_json(
                   (l.source -> 'priority')::text, keep_beads_lines.stand_in)
           end
      from unnest(keep_beads_lines.lines) with ordinality
           as l (n, kind, issue_id, source, fields, k)
      join unnest(keep_beads_lines.task_ids) with ordinality as t (task_id, k) on t.k = l.k
     order by l.n;
$$;

comment on function docket_private.keep_beads_lines(uuid, uuid, docket_private.beads_line[], uuid[], text) is
    'Keeps each line as it was written, with the task that was made of it.';

create function docket_private.store_beads_file(
    project_id  uuid,
    is_new      boolean,
    source_name text,
    content     bytea,
    lines       docket_private.beads_line[],
    stand_in    text,
    shape       text default 'beads'
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
declare
    v_import_id uuid := docket_private.new_id(store_beads_file.project_id);
    v_edges     docket_private.beads_edge[] := docket_private.beads_edges(lines);
    v_issues    docket_private.beads_line[];
    v_ids       uuid[];
    v_task_ids  uuid[];
    v_linked    bigint;
    v_report    jsonb;
begin
    v_issues := array(
        select l
          from unnest(store_beads_file.lines) as l
         where l.kind = 'issue'
         order by l.n);
    select a.task_ids, a.linked into v_ids, v_linked
      from docket_private.add_beads(
               store_beads_file.project_id, v_issues, v_edges, '{}', '{}',
               store_beads_file.stand_in) as a;

    v_task_ids := array(
        select t.task_id
          from unnest(store_beads_file.lines) as l
          left join unnest(v_issues, v_ids) as t (n, kind, issue_id, source, fields, task_id)
            on t.n = l.n
         order by l.n);
    perform docket_private.store_beads_notes(lines, v_task_ids, stand_in);

    v_report :=
        jsonb_build_object(
            'project', (select p.slug
                          from docket.projects as p
                         where p.project_id = store_beads_file.project_id),
            'project_id', store_beads_file.project_id,
            'import_id', v_import_id,
            'source_name', store_beads_file.source_name,
            'byte_size', octet_length(store_beads_file.content),
            'content_hash', encode(sha256(store_beads_file.content), 'hex'),
            'dry_run', false,
            'unchanged', false,
            'created', jsonb_build_object(
                'projects', store_beads_file.is_new::integer,
                'workflows', 0,
                'tasks', cardinality(v_issues),
                'dependencies', v_linked))
        || docket_private.beads_report(
               lines, v_edges,
               docket_private.beads_oddities(content, lines, v_edges, stand_in))
        || jsonb_build_object('shape', store_beads_file.shape);

    insert into docket.imports (
        import_id, project_id, source_name, content, content_hash, shape, byte_size, report)
    values (
        v_import_id, store_beads_file.project_id, store_beads_file.source_name,
        store_beads_file.content, sha256(store_beads_file.content), store_beads_file.shape,
        octet_length(store_beads_file.content), v_report);

    perform docket_private.keep_beads_lines(
        store_beads_file.project_id, v_import_id, lines, v_task_ids, stand_in);

    return v_report;
end;
$$;

comment on function docket_private.store_beads_file(uuid, boolean, text, bytea, docket_private.beads_line[], text, text) is
    'Writes the issues of a beads file into a project whose graph the caller has locked. Returns the report.';

revoke all on function docket_private.beads_edges(docket_private.beads_line[]) from public;
revoke all on function docket_private.beads_oddities(bytea, docket_private.beads_line[], docket_private.beads_edge[], text)
    from public;
revoke all on function docket_private.beads_report(docket_private.beads_line[], docket_private.beads_edge[], docket_private.oddity[])
    from public;
revoke all on function docket_private.beads_keys(uuid, text[]) from public;
revoke all on function docket_private.store_beads_notes(docket_private.beads_line[], uuid[], text)
    from public;
revoke all on function docket_private.bead_others(json, text) from public;
revoke all on function docket_private.add_beads(uuid, docket_private.beads_line[], docket_private.beads_edge[], integer[], uuid[], text)
    from public;
revoke all on function docket_private.keep_beads_lines(uuid, uuid, docket_private.beads_line[], uuid[], text)
    from public;
revoke all on function docket_private.store_beads_file(uuid, boolean, text, bytea, docket_private.beads_line[], text, text)
    from public;

commit;
