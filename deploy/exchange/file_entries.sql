-- Deploy pgdocket:exchange/file_entries to pg
-- requires: exchange/tasks_file

begin;
set local role docket_owner;

-- The entries of a task file's lists: first as they stand (file_entries), then as tasks
-- (file_tasks). Sets all the way down: a file of any size is read in a handful of statements.
create type docket_private.file_entry as (
    ordinal        integer,
    parent_ordinal integer,
    tag_no         integer,
    depth          integer,
    place          bigint[],
    item_path      text[],
    source         json,
    raw_id         text,
    local_key      text,
    priority       smallint,
    fields         json[]
);

comment on type docket_private.file_entry is
    'One entry of a list of tasks or subtasks, masked: its number in the file, its parent''s, where it stands, its id as spelled, its key within the tag, its priority or its parent''s, and the values of the known keys.';

create type docket_private.file_task as (
    ordinal        integer,
    parent_ordinal integer,
    tag_no         integer,
    depth          integer,
    item_path      text[],
    is_task        boolean,
    raw            json,
    raw_status     text,
    raw_priority   text,
    key_base       text,
    key_number     bigint,
    legacy_id      bigint,
    title          text,
    description    text,
    details        text,
    test_strategy  text,
    status         text,
    priority       smallint,
    completed_at   timestamptz,
    metadata       jsonb,
    identity       text
);

comment on type docket_private.file_task is
    'One entry of a list of tasks or subtasks as the row that it is to become. Its key is key_base, with "~" and key_number where that is more than 0; its identity is by what it is known again in another version of the file: the tag and its id there.';

-- The values of the keys that columns are made of, in this order: 1 id, 2 title, 3 description,
-- 4 details, 5 testStrategy, 6 status, 7 priority, 8 dependencies, 9 subtasks, 10 completedAt.
-- An entry that is a string is a task of that title. JSON's null is no value.
create function docket_private.entry_fields(source json) returns json[]
language sql
immutable
begin atomic
    select array[f.id, f.title, f.description, f.details, f."testStrategy", f.status, f.priority,
                 f.dependencies, f.subtasks, f."completedAt"]
      from json_to_record(
               case json_typeof(entry_fields.source)
                   when 'object' then entry_fields.source
                   when 'string' then json_build_object('title', entry_fields.source)
                   else '{}'
               end)
           as f (id json, title json, description json, details json, "testStrategy" json,
                 status json, priority json, dependencies json, subtasks json, "completedAt" json);
end;

comment on function docket_private.entry_fields(json) is
    'The values of the known keys of a masked entry.';

