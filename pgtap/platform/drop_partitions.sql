-- Retention drops whole months; of the journal only what is sealed, and the seals stay proven.

begin;
select plan(21);

create role tap_drops_admin in role docket_admin;
set local role docket_owner;
select docket_test.at('2025-01-15 12:00+00');
select docket_private.ensure_partitions();
select set_config('docket.fake_now', '', true);

-- Of all tables the journal is the one that is to lose something.
update docket.partition_policies set retention = null where retention is not null;

-- As maintenance calls it: with the rights of the owner, for an operator.
create function docket.tap_drop(out dropped bigint, out problem text, out error_code text)
language plpgsql
security definer
as $$
begin
    select d.* into dropped, problem, error_code
      from docket_private.drop_expired_partition() as d;
end;
$$;
grant execute on function docket.tap_drop() to tap_drops_admin;
reset role;

insert into docket.audit_log (transaction_id, recorded_at, table_name, operation, row_key)
values ('3', '2025-01-30 12:00+00', 'tap', 'insert', 'a'),
       ('3', '2025-01-30 12:01+00', 'tap', 'insert', 'b'),
       ('4', '2025-02-01 00:01+00', 'tap', 'insert', 'c');

set local role tap_drops_admin;
select is((docket.tap_drop()).dropped, 0::bigint, 'without a policy everything is kept');

select throws_ok(
    $$ select docket.set_retention('audit_log', '-1 day') $$, 'PD422', null,
    'nothing is kept for less than no time');
select throws_ok(
    $$ select docket.set_retention('tasks', '1 day') $$, 'PD404', null,
    'a table that does not grow by the month has no retention');
select is(
    (select p.retention from docket.set_retention('audit_log', '6 months') as p),
    interval '6 months', 'an operator says how long');
select is(
    (select l.old_values || l.new_values
       from docket.audit_log as l
      where l.table_name = 'partition_policies'
      order by l.audit_id desc
      limit 1),
    '{"retention": "6 mons"}', 'which is in the journal');

select results_eq(
    'select d.dropped, d.problem from docket.tap_drop() as d', 'values (0::bigint, null::text)',
    'a month waits until it is sealed');
reset role;
select results_eq(
    $$ select p.partition_name
         from docket_private.partitions_of('audit_log') as p
        where p.upper_bound < '2026-01-01' $$,
    $$ values ('audit_log_2025_01'), ('audit_log_2025_02'), ('audit_log_2025_03'),
              ('audit_log_2025_04') $$,
    'and so do those after it');

set local role tap_drops_admin;
select docket.seal_audit();
reset role;
create temporary table head as select s.head from docket.verify_audit() as s;
grant select on head to public;

-- Whoever has changed a month does not get rid of it.
update docket.audit_log set row_key = 'x' where row_key = 'a';
set local role tap_drops_admin;
select results_eq(
    'select d.dropped, d.problem, d.error_code from docket.tap_drop() as d',
    $$ values (0::bigint,
               'audit_log_2025_01: the journal of 2025-01 is not what was sealed, and is not dropped',
               'PD409') $$,
    'a month that was changed stays, and the reason is given');
reset role;
select is(
    (select array_agg(p.partition_name)
       from docket_private.partitions_of('audit_log') as p
      where p.upper_bound < '2026-01-01'),
    array['audit_log_2025_01', 'audit_log_2025_02', 'audit_log_2025_03', 'audit_log_2025_04'],
    'with those after it');
update docket.audit_log set row_key = 'a' where row_key = 'x';

set local role tap_drops_admin;
select is((docket.tap_drop()).dropped, 1::bigint, 'a month that is as it was sealed goes');
select is(
    (select sum((docket.tap_drop()).dropped) from generate_series(1, 4)), 3::numeric,
    'then those after it');
select is((docket.tap_drop()).dropped, 0::bigint, 'each once');
select is_empty(
    $$ select from docket.audit_log as l where l.recorded_at < '2026-01-01' $$, 'with its rows');

reset role;
create temporary table dropped as
select l.*
  from docket.audit_log as l
 where l.operation = 'drop'
   and l.row_key = 'audit_log_2025_01';
select is(
    (select d.old_values - 'hash' - 'seal_id' from dropped as d),
    '{"from": "2025-01-01T00:00:00", "to": "2025-02-01T00:00:00", "rows": "2"}',
    'the drop is a row of the journal');
select is(
    (select d.old_values ->> 'hash' from dropped as d),
    (select s.months -> '2025-01' ->> 'hash'
       from docket.audit_seals as s
      where s.dropped_month = '2025-01'),
    'with the hash over what was dropped, which a seal has too');

select ok(
    (select v.is_intact from docket.verify_audit((select h.head from head as h)) as v),
    'what is left is still proven, and by the head from before');

-- A month that was dropped can not come back with other rows.
reset role;
insert into docket.audit_log (transaction_id, recorded_at, table_name, operation, row_key)
values ('3', '2025-01-30 12:00+00', 'tap', 'insert', 'forged');
select matches(
    (select v.problem from docket.verify_audit() as v),
    '2025-01 are not those that were sealed: now 1, then 0',
    'nobody adds rows to a month that is gone');
delete from docket.audit_log where row_key = 'forged';

-- And a month that just disappears was not dropped.
select ok((select v.is_intact from docket.verify_audit() as v), 'all is well');
delete from docket.audit_seals where dropped_month = '2025-01';
select isnt(
    (select v.problem from docket.verify_audit() as v), null,
    'without the seal of its drop a month is missed');

-- Other tables that grow by the month are dropped in the same way, without seals.
set local role docket_owner;
create table docket.tap_events (
    event_id    bigint      not null,
    happened_at timestamptz not null,
    primary key (event_id, happened_at)
) partition by range (happened_at);
create table docket.tap_events_default partition of docket.tap_events default;
insert into docket.partition_policies (table_name, retention) values ('tap_events', '6 months');
select docket_test.at('2025-01-15 12:00+00');
select docket_private.ensure_partitions();
select set_config('docket.fake_now', '', true);
insert into docket.tap_events (event_id, happened_at)
values (1, '2025-01-20 12:00+00'), (2, '2025-01-21 12:00+00'), (3, clock_timestamp());
reset role;
set local role tap_drops_admin;
select docket.tap_drop() from generate_series(1, 3);
reset role;
select results_eq(
    'select e.event_id from docket.tap_events as e', 'values (3::bigint)',
    'old rows go, new ones stay');
select is(
    (select l.old_values
       from docket.audit_log as l
      where l.operation = 'drop'
        and l.row_key = 'tap_events_2025_01'),
    '{"from": "2025-01-01T00:00:00", "to": "2025-02-01T00:00:00", "rows": "2"}',
    'and the journal says how many');

select * from finish();
rollback;
