-- Deploy pgdocket:platform/check_batch to pg
-- requires: platform/settings

begin;
set local role docket_owner;

-- What every batch function asks of its array, before it asks what the elements mean.
create function docket_private.check_batch(
    batch        jsonb,
    batch_name   text,
    element_name text,
    hint         text,
    known        text[]  default null,
    may_be_empty boolean default false,
    size_setting text    default 'max_batch_size'
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most  bigint := (docket_private.setting(size_setting) #>> '{}')::bigint;
    v_place bigint;
    v_field text;
begin
    if batch is null or jsonb_typeof(batch) <> 'array'
       or jsonb_array_length(batch) = 0 and not may_be_empty then
        raise exception '% is not a JSON array%', batch_name,
                        case when may_be_empty then '' else ' of ' || batch_name end
            using errcode = 'PD422',
                  hint    = check_batch.hint;
    end if;

    if jsonb_array_length(batch) > v_most then
        raise exception '% % in one call', jsonb_array_length(batch), batch_name
            using errcode = 'PD413',
                  hint    = format('At most %s (setting %s).', v_most, size_setting);
    end if;

    select e.place, k.field into v_place, v_field
      from jsonb_array_elements(batch) with ordinality as e (element, place)
      left join lateral (
          select min(o.field) as field
            from jsonb_object_keys(
                     case jsonb_typeof(e.element)
                         when 'object' then coalesce(e.element - check_batch.known, '{}')
                         else               '{}'
                     end) as o (field)
      ) as k
        on true
     where jsonb_typeof(e.element) <> 'object'
        or k.field is not null
     order by e.place
     limit 1;

    if v_field is not null then
        raise exception '% number % has a field % that % do not have', element_name, v_place,
                        quote_ident(left(v_field, 100)), batch_name
            using errcode = 'PD422',
                  hint    = format('Known are %s.', array_to_string(known, ', '));
    elsif v_place is not null then
        raise exception '% number % is not a JSON object', element_name, v_place
            using errcode = 'PD422',
                  hint    = check_batch.hint;
    end if;
end;
$$;

comment on function docket_private.check_batch(jsonb, text, text, text, text[], boolean, text) is
    'Raises PD422 unless a batch is an array of objects with known fields only (null: any), PD413 when it has more than a setting allows.';

revoke all on function docket_private.check_batch(jsonb, text, text, text, text[], boolean, text)
  from public;

commit;
