-- Deploy pgdocket:exchange/taskmaster_rules to pg
-- requires: exchange/imports
-- requires: exchange/tasks_file
-- requires: graph/task_dependencies

begin;
set local role docket_owner;

-- How task-master chooses the next task, by its command line and by its MCP server, for people
-- who compare. Both are judged over what the file would say now: each entry as it was written,
-- but for what has changed here since.
create type docket_private.rule_entry as (
    n               bigint,
    parent_n        bigint,
    task_id         uuid,
    name            text,
    own_number      numeric,
    title           text,
    is_titled       boolean,
    is_described    boolean,
    status          text,
    priority        text,
    dependencies    text[]
);

comment on type docket_private.rule_entry is
    'A task or subtask as another tool sees it: its place, its name there ("3.2"), the last number of that, and the names of what it depends on.';

create function docket_private.taskmaster_status(status text) returns text
language sql
immutable
parallel safe
begin atomic
    select case taskmaster_status.status
               when 'in_progress' then 'in-progress'
               when 'completed'   then 'done'
               when 'failed'      then 'blocked'
               else taskmaster_status.status
           end;
end;

comment on function docket_private.taskmaster_status(text) is
    'A status in task-master''s words; it has none for a task that failed, which is blocked there.';

-- A number as JavaScript prints it, and the number that parseInt() finds in a text.
create function docket_private.script_number(value text) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when script_number.value ~ '^\s*[+-]?(\d{1,100}(\.\d{0,100})?|\.\d{1,100})\s*$'
               then trim_scale(script_number.value::numeric)::text
               else 'NaN'
           end;
end;

comment on function docket_private.script_number(text) is
    'The text of a number as JavaScript''s Number() reads and prints it; NaN for what is none.';

create function docket_private.leading_number(value text) returns text
language sql
immutable
parallel safe
begin atomic
    select nullif(trim_scale(substring(
               leading_number.value from '^\s*[+]?(\d{1,100})')::numeric)::text, '0');
end;

comment on function docket_private.leading_number(text) is
    'The whole number above 0 with which a text begins; null where there is none.';

-- What a tool calls an entry. The command line takes the ids of subtasks for numbers; the MCP
-- server makes whole numbers of all ids that begin with one, and of "3.2" the 2.
create function docket_private.taskmaster_name(
    rule      text,
    raw_id    text,
    is_number boolean,
    is_part   boolean
) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when taskmaster_name.rule = 'taskmaster-cli' then
                   case
                       when taskmaster_name.is_part or taskmaster_name.is_number
                       then docket_private.script_number(taskmaster_name.raw_id)
                       else taskmaster_name.raw_id
                   end
               when taskmaster_name.is_part
                    and not taskmaster_name.is_number
                    and strpos(taskmaster_name.raw_id, '.') > 0
               then coalesce(
                   docket_private.leading_number(
                       substring(taskmaster_name.raw_id from '[^.]*$')),
                   taskmaster_name.raw_id)
               else coalesce(
                   docket_private.leading_number(
                       case
                           when not taskmaster_name.is_number then taskmaster_name.raw_id
                       end),
                   case
                       when taskmaster_name.is_number
                       then docket_private.script_number(taskmaster_name.raw_id)
                       else taskmaster_name.raw_id
                   end)
           end;
end;

comment on function docket_private.taskmaster_name(text, text, boolean, boolean) is
    'The id of a task, or of a subtask within its task (`is_part`), as task-master has it after reading.';

