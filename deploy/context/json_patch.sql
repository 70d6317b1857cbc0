-- Deploy pgdocket:context/json_patch to pg
-- requires: platform/error_codes
-- requires: platform/schemas

begin;
set local role docket_owner;

-- Places in JSON documents (RFC 6901), changes of documents (RFC 6902 and RFC 7396), and what
-- differs between two. Pure functions: a document in, a document out.
create function docket_private.pointer_path(pointer text) returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if pointer_path.pointer = '' then
        return '{}';
    end if;

    if pointer_path.pointer !~ '^/' or pointer_path.pointer ~ '~([^01]|$)' then
        raise exception '% is no JSON pointer', quote_literal(left(pointer_path.pointer, 100))
            using errcode = 'PD422',
                  hint    = 'Such as /files/0/path; in a key, ~1 is a slash and ~0 a tilde.';
    end if;

    if strpos(pointer_path.pointer, '~') = 0 then
        return (string_to_array(pointer_path.pointer, '/'))[2:];
    end if;

    return array(
        select replace(replace(t.token, '~1', '/'), '~0', '~')
          from string_to_table(pointer_path.pointer, '/') with ordinality as t (token, place)
         where t.place > 1
         order by t.place);
end;
$$;

comment on function docket_private.pointer_path(text) is
    'The keys and positions that a JSON pointer names. Raises PD422.';

