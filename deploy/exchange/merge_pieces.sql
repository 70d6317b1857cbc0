-- Deploy pgdocket:exchange/merge_pieces to pg
-- requires: platform/error_codes
-- requires: platform/schemas

begin;
set local role docket_owner;

-- Three ways to tell of one thing: as it was when a file and the database last agreed, as the
-- file tells it now, and as the database does. And how a file gets other bytes in a few places.
-- Nothing here knows of any format.
create type docket_private.merge_piece as (
    identity text,
    base     jsonb,
    said     jsonb,
    theirs   jsonb,
    ours     jsonb
);

comment on type docket_private.merge_piece is
    'What a file and the database have in common one of: its name in the file and, as objects of fields, what it was when both agreed, what was last written into the file of it since, what the file says, and what the database says. Null: not there.';

create type docket_private.merge_verdict as (
    identity    text,
    field       text,
    base        jsonb,
    theirs      jsonb,
    ours        jsonb,
    verdict     text,
    is_conflict boolean,
    value       jsonb
);

comment on type docket_private.merge_verdict is
    'What becomes of a field, or where field is null of the piece itself: theirs (as the file has it), ours (as it is here), both (a set that both changed), or conflict (both changed it, and nobody has said whose counts). The value is the one that is to be.';

-- Who added what to a set, and who took what away, counts; so two never contradict each other.
create function docket_private.merged_set(
    base   jsonb,
    theirs jsonb,
    ours   jsonb
) returns jsonb
language sql
immutable
begin atomic
      with was as (
          select b.value from jsonb_array_elements(nullif(merged_set.base, 'null')) as b
      ), there as (
          select t.value, t.n
            from jsonb_array_elements(nullif(merged_set.theirs, 'null'))
                 with ordinality as t (value, n)
      ), here as (
          select o.value, o.n
            from jsonb_array_elements(nullif(merged_set.ours, 'null'))
                 with ordinality as o (value, n)
      ), merged as (
          select o.value, 1 as side, o.n
            from here as o
           where o.value in (select t.value from there as t)
              or o.value not in (select b.value from was as b)
           union all
          select t.value, 2, t.n
            from there as t
           where t.value not in (select o.value from here as o)
             and t.value not in (select b.value from was as b)
      )
    select coalesce(jsonb_agg(m.value order by m.side, m.n), '[]')
      from merged as m;
end;

comment on function docket_private.merged_set(jsonb, jsonb, jsonb) is
    'A set of which each side has added and removed some, as an array: ours in its order, then what is new in theirs.';

create function docket_private.resolution_of(
    resolutions jsonb,
    identity    text,
    field       text
) returns text
language sql
immutable
begin atomic
    select coalesce(
               resolution_of.resolutions -> resolution_of.identity
                   ->> coalesce(resolution_of.field, ''),
               resolution_of.resolutions -> resolution_of.identity ->> '*',
               resolution_of.resolutions ->> '*');
end;

comment on function docket_private.resolution_of(jsonb, text, text) is
    'Whose side counts for a field of a piece: ours or theirs; null where nobody has said. The piece itself goes by the name "".';

-- What was written into the file since both agreed has come back when the file says it: from
-- then on it is what both agree on. Where the file still says what it did before, the writing has
-- not arrived, and nothing was changed there.
create function docket_private.merge_pieces(
    pieces      docket_private.merge_piece[],
    sets        text[] default '{}',
    resolutions jsonb  default '{}'
) returns setof docket_private.merge_verdict
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set jit = off
as $$
begin
    return query
      with piece as materialized (
          select p.n, p.identity, p.base, p.said, p.theirs, p.ours,
                 p.base is not null or p.said is not null and p.theirs is not null as was_there
            from unnest(merge_pieces.pieces) with ordinality
                 as p (identity, base, said, theirs, ours, n)
           where p.theirs is not null or p.ours is not null
      ), named as (
          select distinct p.n, k.field
            from piece as p
           cross join lateral (
                     select jsonb_object_keys(p.base) as field
                      union all
                     select jsonb_object_keys(p.said)
                      union all
                     select jsonb_object_keys(p.theirs)
                      union all
                     select jsonb_object_keys(p.ours)
                 ) as k
           where p.base is distinct from p.theirs
              or p.base is distinct from p.ours
      ), field as materialized (
          select p.n, p.identity, p.was_there, f.field,
                 case
                     when p.said is not null
                          and p.theirs -> f.field is not distinct from p.said -> f.field
                     then p.said -> f.field
                     else p.base -> f.field
                 end as base,
                 p.theirs -> f.field as theirs,
                 p.ours -> f.field as ours,
                 p.theirs is not null as is_there,
                 p.ours is not null as is_here
            from named as f
            join piece as p on p.n = f.n
      ), changed as (
          select f.n,
                 bool_or(f.is_there and f.theirs is distinct from f.base) as is_changed_there,
                 bool_or(f.is_here and f.ours is distinct from f.base) as is_changed_here
            from field as f
           group by f.n
      ), judged as (
          select p.n, p.identity, null::text as field, p.base,
                 p.theirs, p.ours,
                 case
                     when not p.was_there and p.theirs is null then 'ours'
                     when not p.was_there then 'theirs'
                     when p.theirs is null and c.is_changed_here then 'conflict'
                     when p.theirs is null then 'theirs'
                     when c.is_changed_there then 'conflict'
                     else 'ours'
                 end as verdict
            from piece as p
            left join changed as c on c.n = p.n
           where p.theirs is null
              or p.ours is null
           union all
          select f.n, f.identity, f.field, f.base, f.theirs, f.ours,
                 case
                     when f.theirs is not distinct from f.base then 'ours'
                     when f.ours is not distinct from f.base then 'theirs'
                     when f.field = any (merge_pieces.sets) then 'both'
                     else 'conflict'
                 end
            from field as f
           where f.is_there
             and f.is_here
             and f.theirs is distinct from f.ours
      ), settled as (
          select j.n, j.identity, j.field, j.base, j.theirs, j.ours,
                 j.verdict = 'conflict' as is_conflict,
                 case j.verdict
                     when 'conflict' then coalesce(
                         docket_private.resolution_of(
                             merge_pieces.resolutions, j.identity, j.field),
                         'conflict')
                     else j.verdict
                 end as verdict
            from judged as j
      )
    select s.identity, s.field, s.base, s.theirs, s.ours, s.verdict, s.is_conflict,
           case s.verdict
               when 'theirs' then s.theirs
               when 'ours' then s.ours
               when 'both' then docket_private.merged_set(s.base, s.theirs, s.ours)
           end
      from settled as s
     order by s.n, s.field nulls first;
