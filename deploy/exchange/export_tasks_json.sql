-- Deploy pgdocket:exchange/export_tasks_json to pg
-- requires: exchange/json_layout
-- requires: exchange/merge_pieces
-- requires: exchange/task_pieces
-- requires: projects/require_project

begin;
set local role docket_owner;

-- A task file as its tasks are now: the bytes that were imported, with others only where a task
-- is another than it was.
create type docket_private.byte_edit as (
    start integer,
    size  integer,
    part  text
);

comment on type docket_private.byte_edit is
    'Some bytes of a file (from 1; a size of 0 inserts) and what takes their place.';

create type docket_private.list_place as (
    tag_no         integer,
    parent_ordinal integer,
    open           integer,
    close          integer,
    holder_gap     text,
    gap            text,
    ordinals       integer[],
    starts         integer[],
    sizes          integer[]
);

comment on type docket_private.list_place is
    'A list of tasks or subtasks in a file: whose it is, where its brackets are, the white space before its key and before its last element, and its entries with their places.';

-- How a file spells what has several spellings: as it does mostly.
create function docket_private.file_spellings(
    file docket_private.tasks_file
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
    return jsonb_build_object(
        'status',
        '{"pending": "pending", "in_progress": "in-progress", "review": "review",
          "completed": "done", "blocked": "blocked", "deferred": "deferred",
          "cancelled": "cancelled"}'::jsonb
        || (select coalesce(jsonb_object_agg(s.status, s.word), '{}')
              from (
                  select t.status, mode() within group (order by t.raw_status)::jsonb as word
                    from unnest(file.tasks) as t
                   where docket_private.known_status(t.raw_status::json) = t.status
                   group by t.status
              ) as s),
        'priority',
        '{"3": "low", "5": "medium", "8": "high", "10": "critical"}'::jsonb
        || (select coalesce(jsonb_object_agg(s.priority, s.word), '{}')
              from (
                  select t.priority, mode() within group (order by t.raw_priority)::jsonb as word
                    from unnest(file.tasks) as t
                   where docket_private.known_priority(t.raw_priority::json) = t.priority
                   group by t.priority
              ) as s));
end;
$$;

comment on function docket_private.file_spellings(docket_private.tasks_file) is
    'The words of a file for statuses and priorities, task-master''s where it has none.';

-- The style is that of the first task, else of the document.
create function docket_private.file_style(
    content  bytea,
    document json,
    file     docket_private.tasks_file,
    lists    docket_private.list_place[]
) returns docket_private.json_style
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text    text := convert_from(content, 'UTF8');
    v_start   integer;
    v_outer   text;
    v_source  json;
    v_found   docket_private.json_member[];
    v_gap     text;
    v_style   docket_private.json_style;
begin
    select l.starts[1], l.gap, t.raw into v_start, v_outer, v_source
      from unnest(lists) as l
      join unnest(file.tasks) as t on t.ordinal = l.ordinals[1]
     where l.parent_ordinal is null
       and json_typeof(t.raw) = 'object'
     order by l.open
     limit 1;
    if not found then
        v_start  := docket_private.next_token(
            content, case when substring(content from 1 for 3) = '\xefbbbf' then 4 else 1 end);
        v_outer  := e'\n';
        v_source := document;
    end if;

    v_found := docket_private.json_members(content, v_start, v_source);
    v_style.is_ascii := octet_length(content) = length(v_text)
        and v_text ~ '\\u(00[8-9a-fA-F]|0[1-9a-fA-F]|[1-9a-fA-F])';
    v_style.colon := coalesce(convert_from(
        substring(content
                  from docket_private.string_end(content, v_found[1].key_start)
                  for v_found[1].value_start
                      - docket_private.string_end(content, v_found[1].key_start)),
        'UTF8'), ': ');
    v_gap := case
                 when v_found[1] is not null
                 then docket_private.space_before(content, v_found[1].key_start)
             end;
    v_style.unit := case
                        when strpos(v_gap, e'\n') = 0 then null
                        when starts_with(v_gap, v_outer) and length(v_gap) > length(v_outer)
                        then substring(v_gap from length(v_outer) + 1)
                        else '  '
                    end;
    v_style.comma := case
                         when v_style.unit is not null or cardinality(v_found) < 2 then ', '
                         else ',' || docket_private.space_before(content, v_found[2].key_start)
                     end;
    v_style.is_flat := v_style.unit is not null and coalesce((
        select strpos(d.listed, e'\n') = 0
          from (
              select substring(t.raw::text from '"dependencies"\s*:\s*(\[[^]]*\])') as listed
                from unnest(file.edges) as e
                join unnest(file.tasks) as t on t.ordinal = e.ordinal
               order by e.ordinal
               limit 20
          ) as d
         where strpos(d.listed, ']') > 0
         limit 1), false);

    return v_style;
end;
$$;