-- Stricter than the operator #>, for which -1 is the last element and 01 the second.
create function docket_private.json_at(
    document jsonb,
    path     text[]
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_value jsonb := json_at.document;
    v_token text;
begin
    foreach v_token in array json_at.path loop
        v_value := case jsonb_typeof(v_value)
                       when 'object' then v_value -> v_token
                       when 'array' then case
                           when v_token ~ '^(0|[1-9][0-9]{0,8})$' then v_value -> v_token::integer
                       end
                   end;
        exit when v_value is null;
    end loop;

    return v_value;
end;
$$;

comment on function docket_private.json_at(jsonb, text[]) is
    'What stands at a place of a document; null where nothing does.';

create function docket_private.merge_patched(
    document jsonb,
    patch    jsonb
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(merge_patched.patch) <> 'object' then
        return merge_patched.patch;
    end if;

    return (
        select coalesce(jsonb_object_agg(merged.key, merged.value), '{}')
          from (
              select d.key, d.value
                from jsonb_each(
                         case jsonb_typeof(merge_patched.document)
                             when 'object' then merge_patched.document
                             else '{}'
                         end) as d
               where not merge_patched.patch ? d.key
               union all
              select p.key,
                     docket_private.merge_patched(merge_patched.document -> p.key, p.value)
                from jsonb_each(merge_patched.patch) as p
               where p.value <> 'null'
          ) as merged);
end;
$$;

comment on function docket_private.merge_patched(jsonb, jsonb) is
    'A document with a merge patch (RFC 7396) applied; null for a document that is not there.';

create function docket_private.refuse_patch(
    operation jsonb,
    ordinal   bigint,
    problem   text,
    is_stale  boolean default false
) returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'operation % of the patch: %', refuse_patch.ordinal, refuse_patch.problem
        using errcode = case when refuse_patch.is_stale then 'PD409' else 'PD422' end,
              detail  = left(refuse_patch.operation::text, 500),
              hint    = case
                            when refuse_patch.is_stale
                            then 'Read the document again: nothing of the patch was applied.'
                            else 'RFC 6902 says what an operation has.'
                        end;
end;
$$;

comment on function docket_private.refuse_patch(jsonb, bigint, text, boolean) is
    'Raises PD422 for an operation that is none, PD409 for one that the document does not allow.';

create function docket_private.with_value(
    document  jsonb,
    path      text[],
    value     jsonb,
    operation jsonb,
    ordinal   bigint
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last   text   := with_value.path[cardinality(with_value.path)];
    v_head   text[] := with_value.path[:cardinality(with_value.path) - 1];
    v_parent jsonb;
    v_length integer;
begin
    if with_value.path = '{}' then
        return with_value.value;
    end if;

    v_parent := docket_private.json_at(with_value.document, v_head);

    case coalesce(jsonb_typeof(v_parent), 'nothing')
        when 'object' then
            return jsonb_set(with_value.document, with_value.path, with_value.value);
        when 'array' then
            v_length := jsonb_array_length(v_parent);
            if v_last = '-' then
                v_last := v_length::text;
            end if;
            if v_last ~ '^(0|[1-9][0-9]{0,8})$' and v_last::integer <= v_length then
                return jsonb_insert(with_value.document, v_head || v_last, with_value.value);
            end if;
        else
            null;
    end case;

    perform docket_private.refuse_patch(
        with_value.operation, with_value.ordinal, 'there is no such place', is_stale => true);
    return null;
end;
$$;

comment on function docket_private.with_value(jsonb, text[], jsonb, jsonb, bigint) is
    'A document with a value added at a place, as the operation add of RFC 6902 does. Raises PD409.';

-- A loop, because each operation is about the document that the one before it has left.
create function docket_private.json_patched(
    document jsonb,
    patch    jsonb
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_document jsonb := json_patched.document;
    v_row      record;
    v_op       text;
    v_path     text[];
    v_from     text[];
    v_found    jsonb;
begin
    if jsonb_typeof(json_patched.patch) is distinct from 'array' then
        raise exception 'a JSON patch is an array of operations'
            using errcode = 'PD422',
                  hint    = 'Such as [{"op": "replace", "path": "/title", "value": "New"}].';
    end if;

    for v_row in
        select o.operation, o.ordinal
          from jsonb_array_elements(json_patched.patch) with ordinality as o (operation, ordinal)
    loop
        v_op := v_row.operation ->> 'op';

        if (jsonb_typeof(v_row.operation) = 'object'
            and v_op in ('add', 'remove', 'replace', 'move', 'copy', 'test')
            and jsonb_typeof(v_row.operation -> 'path') = 'string'
            and (v_op not in ('add', 'replace', 'test') or v_row.operation ? 'value')
            and (v_op not in ('move', 'copy')
                 or jsonb_typeof(v_row.operation -> 'from') = 'string')) is not true
        then
            perform docket_private.refuse_patch(
                v_row.operation, v_row.ordinal, 'it is none of add, remove, replace, move, copy, '
                'test with all that it needs');
        end if;

        v_path := docket_private.pointer_path(v_row.operation ->> 'path');
        v_from := case
                      when v_op in ('move', 'copy')
                      then docket_private.pointer_path(v_row.operation ->> 'from')
                      else v_path
                  end;
        v_found := docket_private.json_at(v_document, v_from);

        if v_op <> 'add' and v_found is null then
            perform docket_private.refuse_patch(
                v_row.operation, v_row.ordinal, 'nothing is there', is_stale => true);
        elsif v_op = 'test' and v_found <> v_row.operation -> 'value' then
            perform docket_private.refuse_patch(
                v_row.operation, v_row.ordinal, 'another value is there', is_stale => true);
        elsif v_op = 'move' and v_path[:cardinality(v_from)] = v_from and v_path <> v_from then
            perform docket_private.refuse_patch(
                v_row.operation, v_row.ordinal, 'nothing moves into itself');
        elsif v_op in ('remove', 'move') and v_from = '{}' and v_path = v_from then
            perform docket_private.refuse_patch(
                v_row.operation, v_row.ordinal, 'the whole document is not removed by a patch');
        end if;

        case v_op
            when 'test' then
                null;
            when 'remove' then
                v_document := v_document #- v_path;
            when 'replace' then
                v_document := case v_path
                                  when '{}' then v_row.operation -> 'value'
                                  else jsonb_set(v_document, v_path, v_row.operation -> 'value')
                              end;
            when 'add' then
                v_document := docket_private.with_value(
                    v_document, v_path, v_row.operation -> 'value',
                    v_row.operation, v_row.ordinal);
            else
                v_document := docket_private.with_value(
                    case v_op when 'move' then v_document #- v_from else v_document end,
                    v_path, v_found, v_row.operation, v_row.ordinal);
        end case;
    end loop;

    return v_document;
end;
$$;

comment on function docket_private.json_patched(jsonb, jsonb) is
    'A document with a JSON patch (RFC 6902) applied, all of it or nothing. Raises PD422, PD409 (the document is not what the patch expects).';

-- Descends only where both sides are objects, or both arrays, and differ. Positions of arrays are
-- compared with each other, what one side has more comes or goes at the end: in this order the
-- rows are the operations of a patch.
create function docket_private.json_differences(
    former  jsonb,
    present jsonb
) returns table (
    path      text,
    operation text,
    before    jsonb,
    after     jsonb
)
language sql
stable
begin atomic
    with recursive pairs (path, place, former, present) as (
        select '', array[]::bigint[], json_differences.former, json_differences.present
         where json_differences.former is distinct from json_differences.present
         union all
        select p.path || '/' || child.token, p.place || child.place, child.former, child.present
          from pairs as p
          join lateral (values (jsonb_typeof(p.former))) as both_are (kind)
            on both_are.kind = jsonb_typeof(p.present)
         cross join lateral (
                   select replace(replace(coalesce(f.key, n.key), '~', '~0'), '/', '~1') as token,
                          row_number() over (order by coalesce(f.key, n.key)) as place,
                          f.value as former, n.value as present
                     from jsonb_each(
                              case both_are.kind when 'object' then p.former else '{}' end) as f
                     full join jsonb_each(
                              case both_are.kind when 'object' then p.present else '{}' end) as n
                       on n.key = f.key
                    union all
                   select (coalesce(f.ordinality, n.ordinality) - 1)::text,
                          case
                              -- The last goes first.
                              when n.value is null then (1::bigint << 40) - f.ordinality
                              else n.ordinality
                          end,
                          f.value as former, n.value as present
                     from jsonb_array_elements(
                              case both_are.kind when 'array' then p.former else '[]' end)
                          with ordinality as f
                     full join jsonb_array_elements(
                              case both_are.kind when 'array' then p.present else '[]' end)
                          with ordinality as n
                       on n.ordinality = f.ordinality
               ) as child
         where child.former is distinct from child.present
    )
    select p.path,
           case
               when p.former is null then 'add'
               when p.present is null then 'remove'
               else 'replace'
           end,
           p.former,
           p.present
      from pairs as p
     where (jsonb_typeof(p.former) = jsonb_typeof(p.present)
            and jsonb_typeof(p.former) in ('object', 'array')) is not true
     order by p.place;
end;

comment on function docket_private.json_differences(jsonb, jsonb) is
    'What differs between two documents, by JSON pointer: the operations, in order, of the JSON patch that makes the second of the first.';

revoke all on function docket_private.pointer_path(text) from public;
revoke all on function docket_private.json_at(jsonb, text[]) from public;
revoke all on function docket_private.merge_patched(jsonb, jsonb) from public;
revoke all on function docket_private.refuse_patch(jsonb, bigint, text, boolean) from public;
revoke all on function docket_private.with_value(jsonb, text[], jsonb, jsonb, bigint) from public;
revoke all on function docket_private.json_patched(jsonb, jsonb) from public;
revoke all on function docket_private.json_differences(jsonb, jsonb) from public;
grant execute on function docket_private.json_differences(jsonb, jsonb)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
