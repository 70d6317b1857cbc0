-- Deploy pgdocket:exchange/merge_beads to pg
-- requires: context/update_task_status
-- requires: exchange/beads_state
-- requires: exchange/merge_pieces
-- requires: graph/remove_dependency
-- requires: graph/update_task
-- requires: queue/delete_task

begin;
set local role docket_owner;

-- A file of beads that was imported comes again, changed: what changed there comes in, what
-- changed here stays. What both changed is a conflict, unless somebody says whose side counts.
create function docket_private.bead_verdicts(
    states      docket_private.bead_state[],
    lines       docket_private.beads_line[],
    resolutions jsonb
) returns docket_private.merge_verdict[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
declare
    v_pieces docket_private.merge_piece[];
begin
    select array_agg(
               row (coalesce(s.issue_id, l.issue_id), s.base, null, l.fields, s.ours
               )::docket_private.merge_piece
               order by l.n, s.n)
      into v_pieces
      from unnest(bead_verdicts.states) as s
      full join (
          select l.n, l.issue_id, l.fields
            from unnest(bead_verdicts.lines) as l
           where l.kind = 'issue'
      ) as l
        on l.issue_id = s.issue_id
     where s.base is distinct from l.fields
       and (s.base is not null or l.fields is not null);

    return array(
        select v
          from docket_private.merge_pieces(
                   coalesce(v_pieces, '{}'), array['labels', 'dependencies'],
                   bead_verdicts.resolutions) as v);
end;
$$;

comment on function docket_private.bead_verdicts(docket_private.bead_state[], docket_private.beads_line[], jsonb) is
    'What becomes of issues that a new version of their file says otherwise.';

create function docket_private.open_conflicts(
    verdicts docket_private.merge_verdict[]
) returns jsonb
language sql
immutable
begin atomic
    select coalesce(
               jsonb_agg(jsonb_build_object(
                             'identity', v.identity, 'field', v.field, 'base', v.base,
                             'theirs', v.theirs, 'ours', v.ours)
                         order by v.n),
               '[]')
      from unnest(open_conflicts.verdicts) with ordinality
           as v (identity, field, base, theirs, ours, verdict, is_conflict, value, n)
     where v.verdict = 'conflict';
end;

comment on function docket_private.open_conflicts(docket_private.merge_verdict[]) is
    'Conflicts that nobody has decided, as an array.';

-- The fields of a task that hold those of an issue.
create function docket_private.bead_task_changes(
    issue_id text,
    fields   jsonb
) returns jsonb
language sql
stable
begin atomic
    select coalesce(
               jsonb_object_agg(
                   case f.key
                       when 'design' then 'details'
                       when 'labels' then 'tags'
                       when 'assignee' then 'assigned_to'
                       when 'defer_until' then 'not_before'
                       when 'estimated_minutes' then 'estimated_effort'
                       else f.key
                   end,
                   case f.key
                       when 'title'
                       then to_jsonb(docket_private.short_title(
                           f.value #>> '{}', bead_task_changes.issue_id))
                       when 'acceptance_criteria'
                       then case
                                when f.value = 'null' then '[]'
                                else jsonb_build_array(f.value)
                            end
                       when 'priority'
                       then to_jsonb(coalesce(
                           docket_private.known_bead_priority(f.value), 5::smallint))
                       when 'estimated_minutes'
                       then to_jsonb(docket_private.hours_of(f.value))
                       when 'due_at'
                       then to_jsonb(docket_private.known_time(to_json(f.value #>> '{}')))
                       when 'defer_until'
                       then to_jsonb(docket_private.known_time(to_json(f.value #>> '{}')))
                       else f.value
                   end),
               '{}')
      from jsonb_each(bead_task_changes.fields) as f
     where f.key not in ('status', 'dependencies');
end;

comment on function docket_private.bead_task_changes(text, jsonb) is
    'Changed fields of an issue, as docket.update_task() takes them.';

-- One at a time, each as a caller would do it, so that every rule holds; what a rule refuses is
-- an oddity, and stays as it is here.
create function docket_private.apply_bead_status(
    task_id    uuid,
    new_status text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status text := (
        select t.status
          from docket.tasks as t
         where t.task_id = apply_bead_status.task_id);
begin
    if v_status <> apply_bead_status.new_status
       and not exists (
               select
                 from docket.task_transitions as t
                where t.from_status = v_status
                  and t.to_status = apply_bead_status.new_status) then
        perform docket.update_task_status(apply_bead_status.task_id, 'pending');
        v_status := 'pending';
    end if;

    if v_status <> apply_bead_status.new_status then
        perform docket.update_task_status(apply_bead_status.task_id, apply_bead_status.new_status);
    end if;
end;
$$;

comment on function docket_private.apply_bead_status(uuid, text) is
    'Moves a task to a status, by way of pending where no step leads there.';

create function docket_private.apply_bead_pair(
    project_id uuid,
    task_id    uuid,
    pair       jsonb,
    target_id  uuid,
    is_added   boolean
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text := docket_private.known_bead_dependency(apply_bead_pair.pair ->> 0);
begin
    if apply_bead_pair.pair ->> 0 = 'parent-child' then
        perform docket.update_task(
            apply_bead_pair.task_id,
            jsonb_build_object(
                'parent_task_id',
                case when apply_bead_pair.is_added then apply_bead_pair.target_id end))
           from docket.tasks as t
          where t.task_id = apply_bead_pair.task_id
            and t.project_id = apply_bead_pair.project_id
            and (apply_bead_pair.is_added or t.parent_task_id = apply_bead_pair.target_id);
    elsif apply_bead_pair.is_added then
        perform docket.add_dependency(
            apply_bead_pair.task_id, apply_bead_pair.target_id, v_type);
    else
        perform docket.remove_dependency(d.task_id, d.depends_on_id, d.dependency_type)
           from docket.task_dependencies as d
          where d.task_id = apply_bead_pair.task_id
            and d.project_id = apply_bead_pair.project_id
            and d.depends_on_id = apply_bead_pair.target_id
            and d.dependency_type = v_type;
    end if;
end;
$$;

comment on function docket_private.apply_bead_pair(uuid, uuid, jsonb, uuid, boolean) is
    'Adds or removes a dependency of an issue, or its parent.';

-- Adds and removes what changed between issues, and tells what could not be added.
create function docket_private.apply_bead_pairs(
    project_id uuid,
    verdicts   docket_private.merge_verdict[],
    lines      docket_private.beads_line[],
    edges      docket_private.beads_edge[],
    issue_ids  text[],
    task_ids   uuid[],
    new_ids    text[]
) returns docket_private.oddity[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
declare
    v_pair     record;
    v_oddities docket_private.oddity[] := '{}';
begin
    -- What goes before what comes: an edge that is turned closes no cycle.
    for v_pair in
          with named as materialized (
              select n.issue_id, n.task_id
                from unnest(apply_bead_pairs.issue_ids, apply_bead_pairs.task_ids)
                     as n (issue_id, task_id)
          ), line as materialized (
              select l.n, l.issue_id
                from unnest(apply_bead_pairs.lines) as l
               where l.kind = 'issue'
          ), edge as materialized (
              select l.issue_id, e.pair, o.issue_id as target, l.n
                from unnest(apply_bead_pairs.edges) as e
                join line as l on l.n = e.n
                join line as o on o.n = e.target
               where e.kind is null
          ), verdict as materialized (
              select v.identity, v.value, v.ours
                from unnest(apply_bead_pairs.verdicts) as v
               where v.field = 'dependencies'
                 and v.verdict in ('theirs', 'both')
          ), wanted as (
              select v.identity as issue_id, p.pair, false as is_added
                from verdict as v
               cross join lateral jsonb_array_elements(v.ours) as p (pair)
               where not v.value @> jsonb_build_array(p.pair)
               union
              select v.identity, p.pair, true
                from verdict as v
               cross join lateral jsonb_array_elements(v.value) as p (pair)
               where not v.ours @> jsonb_build_array(p.pair)
               union
              -- New issues, and those that named one before it was there.
              select e.issue_id, e.pair, true
                from edge as e
               where (e.issue_id = any (apply_bead_pairs.new_ids)
                      and e.pair ->> 0 <> 'parent-child')
                     <> (e.target = any (apply_bead_pairs.new_ids))
          )
        select w.is_added, w.pair, t.task_id, o.task_id as target_id, e.n
          from wanted as w
          join named as t on t.issue_id = w.issue_id
          join named as o on o.issue_id = w.pair ->> 1
          left join edge as e on e.issue_id = w.issue_id and e.pair = w.pair
         where not w.is_added
            or e.n is not null
         order by w.is_added, e.n, w.pair
    loop
        begin
            perform docket_private.apply_bead_pair(
                apply_bead_pairs.project_id, v_pair.task_id, v_pair.pair, v_pair.target_id,
                v_pair.is_added);
        exception
            when sqlstate 'PDCYC' then
                v_oddities := v_oddities || row (
                    array[v_pair.n::text, 'dependencies'], 'cyclic_dependency', v_pair.pair,
                    'with what is here it would close a cycle')::docket_private.oddity;
        end;
    end loop;

    return v_oddities;
end;
$$;

comment on function docket_private.apply_bead_pairs(uuid, docket_private.merge_verdict[], docket_private.beads_line[], docket_private.beads_edge[], text[], uuid[], text[]) is
    'Brings the dependencies of issues to where verdicts say, and those from and to new issues (`new_ids`).';

-- Fields and statuses as the verdicts have them.
create function docket_private.apply_bead_fields(
    verdicts  docket_private.merge_verdict[],
    lines     docket_private.beads_line[],
    issue_ids text[],
    task_ids  uuid[]
) returns docket_private.oddity[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
declare
    v_issue    record;
    v_oddities docket_private.oddity[] := '{}';
begin
    for v_issue in
        select t.task_id, l.n, v.identity, k.assigned_to,
               docket_private.bead_task_changes(
                   v.identity, jsonb_object_agg(v.field, v.value)) as changes,
               max(v.value #>> '{}') filter (where v.field = 'status') as status
          from unnest(apply_bead_fields.verdicts) as v
          join unnest(apply_bead_fields.issue_ids, apply_bead_fields.task_ids)
               as t (issue_id, task_id)
            on t.issue_id = v.identity
          join docket.tasks as k on k.task_id = t.task_id
          join unnest(apply_bead_fields.lines) as l
            on l.issue_id = v.identity
           and l.kind = 'issue'
         where v.field is not null
           and v.field <> 'dependencies'
           and v.verdict in ('theirs', 'both')
         group by t.task_id, l.n, v.identity, k.assigned_to
         order by t.task_id
    loop
        begin
            if v_issue.status is not null then
                perform docket_private.apply_bead_status(
                    v_issue.task_id,
                    coalesce(docket_private.known_bead_status(v_issue.status), 'pending'));
                -- Who moves a task has it; who merges a file does not.
                v_issue.changes :=
                    jsonb_build_object('assigned_to', v_issue.assigned_to) || v_issue.changes;
            end if;
            if v_issue.changes <> '{}' then
                perform docket.update_task(v_issue.task_id, v_issue.changes);
            end if;
        exception
            when sqlstate 'PDGAT' or sqlstate 'PDTRN' or sqlstate 'PD422' or sqlstate 'PD413' then
                v_oddities := v_oddities || row (
                    array[v_issue.n::text], 'refused_change', to_jsonb(v_issue.identity),
                    'it stays as it is here: ' || sqlerrm)::docket_private.oddity;
        end;
    end loop;

    return v_oddities;
end;
$$;

comment on function docket_private.apply_bead_fields(docket_private.merge_verdict[], docket_private.beads_line[], text[], uuid[]) is
    'Brings tasks to where verdicts say. What a rule refuses is an oddity.';

-- Who is gone takes no subtasks along that the file still has.
create function docket_private.archive_beads(
    project_id uuid,
    task_ids   uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update docket.tasks as t
       set parent_task_id = null
     where t.project_id = archive_beads.project_id
       and t.parent_task_id = any (archive_beads.task_ids)
       and t.task_id <> all (archive_beads.task_ids);

    perform docket.delete_task(t.task_id)
       from (
           select t.task_id
             from docket.tasks as t
            where t.project_id = archive_beads.project_id
              and t.task_id = any (archive_beads.task_ids)
              and t.archived_at is null
              and (t.parent_task_id is null or t.parent_task_id <> all (archive_beads.task_ids))
            order by t.task_id
           offset 0
       ) as t;
end;
$$;

comment on function docket_private.archive_beads(uuid, uuid[]) is
    'Puts tasks away whose issues are gone from their file.';

create function docket_private.merge_beads_file(
    project_id  uuid,
    import_id   uuid,
    content     bytea,
    lines       docket_private.beads_line[],
    stand_in    text,
    resolutions jsonb
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
declare
    v_states    docket_private.bead_state[];
    v_verdicts  docket_private.merge_verdict[];
    v_edges     docket_private.beads_edge[] := docket_private.beads_edges(lines);
    v_new       docket_private.beads_line[];
    v_gone      uuid[];
    v_named     text[];
    v_ids       uuid[];
    v_new_ids   uuid[];
    v_linked    bigint;
    v_task_ids  uuid[];
    v_unstored  jsonb;
    v_oddities  docket_private.oddity[];
    v_report    jsonb;
begin
    v_states := array(
        select s
          from docket_private.beads_state(
                   merge_beads_file.project_id, merge_beads_file.import_id) as s
         where s.base is not null
            or exists (
                   select
                     from unnest(merge_beads_file.lines) as l
                    where l.issue_id = s.issue_id
                      and l.kind = 'issue'));
    v_verdicts := docket_private.bead_verdicts(v_states, lines, resolutions);

    if docket_private.open_conflicts(v_verdicts) <> '[]' then
        return jsonb_build_object('conflicts', docket_private.open_conflicts(v_verdicts));
    end if;

    v_new := array(
        select l
          from unnest(merge_beads_file.lines) as l
          join unnest(v_verdicts) as v on v.identity = l.issue_id
         where l.kind = 'issue'
           and v.field is null
           and v.verdict = 'theirs'
         order by l.n);
    v_gone := array(
        select s.task_id
          from unnest(v_states) as s
          join unnest(v_verdicts) as v on v.identity = s.issue_id
         where v.field is null
           and v.verdict = 'theirs'
           and v.theirs is null
           and s.task_id is not null);

    perform docket_private.archive_beads(merge_beads_file.project_id, v_gone);

    select array_agg(s.issue_id), array_agg(s.task_id)
      into v_named, v_ids
      from unnest(v_states) as s
     where s.task_id is not null
       and s.task_id <> all (v_gone);
    select a.task_ids, a.linked into v_new_ids, v_linked
      from docket_private.add_beads(
               merge_beads_file.project_id, v_new, v_edges,
               array(select l.n
                       from unnest(v_named) with ordinality as i (issue_id, k)
                       left join unnest(merge_beads_file.lines) as l
                         on l.issue_id = i.issue_id and l.kind = 'issue'
                      order by i.k),
               v_ids, merge_beads_file.stand_in) as a;
    v_named := v_named || array(select i.issue_id from unnest(v_new) as i order by i.n);
    v_ids   := v_ids || v_new_ids;

    v_oddities :=
        docket_private.apply_bead_fields(v_verdicts, lines, v_named, v_ids)
        || docket_private.apply_bead_pairs(
               merge_beads_file.project_id, v_verdicts, lines, v_edges, v_named, v_ids,
               array(select i.issue_id from unnest(v_new) as i));

    -- What no column holds goes with the file.
    update docket.tasks as t
       set metadata = t.metadata::jsonb
                      || jsonb_build_object('imported', coalesce(c.others, '{}'))
      from (
          select i.task_id, o.others
            from unnest(merge_beads_file.lines) as l
            join unnest(v_states) as s on s.issue_id = l.issue_id
            join unnest(v_named, v_ids) as i (issue_id, task_id) on i.issue_id = l.issue_id
           cross join lateral (
                     select docket_private.bead_others(l.source, merge_beads_file.stand_in)
                                as others
                     offset 0
                 ) as o
           where l.kind = 'issue'
             and l.source::text <> s.source::text
      ) as c
     where t.task_id = c.task_id
       and t.project_id = merge_beads_file.project_id
       and t.metadata -> 'imported' is distinct from c.others;

    v_task_ids := array(
        select i.task_id
          from unnest(merge_beads_file.lines) as l
          left join unnest(v_named, v_ids) as i (issue_id, task_id)
            on i.issue_id = l.issue_id
           and l.kind = 'issue'
         order by l.n);
    perform docket_private.store_beads_notes(
        array(select l from unnest(merge_beads_file.lines) as l order by l.n), v_task_ids,
        stand_in);

    v_unstored := (
        select coalesce(jsonb_agg(jsonb_build_array(l.issue_id, o.value)), '[]')
          from unnest(v_oddities) as o
          join unnest(merge_beads_file.lines) as l on l.n::text = o.item_path[1]
         where o.kind = 'cyclic_dependency');
    v_report :=
        jsonb_build_object(
            'conflicts', '[]'::jsonb,
            'merged', jsonb_build_object(
                'created', cardinality(v_new),
                'changed', (select count(distinct v.identity)
                              from unnest(v_verdicts) as v
                             where v.field is not null
                               and v.verdict in ('theirs', 'both')),
                'archived', cardinality(v_gone),
                'kept', (select count(*) from unnest(v_verdicts) as v where v.verdict = 'ours')),
            'created', jsonb_build_object(
                'projects', 0, 'workflows', 0, 'tasks', cardinality(v_new),
                'dependencies', v_linked))
        || docket_private.beads_report(
               lines, v_edges,
               docket_private.beads_oddities(content, lines, v_edges, stand_in) || v_oddities);

    delete from docket.import_items as i
     where i.import_id  = merge_beads_file.import_id
       and i.project_id = merge_beads_file.project_id;
    perform docket_private.keep_beads_lines(
        merge_beads_file.project_id, merge_beads_file.import_id, lines, v_task_ids, stand_in);

    update docket.imports as i
       set content      = merge_beads_file.content,
           content_hash = sha256(merge_beads_file.content),
           byte_size    = octet_length(merge_beads_file.content),
           metadata     = i.metadata || jsonb_build_object('unstored', v_unstored),
           report       = i.report || v_report || jsonb_build_object(
                              'byte_size', octet_length(merge_beads_file.content),
                              'content_hash', encode(sha256(merge_beads_file.content), 'hex'))
     where i.import_id  = merge_beads_file.import_id
       and i.project_id = merge_beads_file.project_id
    returning i.report into v_report;

    return v_report;
end;
$$;

comment on function docket_private.merge_beads_file(uuid, uuid, bytea, docket_private.beads_line[], text, jsonb) is
    'Merges a new version of an imported beads file into its project, whose graph the caller has locked. Returns the report; with conflicts that nobody has decided, these alone, and nothing is changed.';

revoke all on function docket_private.bead_verdicts(docket_private.bead_state[], docket_private.beads_line[], jsonb)
    from public;
revoke all on function docket_private.open_conflicts(docket_private.merge_verdict[]) from public;
revoke all on function docket_private.bead_task_changes(text, jsonb) from public;
revoke all on function docket_private.apply_bead_status(uuid, text) from public;
revoke all on function docket_private.apply_bead_pair(uuid, uuid, jsonb, uuid, boolean) from public;
revoke all on function docket_private.apply_bead_pairs(uuid, docket_private.merge_verdict[], docket_private.beads_line[], docket_private.beads_edge[], text[], uuid[], text[])
    from public;
revoke all on function docket_private.apply_bead_fields(docket_private.merge_verdict[], docket_private.beads_line[], text[], uuid[])
    from public;
revoke all on function docket_private.archive_beads(uuid, uuid[]) from public;
revoke all on function docket_private.merge_beads_file(uuid, uuid, bytea, docket_private.beads_line[], text, jsonb)
    from public;

commit;
