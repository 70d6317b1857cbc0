-- An id is a UUIDv7 that knows when it was made and which bucket its project lives in.

begin;
select plan(9);

create temporary table made as
select n.ordinal,
       docket_private.new_id('00000000-0000-7000-8000-0000000002a5', n.ordinal) as id
  from generate_series(1, 2000) as n (ordinal);

select is_empty(
    $$ select from made as m where substr(m.id::text, 15, 1) <> '7' $$,
    'its version is 7');
select is_empty(
    $$ select from made as m where substr(m.id::text, 20, 1) not in ('8', '9', 'a', 'b') $$,
    'its variant is that of RFC 9562');
select is_empty(
    $$ select from made as m where docket_private.bucket(m.id) <> 677 $$,
    'it carries the bucket of its project (0x2a5)');
select is((select count(distinct m.id) from made as m), 2000::bigint, 'no two are alike');
select results_eq(
    $$ select m.ordinal from made as m order by m.id $$,
    $$ select m.ordinal from made as m order by m.ordinal $$,
    'the ids of one batch keep its order');

select ok(
    (select abs(extract(epoch from clock_timestamp()) * 1000
                - ('x' || translate(left(i.id::text, 13), '-', ''))::bit(48)::bigint) < 60000
       from docket_private.new_id() as i (id)),
    'its first 48 bits are the milliseconds of the wall clock');

select ok(
    docket_private.new_id(null, 1000000) > docket_private.new_id(null, 0)
    and docket_private.new_id() < docket_private.new_id(null, 1000000),
    'an ordinal moves it by microseconds');

select ok(
    (select count(distinct docket_private.bucket(docket_private.new_id())) > 200
            and min(docket_private.bucket(docket_private.new_id())) >= 0
            and max(docket_private.bucket(docket_private.new_id())) <= 1023
       from generate_series(1, 500)),
    'new projects spread over the buckets, 0 to 1023');

select is(
    docket_private.bucket('ffffffff-ffff-ffff-ffff-ffffffffffff'), 1023,
    'the bucket is the last ten bits');

select * from finish();
rollback;