comment on function docket_private.file_style(bytea, json, docket_private.tasks_file, docket_private.list_place[]) is
    'How a task file is laid out.';

-- The lists of a file that hold what is to change, and their holders' lists, outermost first.
create function docket_private.find_lists(
    content  bytea,
    document json,
    file     docket_private.tasks_file,
    touched  integer[]
) returns docket_private.list_place[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
declare
    v_root   integer := docket_private.next_token(
        content, case when substring(content from 1 for 3) = '\xefbbbf' then 4 else 1 end);
    v_tag    docket_private.file_tag;
    v_source json;
    v_start  integer;
    v_step   text;
    v_member docket_private.json_member;
    v_level  docket_private.list_place[] := '{}';
    v_lists  docket_private.list_place[] := '{}';
begin
    foreach v_tag in array file.tags loop
        -- Down to the tag's object, and its list; of repeated keys the last counts.
        v_source := document;
        v_start  := v_root;
        foreach v_step in array v_tag.item_path || text 'tasks' loop
            select m.key, m.key_start, m.value_start, m.value_size into v_member
              from unnest(docket_private.json_members(content, v_start, v_source))
                   with ordinality as m (key, key_start, value_start, value_size, n)
             where m.key = v_step
             order by m.n desc
             limit 1;
            v_start  := v_member.value_start;
            v_source := convert_from(
                substring(content from v_start for v_member.value_size), 'UTF8')::json;
        end loop;

        v_level := v_level || row (
            v_tag.tag_no, null, v_start, null,
            docket_private.space_before(content, v_member.key_start), null, null, null, null
        )::docket_private.list_place;
    end loop;

    loop
        -- The entries of these lists.
        v_level := array(
              with entry as materialized (
                  select t.tag_no, t.parent_ordinal,
                         array_agg(t.ordinal order by t.ordinal) as ordinals,
                         array_agg(octet_length(t.raw::text) order by t.ordinal) as sizes
                    from unnest(file.tasks) as t
                   group by t.tag_no, t.parent_ordinal
              ), found as materialized (
                  select l.tag_no, l.parent_ordinal, l.open, l.holder_gap,
                         coalesce(e.ordinals, '{}') as ordinals, coalesce(e.sizes, '{}') as sizes,
                         docket_private.json_elements(content, l.open, coalesce(e.sizes, '{}'))
                             as starts
                    from unnest(v_level) as l
                    left join entry as e
                      on e.tag_no = l.tag_no
                     and coalesce(e.parent_ordinal, 0) = coalesce(l.parent_ordinal, 0)
              )
            select row (f.tag_no, f.parent_ordinal, f.open, f.starts[cardinality(f.starts)],
                        f.holder_gap,
                        case
                            when cardinality(f.ordinals) > 0
                            then docket_private.space_before(
                                content, f.starts[cardinality(f.starts) - 1])
                        end,
                        f.ordinals, f.starts, f.sizes)::docket_private.list_place
              from found as f
             order by f.open);
        v_lists := v_lists || v_level;

        -- Their entries that hold lists which are touched.
        v_level := array(
              with entry as (
                  select l.tag_no, e.ordinal, e.start
                    from unnest(v_level) as l
                   cross join lateral unnest(l.ordinals, l.starts[:cardinality(l.ordinals)])
                         as e (ordinal, start)
              ), holder as materialized (
                  select e.tag_no, e.ordinal, e.start, t.raw
                    from entry as e
                    join unnest(file.tasks) as t on t.ordinal = e.ordinal
                   where e.ordinal in (select u.ordinal from unnest(touched) as u (ordinal))
                     and json_typeof(t.raw) = 'object'
              )
            select row (h.tag_no, h.ordinal, m.value_start, null,
                        docket_private.space_before(content, m.key_start), null, null, null, null
                   )::docket_private.list_place
              from holder as h
             cross join lateral (
                       select m.key_start, m.value_start
                         from unnest(docket_private.json_members(content, h.start, h.raw))
                              with ordinality as m (key, key_start, value_start, value_size, n)
                        where m.key = 'subtasks'
                        order by m.n desc
                        limit 1
                   ) as m
             where substring(content from m.value_start for 1) = '[');
        exit when cardinality(v_level) = 0;
    end loop;

    return v_lists;
end;
$$;

comment on function docket_private.find_lists(bytea, json, docket_private.tasks_file, integer[]) is
    'Where the lists of a file stand: of every tag, and the subtasks of the entries named.';

create function docket_private.has_text_id(raw json) returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return json_typeof(raw) = 'object'
        and json_typeof((docket_private.entry_fields(
                ((docket_private.mask_json(raw::text)).content)::json))[1])
            is not distinct from 'string';
end;
$$;

comment on function docket_private.has_text_id(json) is
    'Whether the id of an entry is written as a string.';

-- A list of dependencies without some and with others: what stays is not touched.
create function docket_private.edited_references(
    raw     json,
    removed text[],
    added   text[],
    style   docket_private.json_style,
    gap     text
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_masked record;
    v_listed json;
    v_text   text;
    v_items  text[];
begin
    select m.content, m.stand_in into v_masked
      from docket_private.mask_json(raw::text) as m;
    v_listed := (docket_private.entry_fields(v_masked.content::json))[8];
    v_text   := case
                    when json_typeof(v_listed) = 'array' and json_array_length(v_listed) > 0
                    then docket_private.unmasked_json(v_listed::text, v_masked.stand_in)
                end;

    -- One string may name several; who is left of them stays in it.
    select array_agg(coalesce(n.left_over, docket_private.unmasked_json(
                                  e.value::text, v_masked.stand_in)) order by e.n)
      into v_items
      from json_array_elements(case
                                   when json_typeof(v_listed) = 'array' then v_listed
                                   when json_typeof(v_listed) in ('string', 'number')
                                   then json_build_array(v_listed)
                               end) with ordinality as e (value, n)
     cross join lateral (
               select count(*) filter (where btrim(p.name) = any (removed)) as gone,
                      count(*) as named,
                      case
                          when count(*) filter (where btrim(p.name) = any (removed)) > 0
                          then docket_private.json_string(
                              string_agg(btrim(p.name), ',' order by p.n)
                                  filter (where btrim(p.name) <> all (removed)),
                              style.is_ascii)
                      end as left_over
                 from unnest(string_to_array(
                          case
                              when json_typeof(e.value) in ('string', 'number')
                              then e.value #>> '{}'
                          end, ',')) with ordinality as p (name, n)
           ) as n
     where n.gone = 0
        or n.gone < n.named;

    v_items := coalesce(v_items, '{}') || added;

    if v_text is null or cardinality(v_items) = 0 then
        return docket_private.json_list(v_items, '[]', style, gap, style.is_flat);
    end if;
    if strpos(v_text, e'\n') = 0 then
        return docket_private.json_list(v_items, '[]', style, gap, true);
    end if;
    return '[' || substring(v_text from '^\[(\s*)')
           || array_to_string(v_items, ',' || substring(v_text from '^\[(\s*)'))
           || substring(v_text from '(\s*)\]$') || ']';
end;
$$;

comment on function docket_private.edited_references(json, text[], text[], docket_private.json_style, text) is
    'The dependencies of an entry as its file writes them, without those named in `removed` and with the values in `added`.';

-- What a dependency on another task is called. Null: there is no name that means it alone.
create function docket_private.reference_names(
    file   docket_private.tasks_file,
    pieces docket_private.task_piece[],
    wanted jsonb
) returns table (identity text, names text[])
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
begin
    return query
      with piece as materialized (
          select p.ordinal, p.identity, p.depth, p.tag_no, p.fields ->> 'list' as list,
                 substring(p.identity from length(w.name) + 2) as local_key
            from unnest(pieces) as p
            join unnest(file.tags) as w on w.tag_no = p.tag_no
      ), wish as (
          select w.key as identity, d.target, d.n
            from jsonb_each(wanted) as w
           cross join lateral jsonb_array_elements_text(w.value)
                 with ordinality as d (target, n)
      ), named as (
          select w.identity, w.n,
                 case
                     when o.local_key ~ '~\d+$' then null
                     when o.depth > 1 and o.list = p.list and not t.is_text
                          and substring(o.identity from length(o.list) + 2) ~ '^(0|[1-9]\d{0,8})$'
                     then substring(o.identity from length(o.list) + 2)
                     when o.depth > 1 then to_json(o.local_key)::text
                     when s.identity is not null then null
                     when not t.is_text and o.local_key ~ '^(0|[1-9]\d{0,14})$' then o.local_key
                     else to_json(o.local_key)::text
                 end as name
            from wish as w
            join piece as p on p.identity = w.identity
            join piece as o on o.identity = w.target
            left join unnest(file.tasks) as e on e.ordinal = o.ordinal
           cross join lateral (
                     select coalesce(docket_private.has_text_id(e.raw), false) as is_text offset 0
                 ) as t
            left join piece as s
              on p.depth > 1
             and s.identity = p.list || '.' || o.local_key
      )
    select n.identity, array_agg(n.name order by n.n)
      from named as n
     where n.name is not null
     group by n.identity;
end;
$$;

comment on function docket_private.reference_names(docket_private.tasks_file, docket_private.task_piece[], jsonb) is
    'What the tasks that others depend on ({identity: [identity, ...]}) are called in a list of dependencies, as JSON values.';

-- A task that the file does not have yet, and its subtasks, innermost first.
create function docket_private.new_entries(
    file   docket_private.tasks_file,
    pieces docket_private.task_piece[],
    style  docket_private.json_style,
    gaps   jsonb
) returns table (tag_no integer, parent_ordinal integer, texts text[])
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
declare
    v_words   jsonb     := docket_private.file_spellings(file);
    v_level   integer;
    v_names   jsonb;
    v_gaps    jsonb;
    v_texts   text[]    := '{}';
    v_holders uuid[]    := '{}';
    v_tags    integer[] := '{}';
    v_parents integer[] := '{}';
    v_numbers bigint[]  := '{}';
begin
    -- Where each of them begins: the white space of its list, two levels more for each holder.
      with recursive placed as (
          select p.task_id, p.depth,
                 gaps ->> (p.tag_no || '/' || coalesce(p.parent_ordinal, 0)) as gap
            from unnest(pieces) as p
           where p.ordinal is null
             and (p.parent_id is null or p.parent_ordinal is not null)
           union all
          select p.task_id, p.depth,
                 case when u.gap is not null then u.gap || repeat(style.unit, 2) end
            from placed as u
            join unnest(pieces) as p on p.parent_id = u.task_id
           where p.ordinal is null
             and p.parent_ordinal is null
      )
    select jsonb_object_agg(p.task_id, coalesce(p.gap, '')), max(p.depth)
      into v_gaps, v_level
      from placed as p;

    select coalesce(jsonb_object_agg(r.identity, to_jsonb(r.names)), '{}') into v_names
      from docket_private.reference_names(file, pieces, (
               select coalesce(jsonb_object_agg(p.identity, p.fields -> 'dependencies'), '{}')
                 from unnest(pieces) as p
                where p.ordinal is null
                  and p.fields -> 'dependencies' <> '[]')) as r;

    while v_level > 0 loop
          with below as (
              select c.holder as task_id, array_agg(c.text order by c.number) as texts
                from unnest(v_holders, v_texts, v_numbers) as c (holder, text, number)
               where c.holder is not null
               group by c.holder
          ), entry as materialized (
              select p.parent_id, p.parent_ordinal, p.tag_no, p.depth, p.fields, b.texts,
                     p.local_id::bigint as number,
                     case when style.unit is not null then v_gaps ->> p.task_id::text end as gap,
                     array(select jsonb_array_elements_text(v_names -> p.identity)) as names,
                     p.depth = 1 or u.task_id is null
                         or p.fields -> 'priority' <> u.fields -> 'priority' as has_own_priority
                from unnest(pieces) as p
                left join unnest(pieces) as u on u.task_id = p.parent_id
                left join below as b on b.task_id = p.task_id
               where p.ordinal is null
                 and p.depth = v_level
                 and v_gaps ? p.task_id::text
          ), written as (
              select e.parent_id, e.parent_ordinal, e.tag_no, e.number,
                     docket_private.json_list(
                         array(
                             select docket_private.json_string(m.key, style.is_ascii) || style.colon
                                    || m.value
                               from (
                                   select k.key, k.value, k.n
                                     from (values
                                         ('id', e.number::text, 1),
                                         ('title', docket_private.json_string(
                                             e.fields ->> 'title', style.is_ascii), 2),
                                         ('description', docket_private.json_string(
                                             coalesce(e.fields ->> 'description', ''),
                                             style.is_ascii), 3),
                                         ('details', docket_private.json_string(
                                             coalesce(e.fields ->> 'details', ''),
                                             style.is_ascii), 4),
                                         ('testStrategy', docket_private.json_string(
                                             coalesce(e.fields ->> 'testStrategy', ''),
                                             style.is_ascii), 5),
                                         ('status',
                                          (v_words -> 'status'
                                           -> (e.fields ->> 'status'))::text, 6),
                                         ('dependencies', docket_private.json_list(
                                             e.names, '[]', style, e.gap || style.unit,
                                             style.is_flat), 7),
                                         ('priority',
                                          case when e.has_own_priority then
                                              (v_words -> 'priority'
                                               -> (e.fields ->> 'priority'))::text
                                          end, 8),
                                         ('subtasks',
                                          case when e.depth = 1 or e.texts is not null then
                                              docket_private.json_list(
                                                  e.texts, '[]', style, e.gap || style.unit)
                                          end, 9)
                                     ) as k (key, value, n)
                                   union all
                                   select substring(x.key from 10),
                                          docket_private.styled_json(
                                              x.value::json, style, e.gap || style.unit), 10
                                     from jsonb_each(e.fields) as x
                                    where docket_private.is_unknown_field(x.key)
                               ) as m
                              where m.value is not null
                              order by m.n),
                         '{}', style, e.gap) as text
                from entry as e
          )
        select v_holders || coalesce(array_agg(
                   case when w.parent_ordinal is null then w.parent_id end
                   order by w.number), '{}'),
               v_texts || coalesce(array_agg(w.text order by w.number), '{}'),
               v_tags || coalesce(array_agg(w.tag_no order by w.number), '{}'),
               v_parents || coalesce(array_agg(w.parent_ordinal order by w.number), '{}'),
               v_numbers || coalesce(array_agg(w.number order by w.number), '{}')
          into v_holders, v_texts, v_tags, v_parents, v_numbers
          from written as w;
        v_level := v_level - 1;
    end loop;

    return query
    select w.tag_no, w.parent_ordinal, array_agg(w.text order by w.number)
      from unnest(v_holders, v_texts, v_tags, v_parents, v_numbers)
           as w (holder, text, tag_no, parent_ordinal, number)
     where w.holder is null
     group by w.tag_no, w.parent_ordinal;
end;
$$;

comment on function docket_private.new_entries(docket_private.tasks_file, docket_private.task_piece[], docket_private.json_style, jsonb) is
    'The tasks that a file does not have yet, as it would write them, by the list that they are to stand in. `gaps` has the white space before the elements of each list.';

-- What stands at the places of an entry whose fields have changed.
create function docket_private.entry_edits(
    content bytea,
    start   integer,
    raw     json,
    fields  jsonb,
    style   docket_private.json_style
) returns docket_private.byte_edit[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_members docket_private.json_member[];
    v_gap     text;
    v_last    integer := start + 1;
    v_edits   docket_private.byte_edit[];
begin
    -- A task that is a string has a title and nothing else, until something else is said of it.
    if json_typeof(raw) <> 'object' then
        return array[row (start, octet_length(raw::text), case
            when fields - 'title' = '{}' then fields ->> 'title'
            else docket_private.json_list(
                     array['"title"' || style.colon || coalesce(fields ->> 'title', raw::text)]
                     || array(select to_json(f.key)::text || style.colon || f.value
                                from jsonb_each_text(fields) as f
                               where f.key <> 'title'
                                 and f.value is not null),
                     '{}', style, docket_private.space_before(content, start))
            end)::docket_private.byte_edit];
    end if;

    v_members := docket_private.json_members(content, start, raw);
    v_gap     := docket_private.space_before(content, v_members[1].key_start);
    if cardinality(v_members) > 0 then
        v_last := v_members[cardinality(v_members)].value_start
                  + v_members[cardinality(v_members)].value_size;
    end if;

    -- Of a key that is there more than once the last counts; none of it is left when it goes.
      with member as materialized (
          select m.key, m.key_start, m.value_start, m.value_size, m.n,
                 row_number() over (partition by m.key order by m.n desc) = 1 as is_last,
                 fields ? m.key and fields -> m.key = 'null' as is_removed
            from unnest(v_members) with ordinality
                 as m (key, key_start, value_start, value_size, n)
      )
    select array_agg(row (e.start, e.size, e.part)::docket_private.byte_edit order by e.n)
      into v_edits
      from (
          select m.value_start as start, m.value_size as size, fields ->> m.key as part, 1 as n
            from member as m
           where m.is_last
             and not m.is_removed
             and fields ? m.key
           union all
          select c.start, c.size, '', 2
            from (
                select array_agg(m.key_start order by m.n) as starts,
                       array_agg(m.value_start + m.value_size - m.key_start order by m.n) as sizes,
                       array_agg(m.is_removed order by m.n) as is_removed
                  from member as m
            ) as a
           cross join lateral docket_private.cut_places(a.starts, a.sizes, a.is_removed) as c
           union all
          select v_last, 0,
                 string_agg(
                     case
                         when cardinality(v_members) = 0 then ''
                         when style.unit is null then style.comma
                         else ',' || v_gap
                     end
                     || docket_private.json_string(f.key, style.is_ascii) || style.colon || f.value,
                     case when cardinality(v_members) = 0 then ', ' else '' end order by f.key),
                 3
            from jsonb_each_text(fields) as f
           where f.value is not null
             and not exists (select from member as m where m.key = f.key)
          having count(*) > 0
      ) as e;

    return coalesce(v_edits, '{}');
end;
$$;

comment on function docket_private.entry_edits(bytea, integer, json, jsonb, docket_private.json_style) is
    'The edits that give members of the entry at a place other values ({key: its value as JSON text}; null: the member goes).';

create function docket_private.is_unknown_field(field text) returns boolean
language sql
immutable
begin atomic
    select starts_with(is_unknown_field.field, 'imported.')
           and substring(is_unknown_field.field from 10) <> all (
                   array['id', 'title', 'description', 'details', 'testStrategy', 'status',
                         'priority', 'dependencies', 'subtasks']);
end;

comment on function docket_private.is_unknown_field(text) is
    'Whether a field is a key of a file that no column is for.';

-- The file with its tasks as the pieces say.
create function docket_private.edited_tasks_file(
    content bytea,
    file    docket_private.tasks_file,
    base    docket_private.task_piece[],
    pieces  docket_private.task_piece[]
) returns bytea
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
declare
    v_document json;
    v_changed  docket_private.merge_verdict[];
    v_removed  integer[];
    v_touched  integer[];
    v_is_grown boolean;
    v_lists    docket_private.list_place[];
    v_style    docket_private.json_style;
    v_words    jsonb;
    v_gaps     jsonb;
    v_names    jsonb;
    v_edits    docket_private.byte_edit[];
begin
    v_changed := array(
        select v
          from docket_private.merge_pieces(array(
                   select row (b.identity, b.fields, null, b.fields, o.fields
                          )::docket_private.merge_piece
                     from unnest(edited_tasks_file.base) as b
                     join unnest(pieces) as o on o.ordinal = b.ordinal
                    where b.fields <> o.fields)) as v
         where v.field not like 'imported.%'
            or docket_private.is_unknown_field(v.field));
    -- What is inside of something that goes, goes with it.
    v_removed := array(
        select b.ordinal
          from unnest(edited_tasks_file.base) as b
          left join unnest(pieces) as o on o.ordinal = b.ordinal
          left join unnest(pieces) as u on u.ordinal = b.parent_ordinal
         where o.ordinal is null
           and (b.parent_ordinal is null or u.ordinal is not null));
    v_is_grown := exists (
        select from unnest(pieces) as o where o.ordinal is null);

    if cardinality(v_changed) = 0 and cardinality(v_removed) = 0 and not v_is_grown then
        return content;
    end if;

    -- The entries whose lists are to be found: holders of what changes, and theirs.
      with recursive holder as (
          select t.parent_ordinal as ordinal
            from unnest(file.tasks) as t
           where t.ordinal in (select r.ordinal from unnest(v_removed) as r (ordinal))
              or t.identity in (select c.identity from unnest(v_changed) as c)
           union
          select p.parent_ordinal
            from unnest(pieces) as p
           where p.ordinal is null
           union
          select t.parent_ordinal
            from holder as h
            join unnest(file.tasks) as t on t.ordinal = h.ordinal
      )
    select coalesce(array_agg(h.ordinal), '{}') into v_touched
      from holder as h
     where h.ordinal is not null;

    v_document := convert_from(
        case when substring(content from 1 for 3) = '\xefbbbf' then substring(content from 4)
             else content end, 'UTF8')::json;
    v_lists := docket_private.find_lists(content, v_document, file, v_touched);
    v_style := docket_private.file_style(content, v_document, file, v_lists);
    v_words := docket_private.file_spellings(file);

    -- The white space before a new element of each list.
    select jsonb_object_agg(
               l.tag_no || '/' || coalesce(l.parent_ordinal, 0),
               case
                   when v_style.unit is null then ''
                   when strpos(l.gap, e'\n') > 0 then l.gap
                   else l.holder_gap || v_style.unit
               end)
      into v_gaps
      from unnest(v_lists) as l;
    -- An entry without a list of subtasks gets one.
    v_gaps := v_gaps || coalesce((
        select jsonb_object_agg(
                   p.tag_no || '/' || p.parent_ordinal, case
                       when v_style.unit is null then ''
                       else docket_private.space_before(content, e.start) || repeat(v_style.unit, 2)
                   end)
          from (
              select distinct p.tag_no, p.parent_ordinal
                from unnest(pieces) as p
               where p.ordinal is null
                 and p.parent_ordinal is not null
          ) as p
          join unnest(v_lists) as l on l.tag_no = p.tag_no
          join lateral unnest(l.ordinals, l.starts[:cardinality(l.ordinals)])
               as e (ordinal, start)
            on e.ordinal = p.parent_ordinal
         where not v_gaps ? (p.tag_no || '/' || p.parent_ordinal)), '{}');

    select coalesce(jsonb_object_agg(r.identity, to_jsonb(r.names)), '{}') into v_names
      from docket_private.reference_names(file, pieces, (
               select coalesce(jsonb_object_agg(c.identity, d.added), '{}')
                 from unnest(v_changed) as c
                cross join lateral (
                          select jsonb_agg(o.value) as added
                            from jsonb_array_elements(c.ours) as o
                           where not c.base @> jsonb_build_array(o.value)
                      ) as d
                where c.field = 'dependencies'
                  and d.added is not null)) as r;

      with place as materialized (
          select l.tag_no, l.parent_ordinal, e.ordinal, e.start, e.size, e.n
            from unnest(v_lists) as l
           cross join lateral unnest(l.ordinals, l.starts[:cardinality(l.ordinals)], l.sizes)
                 with ordinality as e (ordinal, start, size, n)
      ), grown as materialized (
          select g.tag_no, coalesce(g.parent_ordinal, 0) as parent_ordinal, g.texts,
                 case when v_style.unit is not null then
                     v_gaps ->> (g.tag_no || '/' || coalesce(g.parent_ordinal, 0))
                 end as gap
            from docket_private.new_entries(file, pieces, v_style, v_gaps) as g
      ), reference as materialized (
          select c.identity, array_agg(r.reference) as names
            from unnest(v_changed) as c
            join unnest(edited_tasks_file.base) as b on b.identity = c.identity
            join unnest(file.edges) as r on r.ordinal = b.ordinal
            join unnest(file.tasks) as o on o.ordinal = r.target
           where c.field = 'dependencies'
             and not c.ours @> jsonb_build_array(o.identity)
           group by c.identity
      ), changed as (
          select b.ordinal, b.parent_ordinal, b.tag_no,
                 jsonb_object_agg(
                     case when c.field like 'imported.%' then substring(c.field from 10)
                          else c.field end,
                     case
                         when c.ours is null then null
                         when c.field = 'status'
                         then (v_words -> 'status' -> (c.ours #>> '{}'))::text
                         when c.field = 'priority'
                         then (v_words -> 'priority' -> (c.ours #>> '{}'))::text
                         when c.field = 'dependencies'
                         then docket_private.edited_references(
                                  t.raw, coalesce(r.names, '{}'),
                                  array(select jsonb_array_elements_text(v_names -> c.identity)),
                                  v_style, g.member_gap)
                         when jsonb_typeof(c.ours) = 'string'
                         then docket_private.json_string(c.ours #>> '{}', v_style.is_ascii)
                         else docket_private.styled_json(c.ours::json, v_style, g.member_gap)
                     end) as fields
            from unnest(v_changed) as c
            join unnest(edited_tasks_file.base) as b on b.identity = c.identity
            join unnest(file.tasks) as t on t.ordinal = b.ordinal
            join place as p on p.ordinal = b.ordinal
            left join reference as r on r.identity = c.identity
           cross join lateral (
                     select case when v_style.unit is not null then
                                docket_private.space_before(content, p.start) || v_style.unit
                            end as member_gap
                 ) as g
           group by b.ordinal, b.parent_ordinal, b.tag_no
      ), listless as (
          -- New subtasks of an entry that has no list for them.
          select p.ordinal,
                 jsonb_build_object('subtasks', docket_private.json_list(
                     g.texts, '[]', v_style, case when v_style.unit is not null then
                         docket_private.space_before(content, p.start) || v_style.unit
                     end)) as fields
            from grown as g
            join place as p on p.ordinal = g.parent_ordinal
            left join unnest(v_lists) as l on l.parent_ordinal = g.parent_ordinal
           where l.open is null
      ), edit as (
          select e.start, e.size, e.part
            from (
                select coalesce(c.ordinal, l.ordinal) as ordinal,
                       coalesce(c.fields, '{}') || coalesce(l.fields, '{}') as fields
                  from changed as c
                  full join listless as l on l.ordinal = c.ordinal
            ) as c
            join place as p on p.ordinal = c.ordinal
            join unnest(file.tasks) as t on t.ordinal = c.ordinal
           cross join lateral unnest(docket_private.entry_edits(
                     content, p.start, t.raw, c.fields, v_style)) as e
           union all
          -- Entries that go; where a list loses all it had, what is new takes their place.
          select c.start, c.size, ''
            from (
                select array_agg(p.start order by p.n) as starts,
                       array_agg(p.size order by p.n) as sizes,
                       array_agg(p.ordinal = any (v_removed) order by p.n) as is_removed
                  from place as p
                 group by p.tag_no, p.parent_ordinal
                having bool_or(p.ordinal = any (v_removed))
                   and not bool_and(p.ordinal = any (v_removed))
            ) as a
           cross join lateral docket_private.cut_places(a.starts, a.sizes, a.is_removed) as c
           union all
          select l.open + 1, l.close - l.open - 1,
                 coalesce(substring(docket_private.json_list(
                     g.texts, '[]', v_style, l.holder_gap) from '^\[(.*)\]$'), '')
            from unnest(v_lists) as l
            left join grown as g
              on g.tag_no = l.tag_no
             and g.parent_ordinal = coalesce(l.parent_ordinal, 0)
           where not exists (
                     select
                       from unnest(l.ordinals) as o (ordinal)
                      where o.ordinal <> all (v_removed))
             and (g.texts is not null or cardinality(l.ordinals) > 0)
           union all
          select l.starts[cardinality(l.ordinals)] + l.sizes[cardinality(l.ordinals)], 0,
                 (select string_agg(
                             case when v_style.unit is null then v_style.comma
                                  else ',' || g.gap end || n.text, '' order by n.n)
                    from unnest(g.texts) with ordinality as n (text, n))
            from unnest(v_lists) as l
            join grown as g
              on g.tag_no = l.tag_no
             and g.parent_ordinal = coalesce(l.parent_ordinal, 0)
           where exists (
                     select
                       from unnest(l.ordinals) as o (ordinal)
                      where o.ordinal <> all (v_removed))
      )
    select array_agg(row (e.start, e.size, e.part)::docket_private.byte_edit) into v_edits
      from edit as e;

    return docket_private.spliced_bytes(
        content,
        array(select e.start from unnest(v_edits) with ordinality as e (start, size, part, n)
               order by e.n),
        array(select e.size from unnest(v_edits) with ordinality as e (start, size, part, n)
               order by e.n),
        array(select convert_to(e.part, 'UTF8')
                from unnest(v_edits) with ordinality as e (start, size, part, n)
               order by e.n));
end;
$$;

comment on function docket_private.edited_tasks_file(bytea, docket_private.tasks_file, docket_private.task_piece[], docket_private.task_piece[]) is
    'The bytes of a file whose tasks are as `pieces` say instead of as `base` does: others only where the two differ.';

-- A file as task-master makes a new one: a tag for each workflow, and "master" for the others.
create function docket_private.empty_tasks_file(project_id uuid) returns bytea
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select convert_to(docket_private.styled_json(
                   json_object_agg(
                       w.name,
                       json_build_object(
                           'tasks', '[]'::json,
                           'metadata', json_build_object(
                               'created', w.created, 'updated', w.created,
                               'description', format('Tasks for %s context', w.name)))
                       order by w.n, w.workflow_id),
                   row ('  ', ': ', ', ', false, false)::docket_private.json_style, e'\n'), 'UTF8')
          from (
              select w.name, 2 as n, w.workflow_id,
                     to_char(w.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
                         as created
                from docket.workflows as w
               where w.project_id = empty_tasks_file.project_id
               union all
              select 'master', 1, p.project_id,
                     to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
                from docket.projects as p
               where p.project_id = empty_tasks_file.project_id
                 and not exists (
                         select
                           from docket.workflows as m
                          where m.project_id = p.project_id
                            and m.name = 'master')
          ) as w);
end;
$$;

comment on function docket_private.empty_tasks_file(uuid) is
    'A task file with the tags of a project and no tasks.';

create function docket.export_tasks_json(
    project_id  uuid,
    source_name text default null
) returns bytea
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_import  docket.imports;
    v_content bytea;
    v_file    docket_private.tasks_file;
begin
    perform docket_private.require_project(export_tasks_json.project_id, false);

    select i.* into v_import
      from docket.imports as i
     where i.project_id = export_tasks_json.project_id
       and i.shape in ('flat', 'tagged', 'raw_tagged')
       and (export_tasks_json.source_name is null
            or i.source_name = export_tasks_json.source_name)
     order by i.import_id
     limit 1;

    if not found and export_tasks_json.source_name is not null then
        raise exception 'nothing was imported from %', left(export_tasks_json.source_name, 200)
            using errcode = 'PD404',
                  hint    = 'docket.list_imports() names what was; without a source, a project without imports gets a file of its own.';
    end if;

    -- A copy in memory: each look at a value that is stored apart would fetch it whole.
    v_content := ''::bytea || coalesce(
        v_import.content, docket_private.empty_tasks_file(export_tasks_json.project_id));
    v_file    := docket_private.read_tasks_file(
        coalesce(v_import.source_name, 'tasks.json'), v_content);

    return docket_private.edited_tasks_file(
        v_content, v_file,
        docket_private.file_pieces(v_file),
        docket_private.project_pieces(
            export_tasks_json.project_id, v_import.import_id, v_file));
end;
$$;

comment on function docket.export_tasks_json(uuid, text) is
'The tasks of a project as a tasks.json of claude-task-master.

`project_id` is the project, `source_name` the import that is given back (default: the first). What
was imported and has not changed since is there byte for byte; a task that was changed has other
bytes in the fields that changed, laid out and spelled as the file is; tasks made here stand at the
end of the list of their tag, or of their parent''s subtasks, and tasks put away are gone. A project
that nothing was imported into gets a file as task-master writes one, with a tag for each workflow.
Tasks of other imports are not in it, nor dependencies from one tag to another.

Returns the file in UTF-8, to be imported again or read by other tools. Raises PD404 (unknown
project or source), PD403.';

revoke all on function docket_private.file_spellings(docket_private.tasks_file) from public;
revoke all on function docket_private.file_style(bytea, json, docket_private.tasks_file, docket_private.list_place[])
    from public;
revoke all on function docket_private.find_lists(bytea, json, docket_private.tasks_file, integer[])
    from public;
revoke all on function docket_private.has_text_id(json) from public;
revoke all on function docket_private.edited_references(json, text[], text[], docket_private.json_style, text)
    from public;
revoke all on function docket_private.reference_names(docket_private.tasks_file, docket_private.task_piece[], jsonb)
    from public;
revoke all on function docket_private.new_entries(docket_private.tasks_file, docket_private.task_piece[], docket_private.json_style, jsonb)
    from public;
revoke all on function docket_private.entry_edits(bytea, integer, json, jsonb, docket_private.json_style)
    from public;
revoke all on function docket_private.is_unknown_field(text) from public;
revoke all on function docket_private.edited_tasks_file(bytea, docket_private.tasks_file, docket_private.task_piece[], docket_private.task_piece[])
    from public;
revoke all on function docket_private.empty_tasks_file(uuid) from public;
revoke all on function docket.export_tasks_json(uuid, text) from public;
grant execute on function docket.export_tasks_json(uuid, text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
