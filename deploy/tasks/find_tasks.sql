-- Deploy pgdocket:tasks/find_tasks to pg
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

-- A value of a filter as the text that its column reads; statuses and priorities by any name.
create function docket_private.filter_text(
    column_name text,
    value       jsonb
) returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
return case filter_text.column_name
           when 'status' then docket_private.read_status(filter_text.value #>> '{}')::text
           when 'priority' then docket_private.read_priority(filter_text.value)::text
           else filter_text.value #>> '{}'
       end;

comment on function docket_private.filter_text(text, jsonb) is
    'A value that a filter gives for a column, as the column reads it. Raises PD422.';

-- What filters ask for, as conditions over docket.tasks as t. The columns are the caller's choice,
-- so the text is made here: of names that the catalog has, operators from this list, and values
-- that are nothing but literals.
create function docket_private.task_conditions(
    project_id uuid,
    filters    jsonb
) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_refused    text;
    v_conditions text;
begin
    if jsonb_typeof(task_conditions.filters) is distinct from 'object' then
        raise exception 'filters are no object'
            using errcode = 'PD422',
                  hint    = 'Such as {"status": ["pending", "review"], "priority": {">=": 5}}.';
    end if;

    with known as (
        select a.attname::text as column_name,
               format_type(b.oid, null) as type_name,
               case
                   when a.attname in ('tags', 'requirements', 'metadata') then a.attname::text
                   when b.typcategory = 'A' then 'list'
                   when b.oid = 'jsonb'::regtype then 'json'
                   else 'scalar'
               end as kind
          from pg_attribute as a
          join pg_type as d on d.oid = a.atttypid
          join pg_type as b on b.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
         where a.attrelid = 'docket.tasks'::regclass
           and a.attnum > 0
           and not a.attisdropped
         union all
        select 'text', 'text', 'words'
    ),
    -- One form for all: {column: {operator: value}}.
    asked as (
        select f.key as column_name, k.type_name, k.kind, o.key as operator, o.value
          from jsonb_each(task_conditions.filters) as f
          left join known as k on k.column_name = f.key
         cross join lateral jsonb_each(
                   case
                       when jsonb_typeof(f.value) = 'null' then '{"is_null": true}'
                       when k.kind in ('json', 'requirements', 'metadata')
                           then jsonb_build_object('contains', f.value)
                       when jsonb_typeof(f.value) = 'object' then f.value
                       when jsonb_typeof(f.value) = 'array'
                           then jsonb_build_object(
                                    case when k.kind in ('list', 'tags') then 'all' else 'in' end,
                                    f.value)
                       else jsonb_build_object('=', f.value)
                   end) as o
    ),
    meaning (kind, operator, condition) as (
        values ('scalar',       '=',        't.%1$I = %2$L::%3$s'),
               ('scalar',       '<>',       't.%1$I is distinct from %2$L::%3$s'),
               ('scalar',       '<',        't.%1$I < %2$L::%3$s'),
               ('scalar',       '<=',       't.%1$I <= %2$L::%3$s'),
               ('scalar',       '>',        't.%1$I > %2$L::%3$s'),
               ('scalar',       '>=',       't.%1$I >= %2$L::%3$s'),
               ('scalar',       'in',       't.%1$I = any (%4$L::%3$s[])'),
               ('scalar',       'not_in',   't.%1$I <> all (%4$L::%3$s[])'),
               ('scalar',       'contains', 'strpos(lower(t.%1$I::text), lower(%2$L)) > 0'),
               ('scalar',       'is_null',  '(t.%1$I is null) = %2$L::boolean'),
               ('list',         'all',      't.%1$I @> %4$L::%3$s'),
               ('list',         'any',      't.%1$I && %4$L::%3$s'),
               ('list',         'none',     'not t.%1$I && %4$L::%3$s'),
               ('tags',         'none',     'not t.%1$I && %4$L::%3$s'),
               ('json',         'contains', 't.%1$I @> %5$L::jsonb'),
               ('json',         'is_null',  '(t.%1$I is null) = %2$L::boolean'),
               -- These have an index, beside the tasks.
               ('words',        '=',        'find_tasks(%6$L, %2$L, null, null, null, null, null)'),
               ('tags',         'all',      'find_tasks(%6$L, null, %4$L, null, null, null, null)'),
               ('tags',         'any',      'find_tasks(%6$L, null, null, %4$L, null, null, null)'),
               ('requirements', 'contains', 'find_tasks(%6$L, null, null, null, null, %5$L, null)'),
               ('metadata',     'contains', 'find_tasks(%6$L, null, null, null, null, null, %5$L)')
    ),
    conditions as (
        select a.column_name, a.operator,
               case
                   when m.condition like 'find_tasks%'
                       then 't.task_id = any (array(select f.task_id from docket_private.'
                            || m.condition || ' as f))'
                   else m.condition
               end as condition,
               a.type_name, a.value
          from asked as a
          left join meaning as m
            on m.kind = a.kind
           and m.operator = a.operator
           -- Lists take lists, and everything else one value.
           and (jsonb_typeof(a.value) = 'array')
               = (m.operator in ('in', 'not_in', 'all', 'any', 'none'))
            or m.kind = a.kind
           and m.operator = a.operator
           and m.operator = 'contains'
    )
    select min(format('%s %s %s', c.column_name, c.operator, left(c.value::text, 100)))
               filter (where c.condition is null),
           string_agg(
               format(
                   c.condition, c.column_name,
                   case
                       when jsonb_typeof(c.value) not in ('array', 'object')
                           then docket_private.filter_text(c.column_name, c.value)
                   end,
                   c.type_name,
                   case
                       when jsonb_typeof(c.value) = 'array'
                           then array(
                                    select docket_private.filter_text(c.column_name, e.value)
                                      from jsonb_array_elements(c.value) as e)
                   end,
                   c.value, task_conditions.project_id),
               ' and ')
               filter (where c.condition is not null)
      into v_refused, v_conditions
      from conditions as c;

    if v_refused is not null then
        raise exception 'tasks can not be asked for %', v_refused
            using errcode = 'PD422',
                  hint    = 'A filter names a column of docket.tasks, or text for words; with = <> < <= > >= in not_in contains is_null, and all any none for lists.';
    end if;

    return coalesce(v_conditions, 'true')
           || case when task_conditions.filters ? 'archived_at' then ''
                   else ' and t.archived_at is null' end;
end;
$$;

comment on function docket_private.task_conditions(uuid, jsonb) is
    'What filters ask for, as the text of conditions over docket.tasks as t. Raises PD422.';

-- The name of a column that holds one value.
create function docket_private.task_column(column_name text) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select
          from pg_attribute as a
          join pg_type as d on d.oid = a.atttypid
          join pg_type as b on b.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
         where a.attrelid = 'docket.tasks'::regclass
           and a.attname  = task_column.column_name
           and a.attnum > 0
           and b.typcategory <> 'A'
           and b.oid <> 'jsonb'::regtype)
    then
        raise exception 'tasks can not be put in order, or in groups, by %',
                        coalesce(quote_literal(left(task_column.column_name, 100)), 'null')
            using errcode = 'PD422',
                  hint    = 'Name a column of docket.tasks that holds one value.';
    end if;

    return quote_ident(task_column.column_name);
