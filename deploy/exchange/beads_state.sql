-- Deploy pgdocket:exchange/beads_state to pg
-- requires: exchange/store_beads_file
-- requires: exchange/taskmaster_rules

begin;
set local role docket_owner;

-- What the issues of an imported beads file are now, in the words of the file: what has not
-- changed here is as it was written, whatever it became in rows.
create type docket_private.bead_state as (
    n        integer,
    issue_id text,
    task_id  uuid,
    source   json,
    base     jsonb,
    ours     jsonb
);

comment on type docket_private.bead_state is
    'An issue: the number of its line (null: it was made here), its id and task, the masked line, its fields as they were written and as they are now (null: put away here).';

create function docket_private.bead_time(value timestamptz) returns text
language sql
stable
parallel safe
begin atomic
    select rtrim(rtrim(to_char(bead_time.value at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                       '0'), '.') || 'Z';
end;

comment on function docket_private.bead_time(timestamptz) is
    'A time as beads writes it, in UTC.';

create function docket_private.beads_ours(
    task         docket.tasks,
    issue_id     text,
    base         jsonb,
    dependencies jsonb
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_nestloop = on
as $$
begin
    return jsonb_build_object(
               'title', case
                   when (beads_ours.task).title = docket_private.short_title(
                            beads_ours.base ->> 'title', beads_ours.issue_id)
                   then beads_ours.base ->> 'title'
                   else (beads_ours.task).title
               end,
               'description', nullif((beads_ours.task).description, ''),
               'design', nullif((beads_ours.task).details, ''),
               'acceptance_criteria', case
                   when (beads_ours.task).acceptance_criteria = '[]' then null
                   when jsonb_typeof((beads_ours.task).acceptance_criteria) = 'array'
                   then (
                       select string_agg(
                                  case
                                      when jsonb_array_length(
                                               (beads_ours.task).acceptance_criteria) = 1
                                      then a.word
                                      else '- ' || a.word
                                  end, e'\n' order by a.n)
                         from jsonb_array_elements_text((beads_ours.task).acceptance_criteria)
                              with ordinality as a (word, n))
                   else (beads_ours.task).acceptance_criteria #>> '{}'
               end,
               'status', case
                   when (beads_ours.task).status = coalesce(
                            docket_private.known_bead_status(beads_ours.base ->> 'status'),
                            case when beads_ours.base is not null then 'pending' end)
                   then beads_ours.base ->> 'status'
                   else docket_private.bead_status((beads_ours.task).status)
               end,
               'priority', case
                   when (beads_ours.task).priority = coalesce(
                            docket_private.known_bead_priority(beads_ours.base -> 'priority'),
                            case when beads_ours.base is not null then 5 end)
                   then beads_ours.base -> 'priority'
                   else to_jsonb(docket_private.bead_priority((beads_ours.task).priority))
               end,
               'assignee', nullif((beads_ours.task).assigned_to, ''),
               'estimated_minutes', case
                   when (beads_ours.task).estimated_effort
                        is not distinct from docket_private.hours_of(
                                                 beads_ours.base -> 'estimated_minutes')
                   then beads_ours.base -> 'estimated_minutes'
                   else to_jsonb(round((beads_ours.task).estimated_effort * 60)::bigint)
               end,
               'due_at', case
                   when (beads_ours.task).due_at is not distinct from docket_private.known_time(
                            to_json(beads_ours.base ->> 'due_at'))
                   then beads_ours.base ->> 'due_at'
                   else docket_private.bead_time((beads_ours.task).due_at)
               end,
               'defer_until', case
                   when (beads_ours.task).not_before
                        is not distinct from docket_private.known_time(
                                                 to_json(beads_ours.base ->> 'defer_until'))
                   then beads_ours.base ->> 'defer_until'
                   else docket_private.bead_time((beads_ours.task).not_before)
               end,
               'labels', to_jsonb((beads_ours.task).tags),
               'dependencies', coalesce(beads_ours.dependencies, '[]'));
end;
$$;

comment on function docket_private.beads_ours(docket.tasks, text, jsonb, jsonb) is
    'What a task says of the fields of an issue, in the words of its line (`base`; null: it has none); `dependencies` are pairs [type, issue].';

-- Those of the line that stand here too, or never could; then what was added here.
create function docket_private.beads_pairs(
    project_id uuid,
    lines      docket_private.beads_line[],
    issue_ids  text[],
    task_ids   uuid[],
    unstored   jsonb
) returns table (task_id uuid, pairs jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
begin
    return query
      with named as materialized (
          select i.task_id, i.issue_id
            from unnest(beads_pairs.task_ids, beads_pairs.issue_ids) as i (task_id, issue_id)
      ), line as materialized (
          select l.n, l.issue_id
            from unnest(beads_pairs.lines) as l
           where l.kind = 'issue'
      ), written as materialized (
          select t.task_id, e.place, e.pair, e.dependency_type, e.kind, l.issue_id,
                 o.task_id as target_id
            from unnest(docket_private.beads_edges(beads_pairs.lines)) as e
            join line as l on l.n = e.n
            join named as t on t.issue_id = l.issue_id
            left join named as o on o.issue_id = e.pair ->> 1
      ), here as materialized (
          select d.task_id, d.depends_on_id as target_id,
                 d.dependency_type::text as dependency_type, d.metadata
            from docket.task_dependencies as d
            join named as n on n.task_id = d.task_id
           where d.project_id = beads_pairs.project_id
           union all
          select t.task_id, t.parent_task_id, 'parent', null
            from docket.tasks as t
            join named as n on n.task_id = t.task_id
           where t.project_id = beads_pairs.project_id
             and t.parent_task_id is not null
      ), kept as (
          select w.task_id, w.place, w.pair
            from written as w
            left join here as h
              on h.task_id = w.task_id
             and h.target_id = w.target_id
             and h.dependency_type = w.dependency_type
            left join jsonb_array_elements(beads_pairs.unstored) as u (item)
              on u.item = jsonb_build_array(w.issue_id, w.pair)
           where w.kind is not null
              or h.task_id is not null
              or u.item is not null
           union all
          select h.task_id, 1000000000 + row_number() over (order by o.issue_id, h.dependency_type),
                 jsonb_build_array(
                     case h.dependency_type
                         when 'parent' then 'parent-child'
                         else coalesce(h.metadata #>> '{imported,type}',
                                       replace(h.dependency_type, '_', '-'))
                     end, o.issue_id)
            from here as h
            join named as o on o.task_id = h.target_id
            left join written as w
              on w.task_id = h.task_id
             and w.target_id = h.target_id
             and w.dependency_type = h.dependency_type
           where w.task_id is null
      )
    select k.task_id, jsonb_agg(k.pair order by k.place)
      from kept as k
     group by k.task_id;
end;
$$;

comment on function docket_private.beads_pairs(uuid, docket_private.beads_line[], text[], uuid[], jsonb) is
    'The dependencies of tasks as the file would have them, as pairs [type, issue]; `unstored` lists those that a later import could not store, as [issue, pair].';

create function docket_private.beads_state(
    project_id uuid,
    import_id  uuid
) returns setof docket_private.bead_state
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
declare
    v_import docket.imports;
    v_lines  docket_private.beads_line[] := '{}';
    v_ids    text[];
    v_tasks  uuid[];
begin
    select i.content, i.source_name, i.metadata
      into v_import.content, v_import.source_name, v_import.metadata
      from docket.imports as i
     where i.import_id = beads_state.import_id
       and i.project_id = beads_state.project_id;

    if found then
        v_lines := (docket_private.read_beads_file(v_import.source_name, v_import.content)).lines;
    end if;

    -- The tasks of the file, and those that are of none.
    select array_agg(t.task_id order by t.task_id),
           array_agg(coalesce(l.issue_id, t.task_key) order by t.task_id)
      into v_tasks, v_ids
      from docket.tasks as t
      left join docket.import_items as i
        on i.task_id = t.task_id
       and i.project_id = t.project_id
       and i.import_id = beads_state.import_id
      left join unnest(v_lines) as l on l.n = i.ordinal
     where t.project_id = beads_state.project_id
       and t.archived_at is null
       and (i.task_id is not null
            or beads_state.import_id is null
            or not exists (
                   select
                     from docket.import_items as o
                    where o.task_id = t.task_id
                      and o.project_id = t.project_id));

    return query
      with named as materialized (
          select n.task_id, n.issue_id
            from unnest(v_tasks, v_ids) as n (task_id, issue_id)
      ), line as materialized (
          select l.n, l.issue_id, l.source, l.fields
            from unnest(v_lines) as l
           where l.kind = 'issue'
      ), pairs as materialized (
          select p.task_id, p.pairs
            from docket_private.beads_pairs(
                     beads_state.project_id, v_lines, v_ids, v_tasks,
                     coalesce(v_import.metadata -> 'unstored', '[]')) as p
      )
    select l.n, coalesce(l.issue_id, m.issue_id), m.task_id, l.source, l.fields,
           case
               when m.task_id is not null
               then docket_private.beads_ours(t, m.issue_id, l.fields, p.pairs)
           end
      from line as l
      full join named as m on m.issue_id = l.issue_id
      left join docket.tasks as t
        on t.task_id = m.task_id
       and t.project_id = beads_state.project_id
      left join pairs as p on p.task_id = m.task_id
     order by l.n, m.task_id;
end;
$$;

comment on function docket_private.beads_state(uuid, uuid) is
    'Every issue of an imported beads file, and every task of no file, as the file would have them now; without an import, every task of the project.';

-- What `bd ready` would say.
create function docket_private.next_by_beads(
    project_id uuid,
    import_id  uuid
) returns setof docket_private.rule_entry
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
begin
    return query
      with issue as materialized (
          select s.n, s.issue_id, s.task_id, s.ours,
                 coalesce(f.issue_type #>> '{}', 'task') as issue_type,
                 coalesce(f.pinned #>> '{}', '') in ('true', '1') as is_pinned,
                 coalesce(f.ephemeral #>> '{}', '') in ('true', '1')
                     or coalesce(f.wisp #>> '{}', '') in ('true', '1') as is_ephemeral,
                 s.ours ->> 'status' in ('closed', 'pinned') as is_settled,
                 s.ours ->> 'status' = 'closed' as is_closed,
                 docket_private.known_time(to_json(s.ours ->> 'defer_until')) as defer_until,
                 coalesce(
                     docket_private.known_time(to_json(
                         regexp_replace(f.created_at #>> '{}', '\.\d+', ''))),
                     t.created_at) as created_at,
                 -- A timestamp holds millionths of a second, beads thousandths of them.
                 coalesce(rpad(substring(f.created_at #>> '{}' from '\.(\d{1,9})'), 9, '0'), '')
                     as fraction,
                 f.dependencies
            from docket_private.beads_state(
                     next_by_beads.project_id, next_by_beads.import_id) as s
            join docket.tasks as t
              on t.task_id = s.task_id
             and t.project_id = next_by_beads.project_id
           cross join lateral json_to_record(coalesce(s.source, '{}'))
                     as f (issue_type json, pinned json, ephemeral json, wisp json,
                           created_at json, dependencies json)
           where s.ours is not null
      ), pair as materialized (
          select i.issue_id, d.value ->> 0 as dependency_type, o.issue_id as target,
                 o.is_settled, o.is_closed, o.defer_until
            from issue as i
           cross join lateral jsonb_array_elements(i.ours -> 'dependencies') as d (value)
            join issue as o on o.issue_id = d.value ->> 1
      ), gate as (
          -- How many of the children of what is waited for must be closed: one, or all.
          select i.issue_id, d.value ->> 'depends_on_id' as target,
                 strpos(d.value ->> 'metadata', 'any-children') > 0 as is_any
            from issue as i
           cross join lateral json_array_elements(
                     case json_typeof(i.dependencies) when 'array' then i.dependencies end)
                     as d (value)
           where d.value ->> 'type' = 'waits-for'
      ), child as (
          select p.target as parent, bool_and(i.is_closed) as all_closed,
                 bool_or(i.is_closed) as any_closed
            from pair as p
            join issue as i on i.issue_id = p.issue_id
           where p.dependency_type = 'parent-child'
           group by p.target
      ), stopped as (
          select p.issue_id
            from pair as p
           where p.dependency_type in ('blocks', 'conditional-blocks')
             and not p.is_settled
           union
          select p.issue_id
            from pair as p
            join child as c on c.parent = p.target
            left join gate as g on g.issue_id = p.issue_id and g.target = p.target
           where p.dependency_type = 'waits-for'
             and not case when g.is_any then c.any_closed else c.all_closed end
      ), blocked as materialized (
            with recursive held as (
                select i.issue_id
                  from issue as i
                  join stopped as s on s.issue_id = i.issue_id
                 where not i.is_settled
                 union
                select i.issue_id
                  from held as h
                  join pair as p on p.target = h.issue_id and p.dependency_type = 'parent-child'
                  join issue as i on i.issue_id = p.issue_id and not i.is_settled
            )
          select h.issue_id from held as h
      ), later as (
          select distinct p.issue_id
            from pair as p
           where p.dependency_type = 'parent-child'
             and p.defer_until > docket.clock()
      )
    select row_number() over in_order, null::bigint, i.task_id, i.issue_id, null::numeric,
           i.ours ->> 'title', true, true, i.ours ->> 'status', i.ours ->> 'priority',
           null::text[]
      from issue as i
      left join blocked as b on b.issue_id = i.issue_id
      left join later as l on l.issue_id = i.issue_id
     where i.ours ->> 'status' = 'open'
       and not i.is_pinned
       and not i.is_ephemeral
       and b.issue_id is null
       and l.issue_id is null
       and i.issue_type not in (
               'merge-request', 'gate', 'molecule', 'message', 'agent', 'role', 'rig')
       and (i.defer_until is null or i.defer_until <= docket.clock())
    window in_order as (
               order by coalesce((i.ours ->> 'priority')::numeric, 0), i.created_at desc,
                        i.fraction desc, i.issue_id collate "C")
     order by 1;
end;
$$;

comment on function docket_private.next_by_beads(uuid, uuid) is
    'What beads would offer next of an imported file, or of a project without one, best first.';

revoke all on function docket_private.bead_time(timestamptz) from public;
revoke all on function docket_private.beads_ours(docket.tasks, text, jsonb, jsonb) from public;
revoke all on function docket_private.beads_pairs(uuid, docket_private.beads_line[], text[], uuid[], jsonb)
    from public;
revoke all on function docket_private.beads_state(uuid, uuid) from public;
revoke all on function docket_private.next_by_beads(uuid, uuid) from public;

commit;
