-- Deploy pgdocket:exchange/task_pieces to pg
-- requires: exchange/imports
-- requires: exchange/read_tasks_file
-- requires: graph/task_dependencies

begin;
set local role docket_owner;

-- What a task file says of its tasks, and what a project says of the same ones in the words of
-- the file: objects of fields, to be compared (exchange/merge_pieces). What a file can't say
-- exactly (a status failed, a priority of 7) is said as nearly as it can.
create type docket_private.task_piece as (
    ordinal        integer,
    identity       text,
    task_id        uuid,
    tag_no         integer,
    depth          integer,
    parent_ordinal integer,
    parent_id      uuid,
    local_id       text,
    fields         jsonb
);

comment on type docket_private.task_piece is
    'A task of a file, or one that is to be: its entry (null: none yet), identity and row, the tag, the entry or row of its parent, its id in its list when it is to be one, and what is said of it.';

create function docket_private.imported_fields(metadata jsonb) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(metadata -> 'imported') is distinct from 'object' then
        return '{}'::jsonb;
    end if;
    return (
        select coalesce(jsonb_object_agg('imported.' || m.key, m.value), '{}')
          from jsonb_each(metadata -> 'imported') as m);
end;
$$;

comment on function docket_private.imported_fields(jsonb) is
    'The keys of a file that no column is for, each as a field of its own.';

-- A text that was taken away here is an empty one there.
create function docket_private.said_text(
    value text,
    base  text
) returns text
language sql
immutable
begin atomic
    select coalesce(said_text.value, case when said_text.base is not null then '' end);
end;

comment on function docket_private.said_text(text, text) is
    'A text as a file says it.';

create function docket_private.file_pieces(
    file docket_private.tasks_file
) returns docket_private.task_piece[]
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
          with task as materialized (
              select t.ordinal, t.parent_ordinal, t.tag_no, t.depth, t.identity, t.title,
                     t.description, t.details, t.test_strategy, t.status, t.priority, t.metadata
                from unnest(file.tasks) as t
               where t.is_task
          ), dependency as (
              select e.ordinal, jsonb_agg(d.identity order by d.identity) as identities
                from unnest(file.edges) as e
                join task as d on d.ordinal = e.target
               group by e.ordinal
          )
        select array_agg(
                   row (t.ordinal, t.identity, null, t.tag_no, t.depth, t.parent_ordinal,
                        null, null,
                        jsonb_build_object(
                            'list', coalesce(p.identity, w.name),
                            'title', t.title,
                            'description', t.description,
                            'details', t.details,
                            'testStrategy', t.test_strategy,
                            'status', t.status,
                            'priority', t.priority,
                            'dependencies', coalesce(d.identities, '[]'))
                        || docket_private.imported_fields(t.metadata)
                   )::docket_private.task_piece
                   order by t.ordinal)
          from task as t
          join unnest(file.tags) as w on w.tag_no = t.tag_no
          left join task as p on p.ordinal = t.parent_ordinal
          left join dependency as d on d.ordinal = t.ordinal);
end;
$$;

comment on function docket_private.file_pieces(docket_private.tasks_file) is
    'What a file says of each of its tasks, in their order.';