create function docket_private.script_text(value json) returns text
language sql
immutable
parallel safe
begin atomic
    select case json_typeof(script_text.value)
               when 'number' then docket_private.script_number(script_text.value #>> '{}')
               else coalesce(script_text.value #>> '{}', 'null')
           end;
end;

comment on function docket_private.script_text(json) is
    'A JSON value as JavaScript''s String() prints it.';

-- The names that an entry's dependencies mean: in a subtask, all but a text with a dot in it are
-- subtasks of the same task.
create function docket_private.taskmaster_references(
    dependencies json,
    parent_name  text
) returns text[]
language sql
immutable
begin atomic
    select coalesce(array_agg(
               case
                   when taskmaster_references.parent_name is null
                        or json_typeof(d.value) = 'string' and strpos(d.value #>> '{}', '.') > 0
                   then n.name
                   else taskmaster_references.parent_name || '.' || n.name
               end
               order by d.n), '{}')
      from json_array_elements(
               case json_typeof(taskmaster_references.dependencies)
                   when 'array' then taskmaster_references.dependencies
               end) with ordinality as d (value, n)
     cross join lateral docket_private.script_text(d.value) as n (name);
end;

comment on function docket_private.taskmaster_references(json, text) is
    'The names that the dependencies of an entry mean; `parent_name` is that of its task, null for a task.';

create function docket_private.taskmaster_entries(
    project_id uuid,
    tag        text,
    rule       text
) returns setof docket_private.rule_entry
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
declare
    v_import_id uuid := (
        select i.import_id
          from docket.imports as i
         where i.project_id = taskmaster_entries.project_id
           and exists (
               select
                 from jsonb_array_elements(i.report -> 'tags') as t
                where t ->> 'name' = taskmaster_entries.tag)
         order by i.import_id desc
         limit 1);
begin
    return query
      with item as materialized (
          -- The place in the file: the tag's own steps, then "tasks", n, "subtasks", n.
          select i.ordinal, i.item_path, i.task_id, i.raw_status, i.raw_priority,
                 t.title, t.description, t.status::text as status, t.priority::integer as priority,
                 t.task_key, m.content::json as source
            from docket.import_items as i
            join docket.tasks as t
              on t.task_id = i.task_id
             and t.project_id = i.project_id
             and t.archived_at is null
           cross join lateral docket_private.mask_json(i.raw::text) as m (content, stand_in)
           where i.import_id = v_import_id
             and i.project_id = taskmaster_entries.project_id
             and i.tag = taskmaster_entries.tag
      ), lengthed as materialized (
          select i.*, min(cardinality(i.item_path)) over () as shortest
            from item as i
      ), written as materialized (
          select i.ordinal as n, p.ordinal as parent_n, i.task_id, i.title, i.description,
                 i.status, i.priority, i.raw_status, i.raw_priority, i.task_key,
                 coalesce(f.id #>> '{}', '') as raw_id,
                 json_typeof(f.id) = 'number' as is_number,
                 f.title #>> '{}' as raw_title,
                 f.description #>> '{}' as raw_description,
                 f.dependencies
            from lengthed as i
            left join lengthed as p
              on p.item_path = i.item_path[:cardinality(i.item_path) - 2]
             and cardinality(i.item_path) > i.shortest
           cross join lateral json_to_record(
                         case json_typeof(i.source) when 'object' then i.source else '{}' end)
                     as f (id json, title json, description json, dependencies json)
           where cardinality(i.item_path) <= i.shortest + 2
      ), born as materialized (
          -- What was made here comes last, in the order in which it was made.
          select t.task_id, t.parent_task_id, t.title, t.description, t.status::text as status,
                 t.priority::integer as priority, t.task_key, t.legacy_id,
                 row_number() over (order by t.task_id) + 1e9::bigint as n
            from docket.tasks as t
            left join docket.workflows as w
              on w.workflow_id = t.workflow_id
             and w.project_id = t.project_id
           where t.project_id = taskmaster_entries.project_id
             and t.archived_at is null
             and coalesce(w.name, 'master') = taskmaster_entries.tag
             and not exists (
                     select
                       from docket.import_items as i
                      where i.task_id = t.task_id
                        and i.project_id = t.project_id)
      ), entry as materialized (
          select w.n, w.parent_n, w.task_id, w.title, w.description, w.status, w.priority,
                 w.raw_status::json as raw_status, w.raw_priority::json as raw_priority,
                 w.raw_title, w.raw_description, w.dependencies, true as is_written,
                 docket_private.taskmaster_name(
                     taskmaster_entries.rule, w.raw_id, w.is_number, w.parent_n is not null)
                     as own_name
            from written as w
           union all
          select b.n, coalesce(w.n, p.n), b.task_id, b.title, b.description, b.status, b.priority,
                 null, null, null, null, null, false,
                 coalesce(
                     b.legacy_id::text,
                     case
                         when starts_with(b.task_key, k.task_key || '.')
                         then substr(b.task_key, length(k.task_key) + 2)
                         else b.task_key
                     end)
            from born as b
            left join written as w on w.task_id = b.parent_task_id and w.parent_n is null
            left join born as p on p.task_id = b.parent_task_id and p.parent_task_id is null
            left join docket.tasks as k
              on k.task_id = b.parent_task_id
             and k.project_id = taskmaster_entries.project_id
           where b.parent_task_id is null
              or w.n is not null
              or p.n is not null
      ), named as materialized (
          select e.*, concat_ws('.', p.own_name, e.own_name) as name, p.own_name as parent_name
            from entry as e
            left join entry as p on p.n = e.parent_n
      ), edge as materialized (
          select e.n, o.name
            from named as e
            join docket.task_dependencies as d
              on d.task_id = e.task_id
             and d.project_id = taskmaster_entries.project_id
             and d.dependency_type = 'blocks'
            join named as o on o.task_id = d.depends_on_id
      ), dropped as materialized (
          -- What the import could not store is in the file all the same.
          select i.ordinal as n, (o.value -> 'path' ->> -1)::integer + 1 as place
            from docket.imports as f
           cross join lateral jsonb_array_elements(f.report -> 'oddities') as o (value)
            join lengthed as i
              on i.item_path = array(
                     select s.step
                       from jsonb_array_elements_text((o.value -> 'path') - -1 - -1)
                            with ordinality as s (step, k)
                      order by s.k)
           where f.import_id = v_import_id
             and f.project_id = taskmaster_entries.project_id
             and o.value ->> 'kind' in ('cyclic_dependency', 'ancestor_dependency')
      ), reference as (
          -- As written, without what was removed here; then what was added here.
          select e.n, r.name, r.k
            from named as e
           cross join lateral unnest(
                         docket_private.taskmaster_references(e.dependencies, e.parent_name))
                     with ordinality as r (name, k)
           where e.is_written
             and (r.name = e.name
                  or not exists (select from named as o where o.name = r.name)
                  or exists (select from edge as d where d.n = e.n and d.name = r.name)
                  or exists (select from dropped as x where x.n = e.n and x.place = r.k))
           union all
          select d.n, d.name, 1000000 + row_number() over (partition by d.n order by d.name)
            from edge as d
            join named as e on e.n = d.n
           where not e.is_written
              or d.name <> all (
                     docket_private.taskmaster_references(e.dependencies, e.parent_name))
      ), depends as materialized (
          select r.n, array_agg(r.name order by r.k) as names
            from reference as r
           group by r.n
      ), status as materialized (
          select s.raw, docket_private.known_status(s.raw::json) as known
            from (select distinct e.raw_status::text as raw from named as e) as s
      )
    select e.n, e.parent_n, e.task_id, e.name,
           case
               when docket_private.script_number(e.own_name) <> 'NaN' then e.own_name::numeric
           end,
           coalesce(nullif(e.raw_title, ''), e.title),
           not e.is_written
               or btrim(coalesce(e.raw_title, ''), e' \t\n\r') <> ''
               or e.title not in (
                      coalesce(left(btrim(split_part(ltrim(
                          e.raw_description, e' \t\n\r'), e'\n', 1), e' \t\r'), 255), ''),
                      'Task ' || e.name),
           btrim(coalesce(e.description, ''), e' \t\n\r') <> '',
           case
               when e.is_written and e.status = coalesce(s.known, 'pending')
               then e.raw_status #>> '{}'
               else docket_private.taskmaster_status(e.status)
           end,
           case
               when e.is_written
                    and (e.raw_priority is null
                         or e.priority = coalesce(
                                docket_private.known_priority(e.raw_priority), 5))
               then e.raw_priority #>> '{}'
               else docket.priority_label(e.priority)
           end,
           coalesce(d.names, '{}')
      from named as e
      left join depends as d on d.n = e.n
      left join status as s on s.raw = e.raw_status::text
     order by e.n;
end;
$$;

comment on function docket_private.taskmaster_entries(uuid, text, text) is
    'The tasks and subtasks of a tag as task-master would read them from the file as it stands now: by its command line, or by its MCP server (`rule`).';

create function docket_private.refuse_taskmaster_entry(
    entry docket_private.rule_entry
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '%', case
                             when not (refuse_taskmaster_entry.entry).is_titled
                             then 'Task title is required'
                             when not (refuse_taskmaster_entry.entry).is_described
                             then 'Task description is required'
                             when (refuse_taskmaster_entry.entry).status is null
                                  or (refuse_taskmaster_entry.entry).status not in (
                                      'pending', 'in-progress', 'done', 'deferred', 'cancelled',
                                      'blocked', 'review')
                             then 'Invalid task status: '
                                  || coalesce((refuse_taskmaster_entry.entry).status, 'undefined')
                             else 'Invalid task priority: '
                                  || coalesce((refuse_taskmaster_entry.entry).priority, 'undefined')
                         end
        using errcode = 'PD422',
              detail  = jsonb_build_object(
                            'task_id', (refuse_taskmaster_entry.entry).task_id,
                            'name', (refuse_taskmaster_entry.entry).name)::text,
              hint    = 'One such task stops "task-master next" altogether: correct it, or ask by the rule taskmaster-mcp.';
end;
$$;

comment on function docket_private.refuse_taskmaster_entry(docket_private.rule_entry) is
    'Raises PD422 in the words of task-master''s command line.';

-- The command line reads a flat file that has other keys beside "metadata" as one with tags,
-- and finds no tasks in them.
create function docket_private.is_hidden_from_taskmaster(
    project_id uuid,
    tag        text
) returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_content bytea := (
        select i.content
          from docket.imports as i
         where i.project_id = is_hidden_from_taskmaster.project_id
           and i.shape = 'flat'
           and i.report -> 'tags' @> jsonb_build_array(
                   jsonb_build_object('name', is_hidden_from_taskmaster.tag))
         order by i.import_id desc
         limit 1);
begin
    return exists (
        select
          from docket_private.mask_json(ltrim(convert_from(v_content, 'UTF8'), chr(65279)))
               as m (content, stand_in)
         cross join lateral json_object_keys(m.content::json) as k (key)
         where k.key not in ('tasks', 'metadata'));
end;
$$;

comment on function docket_private.is_hidden_from_taskmaster(uuid, text) is
    'Whether task-master''s command line would find no tasks in the file for its stray keys.';

-- Sorted by priority, then by how many dependencies there are, then by number; what has none
-- keeps its place.
create function docket_private.next_by_taskmaster(
    project_id uuid,
    rule       text,
    tag        text
) returns setof docket_private.rule_entry
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
declare
    v_is_cli  boolean := next_by_taskmaster.rule = 'taskmaster-cli';
    v_entries docket_private.rule_entry[];
    v_bad     docket_private.rule_entry;
begin
    if v_is_cli
       and docket_private.is_hidden_from_taskmaster(
               next_by_taskmaster.project_id, next_by_taskmaster.tag) then
        return;
    end if;

    v_entries := array(
        select e
          from docket_private.taskmaster_entries(
                   next_by_taskmaster.project_id, next_by_taskmaster.tag,
                   next_by_taskmaster.rule) as e
         order by e.n);

    if v_is_cli then
        select e.* into v_bad
          from unnest(v_entries) as e
         where e.parent_n is null
           and (not e.is_titled
                or not e.is_described
                or e.status is null
                or e.status not in ('pending', 'in-progress', 'done', 'deferred', 'cancelled',
                                    'blocked', 'review')
                or e.priority is null
                or e.priority not in ('low', 'medium', 'high', 'critical'))
         order by e.n
         limit 1;
        if v_bad.n is not null then
            perform docket_private.refuse_taskmaster_entry(v_bad);
        end if;
    end if;

    return query
      with entry as materialized (
          select e.*, p.status as parent_status, p.priority as parent_priority,
                 p.own_number as parent_number,
                 coalesce(lower(nullif(e.status, '')), 'pending') in ('pending', 'in-progress')
                     as is_open,
                 case
                     when v_is_cli then e.status = 'done'
                         and (p.n is null or p.status in ('pending', 'in-progress', 'done'))
                     else e.status in ('done', 'completed')
                 end as is_done
            from unnest(v_entries) as e
            left join unnest(v_entries) as p on p.n = e.parent_n
      ), met as (
          select e.n, bool_and(o.name is not null) as are_met
            from entry as e
           cross join lateral unnest(e.dependencies) as d (name)
            left join (select distinct o.name from entry as o where o.is_done) as o
              on o.name = d.name
           group by e.n
      ), candidate as materialized (
          select e.*
            from entry as e
            left join met as m on m.n = e.n
           where e.is_open
             and coalesce(m.are_met, true)
             and (e.parent_n is null or e.parent_status = 'in-progress')
             and (not v_is_cli or e.parent_n is not null or e.status in ('pending', 'in-progress'))
      )
    select c.n, c.parent_n, c.task_id, c.name, c.own_number, c.title, c.is_titled, c.is_described,
           coalesce(nullif(c.status, ''), 'pending'),
           w.word, c.dependencies
      from candidate as c
     cross join lateral (
               select coalesce(nullif(c.priority, ''), nullif(c.parent_priority, ''), 'medium')
           ) as w (word)
     where (c.parent_n is not null) = exists (
               select from candidate as o where o.parent_n is not null)
     order by case
                  when w.word = 'critical' and v_is_cli then 4
                  when w.word = 'high' then 3
                  when w.word = 'low' then 1
                  else 2
              end desc,
              cardinality(c.dependencies),
              c.parent_number, c.own_number, c.n;
end;
$$;

comment on function docket_private.next_by_taskmaster(uuid, text, text) is
    'What task-master would offer next from a tag, best first: by its command line, which raises PD422 for a task that it does not take, or by its MCP server (`rule`).';

revoke all on function docket_private.taskmaster_status(text) from public;
revoke all on function docket_private.script_number(text) from public;
revoke all on function docket_private.leading_number(text) from public;
revoke all on function docket_private.script_text(json) from public;
revoke all on function docket_private.taskmaster_name(text, text, boolean, boolean) from public;
revoke all on function docket_private.taskmaster_references(json, text) from public;
revoke all on function docket_private.taskmaster_entries(uuid, text, text) from public;
revoke all on function docket_private.refuse_taskmaster_entry(docket_private.rule_entry)
    from public;
revoke all on function docket_private.is_hidden_from_taskmaster(uuid, text) from public;
revoke all on function docket_private.next_by_taskmaster(uuid, text, text) from public;

commit;