end;
$$;

comment on function docket_private.task_column(text) is
    'A column of docket.tasks that holds one value, quoted. Raises PD422 for any other name.';

create function docket_private.tasks_that(
    project_id    uuid,
    filters       jsonb,
    order_by      text,
    is_descending boolean,
    after         uuid,
    page_size     integer
) returns setof docket.tasks
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Ids grow with time, and have an index.
    v_column text := docket_private.task_column(
                         case tasks_that.order_by
                             when 'created_at' then 'task_id'
                             else tasks_that.order_by
                         end);
    v_beyond text := case when tasks_that.is_descending then '<' else '>' end;
    v_way    text := case when tasks_that.is_descending then 'desc' else 'asc' end;
begin
    return query execute format(
        $query$
        select t.*
          from docket.tasks as t
         where t.project_id = $1
           and %1$s
           and ($2 is null or (
                   select case
                              when a.%2$s is null
                                  then t.%2$s is null and t.task_id %3$s a.task_id
                              else t.%2$s is null or (t.%2$s, t.task_id) %3$s (a.%2$s, a.task_id)
                          end
                     from docket.tasks as a
                    where a.project_id = $1
                      and a.task_id    = $2))
         order by t.%2$s %4$s nulls last, t.task_id %4$s
         limit $3
        $query$,
        docket_private.task_conditions(tasks_that.project_id, tasks_that.filters),
        v_column, v_beyond, v_way)
    using tasks_that.project_id, tasks_that.after,
          least(greatest(tasks_that.page_size, 1), 1000);
