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

-- One expression, so that it is inlined where it is called; therefore nothing volatile is asked
-- for twice. Milliseconds and their 4096ths are one number of 15 hex digits, into which the version
-- is put; the variant and random digits are those of a random UUID.
create function docket_private.new_id(
    project_id uuid   default null,
    ordinal    bigint default 0
) returns uuid
language sql
volatile
parallel safe
begin atomic
    select (overlay(
                lpad(to_hex(
                         ((extract(epoch from clock_timestamp()) * 1000000)::bigint
                          + new_id.ordinal) * 512 / 125),
                     15, '0')
                placing '7' from 13 for 0)
            || substr(gen_random_uuid()::text, 20, 14)
            || to_hex(
                   get_byte(uuid_send(gen_random_uuid()), 0) & 12
                   | get_byte(uuid_send(coalesce(new_id.project_id, gen_random_uuid())), 14) & 3)
            || right(coalesce(new_id.project_id, gen_random_uuid())::text, 2))::uuid;
end;

comment on function docket_private.new_id(uuid, bigint) is
'A new UUIDv7 (RFC 9562, with the part of the millisecond in rand_a) with the bucket of a project.

`project_id` is the project whose bucket the id takes (null: a random one, for a new project or
a row of none), `ordinal` moves it by microseconds, so that the ids of one batch keep their order.';

revoke all on function docket_private.bucket(uuid) from public;
revoke all on function docket_private.new_id(uuid, bigint) from public;

commit;