end;
$$;

comment on function docket_private.merge_pieces(docket_private.merge_piece[], text[], jsonb) is
    'What becomes of pieces that a file and the database may both have changed: one row for each field on which they differ, and one without a field for a piece that only one side has. Fields named in `sets` are arrays merged by element. `resolutions` says whose side counts where both changed: {"*": "ours"}, {identity: {"*": "theirs"}}, {identity: {field: "ours"}}.';

create function docket_private.require_resolutions(resolutions jsonb) returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(require_resolutions.resolutions) is distinct from 'object'
       or exists (
              select
                from jsonb_each(require_resolutions.resolutions) as p
               where case jsonb_typeof(p.value)
                         when 'object' then exists (
                             select
                               from jsonb_each(p.value) as f
                              where f.value not in ('"ours"', '"theirs"'))
                         else p.key <> '*' or p.value not in ('"ours"', '"theirs"')
                     end) then
        raise exception 'that says of no conflict whose side counts: %',
                        left(coalesce(require_resolutions.resolutions::text, 'null'), 200)
            using errcode = 'PD422',
                  hint    = 'For example {"*": "ours"}, or {"master/3": {"title": "theirs", "*": "ours"}}.';
    end if;
end;
$$;

comment on function docket_private.require_resolutions(jsonb) is
    'Raises PD422 for what does not say whose side counts in conflicts.';

-- One pass over the bytes, however many places there are.
create function docket_private.spliced_bytes(
    content bytea,
    starts  integer[],
    sizes   integer[],
    parts   bytea[]
) returns bytea
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
    if cardinality(spliced_bytes.starts) = 0 then
        return spliced_bytes.content;
    end if;

    return (
          with place as materialized (
              select p.start, p.size, p.part, p.n,
                     coalesce(lag(p.start + p.size) over in_order, 1) as since,
                     lead(p.n) over in_order is null as is_last
                from unnest(spliced_bytes.starts, spliced_bytes.sizes, spliced_bytes.parts)
                     with ordinality as p (start, size, part, n)
              window in_order as (order by p.start, p.start + p.size, p.n)
          )
        select string_agg(
                   substring(spliced_bytes.content from p.since for p.start - p.since)
                   || coalesce(p.part, '')
                   || case
                          when p.is_last
                          then substring(spliced_bytes.content from p.start + p.size)
                          else ''
                      end,
                   '' order by p.start, p.start + p.size, p.n)
          from place as p);
end;
$$;

comment on function docket_private.spliced_bytes(bytea, integer[], integer[], bytea[]) is
    'Bytes with other bytes in some places: each a start (1 the first byte), a size and a part that takes its place; a size of 0 inserts. Places do not overlap; insertions at one start come in the order given.';

revoke all on function docket_private.merged_set(jsonb, jsonb, jsonb) from public;
revoke all on function docket_private.resolution_of(jsonb, text, text) from public;
revoke all on function docket_private.merge_pieces(docket_private.merge_piece[], text[], jsonb)
    from public;
revoke all on function docket_private.require_resolutions(jsonb) from public;
revoke all on function docket_private.spliced_bytes(bytea, integer[], integer[], bytea[])
    from public;

commit;
