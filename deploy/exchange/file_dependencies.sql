-- Deploy pgdocket:exchange/file_dependencies to pg
-- requires: exchange/file_entries

begin;
set local role docket_owner;

-- Which entry waits for which: references resolved within their tag, what can't be stored
-- named, and of each cycle as many edges kept as there is an order for.
create type docket_private.file_reference as (
    ordinal   integer,
    target    integer,
    item_path text[],
    value     jsonb,
    reference text
);

comment on type docket_private.file_reference is
    'A dependency of a file that can be stored if no cycle forbids it: the entry that waits, the entry that it waits for, and where it stands.';

-- Only an edge that points forward in the file can close a cycle with others, and the whole
-- cycle lies between the first entry that has such an edge and the last that one leads to.
-- There, depth first in the order of the file, an edge back to an entry whose search is still
-- under way is dropped: without it, and with all others, nothing goes round.
create function docket_private.cyclic_edges(
    ordinals integer[],
    targets  integer[]
) returns boolean[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    v_low       integer;
    v_high      integer;
    v_edges     integer[];
    v_ends      integer[];
    v_next      integer[];
    v_last      integer[];
    v_state     integer[];
    v_stack     integer[];
    v_depth     integer := 0;
    v_node      integer;
    v_edge      integer;
    v_end       integer;
    v_is_cyclic boolean[] := array_fill(false, array[cardinality(cyclic_edges.ordinals)]);
begin
    select min(e.ordinal), max(e.target)
      into v_low, v_high
      from unnest(cyclic_edges.ordinals, cyclic_edges.targets) as e (ordinal, target)
     where e.target > e.ordinal;

    if v_low is null then
        return v_is_cyclic;
    end if;

    -- Edges by entry, as two flat arrays; v_next and v_last are the range of each entry.
    select array_agg(e.n::integer order by e.ordinal, e.n),
           array_agg(e.target - v_low + 1 order by e.ordinal, e.n)
      into v_edges, v_ends
      from unnest(cyclic_edges.ordinals, cyclic_edges.targets)
           with ordinality as e (ordinal, target, n)
     where e.ordinal between v_low and v_high
       and e.target between v_low and v_high;

      with edges as (
          select e.ordinal, count(*) as how_many
            from unnest(cyclic_edges.ordinals, cyclic_edges.targets) as e (ordinal, target)
           where e.ordinal between v_low and v_high
             and e.target between v_low and v_high
           group by e.ordinal
      ), ranges as (
          select n.ordinal, coalesce(e.how_many, 0) as how_many,
                 sum(coalesce(e.how_many, 0)) over (order by n.ordinal) as last
            from generate_series(v_low, v_high) as n (ordinal)
            left join edges as e on e.ordinal = n.ordinal
      )
    select array_agg((r.last - r.how_many + 1)::integer order by r.ordinal),
           array_agg(r.last::integer order by r.ordinal),
           array_agg(0 order by r.ordinal),
           array_agg(0 order by r.ordinal)
      into v_next, v_last, v_state, v_stack
      from ranges as r;

    -- 0: not met; 1: its search is under way; 2: done.
    for v_root in 1 .. v_high - v_low + 1 loop
        continue when v_state[v_root] <> 0;
        v_depth := 1;
        v_stack[1] := v_root;
        v_state[v_root] := 1;

        while v_depth > 0 loop
            v_node := v_stack[v_depth];
            v_edge := v_next[v_node];
            if v_edge > v_last[v_node] then
                v_state[v_node] := 2;
                v_depth := v_depth - 1;
            else
                v_next[v_node] := v_edge + 1;
                v_end := v_ends[v_edge];
                if v_state[v_end] = 0 then
                    v_depth := v_depth + 1;
                    v_stack[v_depth] := v_end;
                    v_state[v_end] := 1;
                elsif v_state[v_end] = 1 then
                    v_is_cyclic[v_edges[v_edge]] := true;
                end if;
            end if;
        end loop;
    end loop;

    return v_is_cyclic;
end;
$$;

comment on function docket_private.cyclic_edges(integer[], integer[]) is
    'Whether each edge (one waits for its target) is to be left out: the others have no cycle, and none that is left out could be put back.';

create function docket_private.file_dependencies(
    entries      docket_private.file_entry[],
    stand_in     text,
    out edges    docket_private.file_reference[],
    out oddities docket_private.oddity[]
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set plan_cache_mode = force_custom_plan
set jit = off
set work_mem = '64MB'
as $$
begin
      with entry as materialized (
          select e.ordinal, e.parent_ordinal, e.tag_no, e.depth, e.place, e.item_path, e.raw_id,
                 e.local_key, e.fields[8] as dependencies,
                 json_typeof(e.fields[8]) as dependencies_type
            from unnest(file_dependencies.entries) as e
      ), listed as materialized (
          select e.ordinal, d.n, d.value, json_typeof(d.value) as value_type,
                 case e.dependencies_type
                     when 'array' then e.item_path || array['dependencies', (d.n - 1)::text]
                     else e.item_path || text 'dependencies'
                 end as item_path
            from entry as e
           cross join lateral json_array_elements(
                     case
                         when e.dependencies_type = 'array' then e.dependencies
                         when e.dependencies is not null then json_build_array(e.dependencies)
                     end) with ordinality as d (value, n)
      ), reference as materialized (
          -- One string may name several: "29.1, 29.2".
          select l.ordinal, l.n, r.n as part, l.item_path, l.value, btrim(r.name) as name,
                 strpos(r.name, '.') = 0 as is_bare
            from listed as l
           cross join lateral unnest(string_to_array(l.value #>> '{}', ','))
                 with ordinality as r (name, n)
           where l.value_type in ('number', 'string')
             and btrim(r.name) <> ''
      ), named as (
          -- A subtask goes by its key in the tag, and by its parent's key and its own id.
          select e.tag_no, e.local_key as name, e.depth, e.ordinal
            from entry as e
           where e.raw_id is not null
           union
          select c.tag_no, p.local_key || '.' || c.raw_id, c.depth, c.ordinal
            from entry as c
            join entry as p on p.ordinal = c.parent_ordinal
           where c.raw_id is not null
      ), known as materialized (
          select n.tag_no, n.name,
                 (array_agg(n.ordinal order by n.depth, n.ordinal))[1] as ordinal,
                 count(*) > 1 as is_shared
            from named as n
           group by n.tag_no, n.name
      ), sibling as materialized (
          select e.parent_ordinal, e.raw_id as name, min(e.ordinal) as ordinal,
                 count(*) > 1 as is_shared
            from entry as e
           where e.raw_id is not null
             and e.parent_ordinal is not null
           group by e.parent_ordinal, e.raw_id
      ), found as materialized (
          -- In a subtask, a bare number is a sibling; only where there is none, a task.
          select r.ordinal, r.n, r.part, r.item_path, r.value, r.name, e.place,
                 case
                     when s.ordinal is not null then s.ordinal
                     when r.is_bare and b.ordinal is not null then b.ordinal
                     else coalesce(k.ordinal, b.ordinal)
                 end as target,
                 case
                     when s.ordinal is not null then s.is_shared
                     when r.is_bare and b.ordinal is not null then b.is_shared
                     else coalesce(k.is_shared, b.is_shared, false)
                 end as is_shared,
                 e.parent_ordinal is not null and r.is_bare and s.ordinal is null
                     and b.ordinal is null and k.ordinal is not null as is_no_sibling
            from reference as r
            join entry as e on e.ordinal = r.ordinal
            left join entry as p on p.ordinal = e.parent_ordinal
            left join sibling as s on s.parent_ordinal = e.parent_ordinal and s.name = r.name
            left join known as b on b.tag_no = e.tag_no and b.name = p.local_key || '.' || r.name
            left join known as k on k.tag_no = e.tag_no and k.name = r.name
      ), judged as materialized (
          select f.ordinal, f.n, f.part, f.item_path, f.value, f.name, f.target, f.is_shared,
                 f.is_no_sibling,
                 case
                     when f.target is null then 'dangling_dependency'
                     when f.target = f.ordinal then 'self_dependency'
                     when t.place = f.place[:cardinality(t.place)]
                          or f.place = t.place[:cardinality(f.place)] then 'ancestor_dependency'
                     when row_number() over (
                              partition by f.ordinal, f.target order by f.n, f.part) > 1
                     then 'duplicate_dependency'
                 end as kind
            from found as f
            left join entry as t on t.ordinal = f.target
      ), odd as (
          select j.ordinal, j.n, j.part, j.item_path, j.kind,
                 docket_private.shown_json(j.value, file_dependencies.stand_in) as value,
                 case j.kind
                     when 'dangling_dependency'
                     then format('the file has no %s to depend on', j.name)
                     when 'self_dependency' then 'a task can not wait for itself'
                     when 'ancestor_dependency'
                     then 'a task and a part of it can not wait for each other'
                     when 'duplicate_dependency' then 'it is there already'
                 end as reason
            from judged as j
           where j.kind is not null
           union all
          select j.ordinal, j.n, j.part, j.item_path, 'ambiguous_dependency',
                 docket_private.shown_json(j.value, file_dependencies.stand_in),
                 case
                     when j.is_no_sibling
                     then format('no subtask %s beside it: taken as the task %s', j.name, j.name)
                     else format('several entries are called %s: taken as the first', j.name)
                 end
            from judged as j
           where j.is_no_sibling or j.is_shared
           union all
          select l.ordinal, l.n, 0, l.item_path,
                 case l.value_type
                     when 'null' then 'null_dependency'
                     else 'unreadable_dependency'
                 end,
                 docket_private.shown_json(l.value, file_dependencies.stand_in),
                 'a dependency is the id of a task'
            from listed as l
           where l.value_type not in ('number', 'string')
              or not exists (select from reference as r where r.ordinal = l.ordinal and r.n = l.n)
           union all
          select r.ordinal, r.n, 0, r.item_path, 'joined_dependencies',
                 docket_private.shown_json(r.value, file_dependencies.stand_in),
                 'read as several dependencies'
            from reference as r
           where r.part = 2
           union all
          select e.ordinal, 0, 0, e.item_path || text 'dependencies', 'dependencies_not_list',
                 docket_private.shown_json(e.dependencies, file_dependencies.stand_in),
                 'read as a list of one; the value is in metadata'
            from entry as e
           where e.dependencies_type <> 'array'
      )
    select (select array_agg(
                       row (j.ordinal, j.target, j.item_path,
                            docket_private.shown_json(j.value, file_dependencies.stand_in), j.name
                       )::docket_private.file_reference
                       order by j.ordinal, j.n, j.part)
              from judged as j
             where j.kind is null),
           (select array_agg(
                       row (o.item_path, o.kind, o.value, o.reason)::docket_private.oddity
                       order by o.ordinal, o.n, o.part, o.kind)
              from odd as o)
      into file_dependencies.edges, file_dependencies.oddities;
end;
$$;

comment on function docket_private.file_dependencies(docket_private.file_entry[], text) is
    'The dependencies of a file''s entries, each pair once, in the order of the file, and those that can not be stored or were guessed.';

revoke all on function docket_private.cyclic_edges(integer[], integer[]) from public;
revoke all on function docket_private.file_dependencies(docket_private.file_entry[], text) from public;

commit;
