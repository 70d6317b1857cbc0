-- Deploy pgdocket:platform/ids to pg
-- requires: platform/schemas

begin;
set local role docket_owner;

-- Every id says when it was made and which bucket (shard) its project lives in, so a call
-- that carries any id can be routed without asking anybody.
create function docket_private.bucket(id uuid) returns integer
language sql
immutable
parallel safe
begin atomic
    select (get_byte(uuid_send(bucket.id), 14) & 3) << 8 | get_byte(uuid_send(bucket.id), 15);
end;

comment on function docket_private.bucket(uuid) is
    'The bucket, 0 to 1023, that an id carries in its last ten bits; a project''s rows have its own.';

-- plpgsql: a SQL function that can not be inlined is planned anew by every statement that calls it.
create function docket_private.new_id(
    project_id uuid   default null,
    ordinal    bigint default 0
) returns uuid
language plpgsql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    v_micros bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint + new_id.ordinal;
    v_random bytea  := uuid_send(gen_random_uuid());
    v_scope  bytea  := uuid_send(new_id.project_id);
begin
    return encode(
        substring(int8send(v_micros / 1000) from 3)
        || int2send((28672 + v_micros % 1000 * 4096 / 1000)::smallint)
        || substring(v_random from 9 for 6)
        || case
               when v_scope is null then substring(v_random from 15)
               else set_byte(substring(v_scope from 15), 0,
                             get_byte(v_random, 14) & 252 | get_byte(v_scope, 14) & 3)
           end,
        'hex')::uuid;
end;
$$;

comment on function docket_private.new_id(uuid, bigint) is
'A new UUIDv7 (RFC 9562, with the part of the millisecond in rand_a) with the bucket of a project.

`project_id` is the project whose bucket the id takes (null: a random one, for a new project or
a row of none), `ordinal` moves it by microseconds, so that the ids of one batch keep their order.';

revoke all on function docket_private.bucket(uuid) from public;
revoke all on function docket_private.new_id(uuid, bigint) from public;

commit;