create function docket_private.spelled_id(id json) returns text
language sql
immutable
begin atomic
    select case
               when json_typeof(spelled_id.id) in ('number', 'string')
                    and length(spelled_id.id #>> '{}') <= 100
               then nullif(btrim(spelled_id.id #>> '{}'), '')
           end;
end;

comment on function docket_private.spelled_id(json) is
    'An id as it is spelled (8.10 stays 8.10); null where it can not name anything.';

-- A subtask's id may be bare (2), or carry its parent's ("3.2", 3.2, "3-2").
create function docket_private.local_key(
    parent_key text,
    parent_id  text,
    raw_id     text,
    at_place   bigint
) returns text
language sql
immutable
begin atomic
    select case
               when local_key.parent_key is null
               then coalesce(local_key.raw_id, local_key.at_place::text)
               when starts_with(local_key.raw_id, local_key.parent_id || '.')
                    or starts_with(local_key.raw_id, local_key.parent_id || '-')
               then local_key.parent_key
                    || substr(local_key.raw_id, length(local_key.parent_id) + 1)
               else local_key.parent_key || '.'
                    || coalesce(local_key.raw_id, local_key.at_place::text)
           end;
end;

comment on function docket_private.local_key(text, text, text, bigint) is
    'What an entry is called within its tag: its id after its parent''s key; without an id, its position.';

create function docket_private.numbered_key(
    key_base   text,
    key_number bigint
) returns text
language sql
immutable
begin atomic
    select case
               when numbered_key.key_number = 0 then numbered_key.key_base
               else numbered_key.key_base || '~' || numbered_key.key_number
           end;
end;

comment on function docket_private.numbered_key(text, bigint) is
    'A key, with "~" and its number where it is not the first of its name.';

-- Joins below meet arrays of whose size the planner may know nothing: hash joins are right at any,
-- and a plan made without knowing took four times as long.
create function docket_private.file_entries(tags docket_private.file_tag[])
returns docket_private.file_entry[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
begin
    return (
          with recursive found as (
              select t.tag_no,
                     array[t.tag_no, e.n] as place,
                     t.item_path || array['tasks', (e.n - 1)::text] as item_path,
                     e.source,
                     k.raw_id,
                     docket_private.local_key(null, null, k.raw_id, e.n) as local_key,
                     case
                         when f.fields[7] is null then 5
                         else coalesce(docket_private.known_priority(f.fields[7]), 5)
                     end::smallint as priority,
                     f.fields
                from unnest(file_entries.tags) as t
               cross join lateral json_array_elements(t.content -> 'tasks')
                     with ordinality as e (source, n)
               cross join lateral (
                         select docket_private.entry_fields(e.source) as fields offset 0
                     ) as f
               cross join lateral (
                         select docket_private.spelled_id(f.fields[1]) as raw_id offset 0
                     ) as k
               union all
              select p.tag_no,
                     p.place || e.n,
                     p.item_path || array['subtasks', (e.n - 1)::text],
                     e.source,
                     k.raw_id,
                     docket_private.local_key(p.local_key, p.raw_id, k.raw_id, e.n),
                     case
                         when f.fields[7] is null then p.priority
                         else coalesce(docket_private.known_priority(f.fields[7]), 5)
                     end::smallint,
                     f.fields
                from found as p
               cross join lateral json_array_elements(
                         case json_typeof(p.fields[9]) when 'array' then p.fields[9] end)
                     with ordinality as e (source, n)
               cross join lateral (
                         select docket_private.entry_fields(e.source) as fields offset 0
                     ) as f
               cross join lateral (
                         select docket_private.spelled_id(f.fields[1]) as raw_id offset 0
                     ) as k
          ), numbered as materialized (
              select f.place, (row_number() over (order by f.place))::integer as ordinal
                from found as f
          )
        select array_agg(
                   row (n.ordinal, p.ordinal, f.tag_no, cardinality(f.place) - 1, f.place,
                        f.item_path, f.source, f.raw_id, f.local_key, f.priority,
                        f.fields)::docket_private.file_entry
                   order by n.ordinal)
          from found as f
          join numbered as n on n.place = f.place
          left join numbered as p
            on p.place = f.place[:cardinality(f.place) - 1]);
end;
$$;

comment on function docket_private.file_entries(docket_private.file_tag[]) is
    'Every entry of the lists of tasks and, at any depth, of subtasks, in the order of the file.';

create function docket_private.file_tasks(
    tags          docket_private.file_tag[],
    entries       docket_private.file_entry[],
    stand_in      text,
    out tasks     docket_private.file_task[],
    out oddities  docket_private.oddity[]
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
declare
    v_statuses jsonb;
begin
    -- A file has few statuses: each is looked up once.
    select coalesce(jsonb_object_agg(s.raw, docket_private.known_status(s.raw::json)), '{}')
      into v_statuses
      from (
          select distinct e.fields[6]::text as raw
            from unnest(file_tasks.entries) as e
           where e.fields[6] is not null
      ) as s;

      with entry as materialized (
          select e.ordinal, e.parent_ordinal, e.tag_no, e.depth, e.item_path, e.source, e.raw_id,
                 e.local_key, e.priority,
                 e.fields[1] as id, e.fields[2] as title, e.fields[3] as description,
                 e.fields[4] as details, e.fields[5] as test_strategy, e.fields[6] as status,
                 e.fields[7] as own_priority, e.fields[8] as dependencies, e.fields[9] as subtasks,
                 e.fields[10] as completed_at,
                 json_typeof(e.source) as source_type,
                 docket_private.plain_text(e.fields[2], file_tasks.stand_in) as title_text,
                 docket_private.plain_text(e.fields[3], file_tasks.stand_in) as description_text,
                 coalesce(v_statuses ->> e.fields[6]::text, 'pending') as new_status,
                 t.name || '/' || e.local_key as tag_key,
                 left(
                     case when t.is_first then '' else left(t.name, 100) || '/' end || e.local_key,
                     230) as natural_key,
                 case
                     when t.is_first and e.depth = 1 and e.raw_id ~ '^(0|[1-9][0-9]{0,17})$'
                     then e.raw_id::bigint
                 end as legacy_id
            from unnest(file_tasks.entries) as e
            join unnest(file_tasks.tags) as t on t.tag_no = e.tag_no
      ), named as materialized (
          -- A key that ends in "~2" is counted among those that are told apart by it.
          select e.ordinal,
                 b.key_base,
                 row_number() over same_base as n,
                 row_number() over same_base = 1 and b.key_base = e.natural_key as has_natural_key,
                 e.legacy_id is not null
                     and row_number() over (partition by e.legacy_id order by e.ordinal) = 1
                     as has_legacy_id,
                 docket_private.numbered_key(
                     e.tag_key,
                     case row_number() over same_name
                         when 1 then 0
                         else row_number() over same_name
                     end) as identity
            from entry as e
           cross join lateral (
                     select regexp_replace(e.natural_key, '~\d{1,9}$', '') as key_base offset 0
                 ) as b
           where e.source_type in ('object', 'string')
          window same_base as (
                     partition by b.key_base
                     order by e.raw_id is null, e.depth, e.ordinal),
                 same_name as (
                     partition by e.tag_no, e.local_key
                     order by e.raw_id is null, e.depth, e.ordinal)
      ), kept as materialized (
          -- What no column holds: unknown keys, and known ones with a value that none can take.
          select e.ordinal,
                 json_object_agg(m.key, m.value order by m.n) filter (
                     where case m.key
                               when 'title' then
                                   t.name <> 'string' or length(e.title_text) > 255
                               when 'id' then e.raw_id is null and e.id is not null
                               when 'status' then v_statuses -> m.value::text = 'null'
                               when 'priority' then
                                   e.own_priority is not null
                                   and docket_private.known_priority(e.own_priority) is null
                               when 'description' then t.name not in ('string', 'null')
                               when 'details' then t.name not in ('string', 'null')
                               when 'testStrategy' then t.name not in ('string', 'null')
                               when 'dependencies' then t.name not in ('array', 'null')
                               when 'subtasks' then t.name not in ('array', 'null')
                               else true
                           end) as members,
                 count(*) > count(distinct m.key) as repeats_keys
            from entry as e
           cross join lateral json_each(e.source) with ordinality as m (key, value, n)
           cross join lateral (select json_typeof(m.value) as name offset 0) as t
           where e.source_type = 'object'
           group by e.ordinal
      ), judged as materialized (
          select e.*,
                 n.key_base,
                 case when n.has_natural_key then 0 else n.n end as key_number,
                 n.has_legacy_id,
                 n.identity,
                 k.members,
                 k.repeats_keys,
                 e.source_type in ('object', 'string') as is_task,
                 btrim(coalesce(e.title_text, ''), e' \t\n\r') = '' as has_no_title,
                 case when e.new_status = 'completed'
                      then coalesce(docket_private.known_time(e.completed_at), docket.clock())
                 end as new_completed_at
            from entry as e
            left join named as n on n.ordinal = e.ordinal
            left join kept as k on k.ordinal = e.ordinal
      ), odd as (
          select j.ordinal,
                 j.item_path || array_remove(array[o.key], null) as item_path,
                 o.kind,
                 docket_private.shown_json(o.value, file_tasks.stand_in) as value,
                 o.reason
            from judged as j
           cross join lateral docket_private.numbered_key(j.key_base, j.key_number) as n (task_key)
           cross join lateral (
                     select null as key, 'not_a_task' as kind, j.source as value,
                            'an entry of a list is an object; it is kept as written only' as reason
                      where not j.is_task
                      union all
                     select null, 'task_is_text', j.source,
                            format('it became the title of task %s', n.task_key)
                      where j.source_type = 'string'
                      union all
                     select 'id', 'missing_id', null,
                            format('it was given the key %s', n.task_key)
                      where j.source_type = 'object' and j.id is null
                      union all
                     select 'id', 'unreadable_id', j.id,
                            format('it was given the key %s', n.task_key)
                      where j.raw_id is null and j.id is not null
                      union all
                     select 'id', 'fractional_id', j.id,
                            'its spelling is kept, but other tools take 8.1 and 8.10 for the same'
                      where json_typeof(j.id) = 'number' and j.raw_id ~ '[.eE]'
                      union all
                     select 'id', 'duplicate_id', j.id,
                            format('the key is taken; it was given the key %s', n.task_key)
                      where j.key_number > 0 and j.raw_id is not null
                      union all
                     select 'title', 'missing_title', j.title,
                            'a title was made of its description or its key'
                      where j.is_task and j.has_no_title
                      union all
                     select 'title', 'long_title', j.title,
                            'cut after 255 characters; the whole is in metadata'
                      where length(j.title_text) > 255
                      union all
                     select f.key, 'not_text', f.value,
                            'stored as the text of the value, and in metadata'
                       from (values ('title', j.title), ('description', j.description),
                                    ('details', j.details), ('testStrategy', j.test_strategy))
                            as f (key, value)
                      where f.value is not null and json_typeof(f.value) <> 'string'
                      union all
                     select 'status', 'unknown_status', j.status,
                            'imported as pending; the value is in metadata'
                      where v_statuses -> j.status::text = 'null'
                      union all
                     select 'priority', 'unknown_priority', j.own_priority,
                            'imported as 5; the value is in metadata'
                      where j.own_priority is not null
                        and docket_private.known_priority(j.own_priority) is null
                      union all
                     select 'completedAt', 'unreadable_time', j.completed_at,
                            'imported as completed now; the value is in metadata'
                      where j.new_status = 'completed' and j.completed_at is not null
                        and docket_private.known_time(j.completed_at) is null
                      union all
                     select 'subtasks', 'subtasks_not_list', j.subtasks,
                            'no subtasks were made of it; the value is in metadata'
                      where json_typeof(j.subtasks) <> 'array'
                      union all
                     select r.item_path[1], r.kind, null, r.reason
                       from docket_private.repeated_keys(
                                case when j.repeats_keys then j.source end,
                                '{}', file_tasks.stand_in)
                            as r
                      union all
                     select f.key, 'unstorable_character', null,
                            'U+0000 was removed, half a surrogate pair replaced by U+FFFD'
                       from (values ('title', j.title), ('description', j.description),
                                    ('details', j.details), ('testStrategy', j.test_strategy))
                            as f (key, value)
                      where strpos(f.value::text, file_tasks.stand_in) > 0
                      union all
                     select null, 'unstorable_character', null,
                            'in metadata, such escapes stay as they were written'
                      where strpos(j.members::text, file_tasks.stand_in) > 0
                 ) as o
      )
    select (select array_agg(
                       row (j.ordinal, j.parent_ordinal, j.tag_no, j.depth, j.item_path, j.is_task,
                            docket_private.unmasked_json(j.source::text, file_tasks.stand_in)::json,
                            docket_private.unmasked_json(j.status::text, file_tasks.stand_in),
                            docket_private.unmasked_json(j.own_priority::text, file_tasks.stand_in),
                            j.key_base, j.key_number,
                            case when j.has_legacy_id then j.legacy_id end,
                            case
                                when not j.has_no_title then
                                    case when length(j.title_text) > 255
                                         then left(j.title_text, 254) || chr(8230)
                                         else j.title_text
                                    end
                                else coalesce(
                                    nullif(left(btrim(split_part(
                                        ltrim(j.description_text, e' \t\n\r'), e'\n', 1),
                                        e' \t\r'), 255), ''),
                                    left('Task ' || j.local_key, 255))
                            end,
                            j.description_text,
                            docket_private.plain_text(j.details, file_tasks.stand_in),
                            docket_private.plain_text(j.test_strategy, file_tasks.stand_in),
                            j.new_status, j.priority, j.new_completed_at,
                            case
                                when j.members is null then '{}'
                                else jsonb_build_object(
                                         'imported',
                                         docket_private.kept_jsonb(j.members, file_tasks.stand_in))
                            end,
                            j.identity
                       )::docket_private.file_task
                       order by j.ordinal)
              from judged as j),
           (select array_agg(
                       row (o.item_path, o.kind, o.value, o.reason)::docket_private.oddity
                       order by o.ordinal, o.item_path, o.kind)
              from odd as o)
      into file_tasks.tasks, file_tasks.oddities;
end;
$$;

comment on function docket_private.file_tasks(docket_private.file_tag[], docket_private.file_entry[], text) is
    'The entries of a file as rows to be, and what rows can not say of them.';

revoke all on function docket_private.entry_fields(json) from public;
revoke all on function docket_private.spelled_id(json) from public;
revoke all on function docket_private.local_key(text, text, text, bigint) from public;
revoke all on function docket_private.numbered_key(text, bigint) from public;
revoke all on function docket_private.file_entries(docket_private.file_tag[]) from public;
revoke all on function docket_private.file_tasks(docket_private.file_tag[], docket_private.file_entry[], text)
    from public;

commit;