-- Which workflow a tag is: the one that most of its tasks are in, else the one of its name.
create function docket_private.tag_workflows(
    project_id uuid,
    import_id  uuid,
    tags       docket_private.file_tag[]
) returns table (tag_no integer, workflow_id uuid, is_first boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select t.tag_no, coalesce(m.workflow_id, w.workflow_id), t.is_first
      from unnest(tag_workflows.tags) as t
      left join (
          select i.tag, mode() within group (order by k.workflow_id) as workflow_id
            from docket.import_items as i
            join docket.tasks as k
              on k.task_id = i.task_id
             and k.project_id = i.project_id
           where i.import_id = tag_workflows.import_id
             and i.project_id = tag_workflows.project_id
             and k.parent_task_id is null
           group by i.tag
      ) as m
        on m.tag = t.name
      left join docket.workflows as w
        on w.project_id = tag_workflows.project_id
       and w.name = left(btrim(t.name), 240);
end;
$$;

comment on function docket_private.tag_workflows(uuid, uuid, docket_private.file_tag[]) is
    'The workflow that each tag of a file stands for.';

-- Every task that belongs into the file: those that stand where they did (with their entry), and
-- those that are new in their list, with the ids they are to have there.
create function docket_private.project_pieces(
    project_id uuid,
    import_id  uuid,
    file       docket_private.tasks_file
) returns docket_private.task_piece[]
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
          with recursive entry as materialized (
              select t.ordinal, t.parent_ordinal, t.tag_no, t.depth, t.identity, t.title,
                     t.description, t.details, t.test_strategy, t.status, t.priority,
                     case
                         when t.depth = 1
                         then substring(t.identity from length(w.name) + 2)
                         when starts_with(t.identity, p.identity || '.')
                         then substring(t.identity from length(p.identity) + 2)
                     end as local_id
                from unnest(file.tasks) as t
                join unnest(file.tags) as w on w.tag_no = t.tag_no
                left join unnest(file.tasks) as p on p.ordinal = t.parent_ordinal
          ), item as materialized (
              select i.task_id, i.import_id, i.ordinal::integer as ordinal
                from docket.import_items as i
               where i.project_id = project_pieces.project_id
                 and i.task_id is not null
          ), tag as materialized (
              select w.tag_no, w.workflow_id, w.is_first
                from docket_private.tag_workflows(
                         project_pieces.project_id, project_pieces.import_id, file.tags) as w
          ), task as materialized (
              select t.task_id, t.parent_task_id, t.workflow_id, t.task_key, t.legacy_id, t.title,
                     t.description, t.details, t.test_strategy, t.status, t.priority, t.metadata,
                     i.ordinal
                from docket.tasks as t
                left join item as i
                  on i.task_id = t.task_id
                 and i.import_id = project_pieces.import_id
                left join (
                    select distinct o.task_id
                      from item as o
                     where o.import_id is distinct from project_pieces.import_id
                ) as o
                  on o.task_id = t.task_id
               where t.project_id = project_pieces.project_id
                 and t.archived_at is null
                 and (i.ordinal is not null or o.task_id is null)
          ), placed as (
              select t.task_id, null::uuid as parent_id, w.tag_no, 1 as depth,
                     case when e.depth = 1 and e.tag_no = w.tag_no then t.ordinal end as ordinal
                from task as t
                left join task as p on p.task_id = t.parent_task_id
                left join entry as e on e.ordinal = t.ordinal
                join lateral (
                         select coalesce(
                                    (select g.tag_no
                                       from tag as g
                                      where g.workflow_id = t.workflow_id
                                      order by g.tag_no = e.tag_no desc, g.tag_no
                                      limit 1),
                                    e.tag_no,
                                    (select g.tag_no
                                       from tag as g
                                      where g.is_first
                                        and t.workflow_id is null)) as tag_no
                     ) as w
                  on w.tag_no is not null
               where p.task_id is null
               union all
              select t.task_id, p.task_id, p.tag_no, p.depth + 1,
                     case
                         when e.parent_ordinal = p.ordinal and e.tag_no = p.tag_no then t.ordinal
                     end
                from placed as p
                join task as t on t.parent_task_id = p.task_id
                left join entry as e on e.ordinal = t.ordinal
          ), taken as materialized (
              select distinct e.tag_no, e.parent_ordinal, e.local_id::bigint as number
                from entry as e
               where e.local_id ~ '^[0-9]{1,9}$'
          ), said as materialized (
              select (w.value ->> 'task_id')::uuid as task_id,
                     substring(w.key from '(\d{1,9})$')::bigint as number
                from docket.imports as i
               cross join lateral jsonb_each(i.written) as w
               where i.import_id = project_pieces.import_id
                 and i.project_id = project_pieces.project_id
          ), wished as (
              -- The number that it was written under already, or had in the file before; in a
              -- file of our own, the one that its key ends in.
              select p.task_id, p.parent_id, p.tag_no, u.ordinal as parent_ordinal, k.number,
                     k.number is not null
                         and x.number is null
                         and row_number() over (
                             partition by p.tag_no, p.parent_id, k.number
                                 order by p.task_id) = 1 as is_free
                from placed as p
                join task as t on t.task_id = p.task_id
                left join placed as u on u.task_id = p.parent_id
                left join said as s on s.task_id = p.task_id
               cross join lateral (
                         select case
                                    when s.number is not null then s.number
                                    when p.parent_id is null
                                         and t.legacy_id between 1 and 999999999
                                    then t.legacy_id
                                    when p.parent_id is null and project_pieces.import_id is null
                                    then substring(t.task_key from '(\d{1,9})$')::bigint
                                end as number
                     ) as k
                left join taken as x
                  on x.tag_no = p.tag_no
                 and coalesce(x.parent_ordinal, 0) = coalesce(u.ordinal, 0)
                 and x.number = k.number
                 and (p.parent_id is null or u.ordinal is not null)
               where p.ordinal is null
          ), numbered as materialized (
              select w.task_id,
                     case
                         when w.is_free then w.number
                         else greatest(
                                  max(w.number) filter (where w.is_free) over in_list,
                                  h.highest, 0)
                              + row_number() over (
                                    partition by w.tag_no, w.parent_id, w.is_free
                                    order by w.task_id)
                     end as number
                from wished as w
                left join (
                    select x.tag_no, coalesce(x.parent_ordinal, 0) as parent_ordinal,
                           max(x.number) as highest
                      from taken as x
                     group by x.tag_no, coalesce(x.parent_ordinal, 0)
                ) as h
                  on h.tag_no = w.tag_no
                 and h.parent_ordinal = case
                                            when w.parent_id is null then 0
                                            else w.parent_ordinal
                                        end
              window in_list as (partition by w.tag_no, w.parent_id)
          ), named as (
              select p.task_id, p.parent_id, p.tag_no, p.depth, p.ordinal, n.number,
                     coalesce(e.identity, g.name || '/' || n.number) as identity,
                     g.name as list, null::integer as parent_ordinal
                from placed as p
                join unnest(file.tags) as g on g.tag_no = p.tag_no
                left join entry as e on e.ordinal = p.ordinal
                left join numbered as n on n.task_id = p.task_id
               where p.parent_id is null
               union all
              select p.task_id, p.parent_id, p.tag_no, p.depth, p.ordinal, n.number,
                     coalesce(e.identity, u.identity || '.' || n.number), u.identity, u.ordinal
                from named as u
                join placed as p on p.parent_id = u.task_id
                left join entry as e on e.ordinal = p.ordinal
                left join numbered as n on n.task_id = p.task_id
          ), piece as materialized (
              select n.* from named as n
          ), dependency as (
              select d.task_id, jsonb_agg(o.identity order by o.identity) as identities
                from docket.task_dependencies as d
                join piece as t on t.task_id = d.task_id
                join piece as o on o.task_id = d.depends_on_id
               where d.project_id = project_pieces.project_id
                 and d.dependency_type = 'blocks'
                 and o.tag_no = t.tag_no
               group by d.task_id
          )
        select array_agg(
                   row (p.ordinal, p.identity, p.task_id, p.tag_no, p.depth, p.parent_ordinal,
                        p.parent_id, p.number,
                        jsonb_build_object(
                            'list', p.list,
                            'title', t.title,
                            'description', docket_private.said_text(t.description, n.description),
                            'details', docket_private.said_text(t.details, n.details),
                            'testStrategy',
                                docket_private.said_text(t.test_strategy, n.test_strategy),
                            'status', case t.status when 'failed' then 'blocked' else t.status end,
                            'priority',
                                case
                                    when t.priority = e.priority then t.priority
                                    when t.priority >= 9 then 10
                                    when t.priority >= 7 then 8
                                    when t.priority >= 4 then 5
                                    else 3
                                end,
                            'dependencies', coalesce(d.identities, '[]'))
                        || docket_private.imported_fields(t.metadata)
                   )::docket_private.task_piece
                   order by p.ordinal nulls last, p.depth, p.tag_no, p.number)
          from piece as p
          join task as t on t.task_id = p.task_id
          left join entry as e on e.ordinal = p.ordinal
         cross join lateral (
                   select case when p.ordinal is null then '' else e.description end as description,
                          case when p.ordinal is null then '' else e.details end as details,
                          case when p.ordinal is null then '' else e.test_strategy end
                              as test_strategy
               ) as n
          left join dependency as d on d.task_id = p.task_id);
end;
$$;

comment on function docket_private.project_pieces(uuid, uuid, docket_private.tasks_file) is
    'What a project says of the tasks that belong into a file: those of the import, and those of no import whose workflow is one of the file''s tags (without a workflow: the first).';

revoke all on function docket_private.imported_fields(jsonb) from public;
revoke all on function docket_private.said_text(text, text) from public;
revoke all on function docket_private.file_pieces(docket_private.tasks_file) from public;
revoke all on function docket_private.tag_workflows(uuid, uuid, docket_private.file_tag[])
    from public;
revoke all on function docket_private.project_pieces(uuid, uuid, docket_private.tasks_file)
    from public;

commit;