end;
$$;

comment on function docket_private.tasks_that(uuid, jsonb, text, boolean, uuid, integer) is
    'docket.find_tasks(), where the helpers can be called.';

create function docket_private.tasks_by(
    project_id uuid,
    group_by   text,
    filters    jsonb
) returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_counts jsonb;
begin
    execute format(
        $query$
        select coalesce(jsonb_agg(c), '[]')
          from (
              select %1$s as value, count(*) as tasks
                from docket.tasks as t %2$s
               where t.project_id = $1
                 and %3$s
               group by 1
               order by 2 desc, 1
               limit 1000
          ) as c
        $query$,
        case
            when tasks_by.group_by in ('tags', 'affected_files', 'needed_capabilities') then 'u.one'
            else 't.' || docket_private.task_column(tasks_by.group_by) || '::text'
        end,
        case
            when tasks_by.group_by in ('tags', 'affected_files', 'needed_capabilities')
                then format('cross join unnest(t.%I) as u (one)', tasks_by.group_by)
        end,
        docket_private.task_conditions(tasks_by.project_id, tasks_by.filters))
       into v_counts
      using tasks_by.project_id;

    return v_counts;
end;
$$;

comment on function docket_private.tasks_by(uuid, text, jsonb) is
    'What docket.count_tasks() returns, as one array, where the helpers can be called.';

create function docket.find_tasks(
    project_id    uuid,
    filters       jsonb   default '{}',
    order_by      text    default 'created_at',
    is_descending boolean default true,
    after         uuid    default null,
    page_size     integer default 100
) returns setof docket.tasks
language sql
stable
begin atomic
    select t.*
      from docket_private.tasks_that(
               find_tasks.project_id, find_tasks.filters, find_tasks.order_by,
               find_tasks.is_descending, find_tasks.after, find_tasks.page_size) as t;
end;

comment on function docket.find_tasks(uuid, jsonb, text, boolean, uuid, integer) is
'The tasks of a project that meet every one of some filters, on any column, in any order.

`filters` is an object, by column: a value it equals, a list of values that it is one of (of a list
such as tags: that it has all of), an object that it contains, null for nothing; or an object of
operators: = <> < <= > >= in not_in contains is_null, and for lists all any none. {"text": "words"}
asks for words, as search_tasks() does. Tasks that were put away are left out unless archived_at is
named. `order_by` is a column that holds one value, `is_descending` its direction; what is null
comes last. `after` is the id of the last task of the previous page, `page_size` is in rows (1 to
1000). Returns tasks. Raises PD422 (no such column, operator or value).';

create function docket.count_tasks(
    project_id uuid,
    group_by   text,
    filters    jsonb default '{}'
) returns table (value text, tasks bigint)
language sql
stable
begin atomic
    select t.value, t.tasks
      from jsonb_to_recordset(
               docket_private.tasks_by(
                   count_tasks.project_id, count_tasks.group_by, count_tasks.filters))
           as t (value text, tasks bigint);
end;

comment on function docket.count_tasks(uuid, text, jsonb) is
'The tasks of a project, counted by what one column holds: the most frequent first, 1000 at most.

`group_by` is a column that holds one value, or tags, affected_files or needed_capabilities (a task
counts for each); `filters` as for find_tasks(). Returns a row for each value; value may be null.
Raises PD422 (no such column, operator or value).';

revoke all on function docket_private.filter_text(text, jsonb) from public;
revoke all on function docket_private.task_conditions(uuid, jsonb) from public;
revoke all on function docket_private.task_column(text) from public;
revoke all on function docket_private.tasks_that(uuid, jsonb, text, boolean, uuid, integer)
  from public;
revoke all on function docket_private.tasks_by(uuid, text, jsonb) from public;
revoke all on function docket.find_tasks(uuid, jsonb, text, boolean, uuid, integer) from public;
revoke all on function docket.count_tasks(uuid, text, jsonb) from public;
grant execute on function
    docket_private.tasks_that(uuid, jsonb, text, boolean, uuid, integer),
    docket_private.tasks_by(uuid, text, jsonb),
    docket.find_tasks(uuid, jsonb, text, boolean, uuid, integer),
    docket.count_tasks(uuid, text, jsonb)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
