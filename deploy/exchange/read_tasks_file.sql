-- Deploy pgdocket:exchange/read_tasks_file to pg
-- requires: exchange/file_dependencies

begin;
set local role docket_owner;

-- From the bytes of a task file to what is to be written, without writing anything.
create type docket_private.tasks_file as (
    shape    text,
    tags     docket_private.file_tag[],
    tasks    docket_private.file_task[],
    edges    docket_private.file_reference[],
    oddities docket_private.oddity[],
    metadata jsonb
);

comment on type docket_private.tasks_file is
    'A task file as it was understood.';

create function docket_private.read_tasks_file(
    source_name text,
    content     bytea
) returns docket_private.tasks_file
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_has_mark  boolean := substring(read_tasks_file.content from 1 for 3) = '\xefbbbf';
    v_text      text;
    v_stand_in  text;
    v_document  json;
    v_entries   docket_private.file_entry[];
    v_tasks     record;
    v_edges     record;
    v_is_cyclic boolean[];
    v_file      docket_private.tasks_file;
begin
    v_text := docket_private.read_text(
        read_tasks_file.source_name,
        case
            when v_has_mark then substring(read_tasks_file.content from 4)
            else read_tasks_file.content
        end);
    v_document := docket_private.read_json(read_tasks_file.source_name, v_text);

    select m.content::json, m.stand_in into v_document, v_stand_in
      from docket_private.mask_json(v_text) as m;

    v_file.shape := docket_private.file_shape(v_document);
    if v_file.shape is null then
        perform docket_private.refuse_shape(read_tasks_file.source_name, v_text, v_document);
    end if;

    v_file.tags := docket_private.file_tags(v_document, v_file.shape, v_stand_in);
    v_entries   := docket_private.file_entries(v_file.tags);
    v_tasks     := docket_private.file_tasks(v_file.tags, v_entries, v_stand_in);
    v_edges     := docket_private.file_dependencies(v_entries, v_stand_in);

    v_is_cyclic := docket_private.cyclic_edges(
        array(select e.ordinal
                from unnest(v_edges.edges) with ordinality as e
               order by e.ordinality),
        array(select e.target
                from unnest(v_edges.edges) with ordinality as e
               order by e.ordinality));

    v_file.tasks    := v_tasks.tasks;
    v_file.edges    := array(
        select row (e.ordinal, e.target, e.item_path, e.value, e.reference
               )::docket_private.file_reference
          from unnest(v_edges.edges, v_is_cyclic) with ordinality
               as e (ordinal, target, item_path, value, reference, is_cyclic, n)
         where not e.is_cyclic
         order by e.n);
    v_file.metadata := case
                           when v_file.shape <> 'flat'
                           then docket_private.other_keys(
                                    v_document,
                                    array(select t.item_path[1] from unnest(v_file.tags) as t),
                                    v_stand_in)
                       end;
    v_file.oddities :=
        array(
            select row (array[]::text[], 'byte_order_mark', null, 'it is kept with the bytes'
                   )::docket_private.oddity
             where v_has_mark
             union all
            select o::docket_private.oddity
              from docket_private.repeated_keys(v_document, '{}', v_stand_in) as o
             where v_file.shape <> 'flat'
             union all
            select row (array[text 'tasks'], 'tasks_beside_tags',
                        docket_private.shown_json(v_document -> 'tasks', v_stand_in),
                        'a file with tags has its tasks in them; these are kept as written only'
                   )::docket_private.oddity
             where v_file.shape = 'tagged'
               and json_typeof(v_document -> 'tasks') = 'array'
             union all
            select o::docket_private.oddity
              from unnest(v_file.tags) as t
             cross join lateral docket_private.repeated_keys(
                            t.content, t.item_path, v_stand_in) as o)
        || v_tasks.oddities
        || v_edges.oddities
        || array(
            select row (e.item_path, 'cyclic_dependency', e.value,
                        format('it would close a cycle: %s is not stored', e.reference)
                   )::docket_private.oddity
              from unnest(v_edges.edges, v_is_cyclic) with ordinality
                   as e (ordinal, target, item_path, value, reference, is_cyclic, n)
             where e.is_cyclic
             order by e.n);

    return v_file;
end;
$$;

comment on function docket_private.read_tasks_file(text, bytea) is
    'A task file, understood. Raises PD422 with line and column for what is no JSON or no task file, PD413 when it is nested too deeply.';

revoke all on function docket_private.read_tasks_file(text, bytea) from public;

commit;
