-- Tables that grow by the month have the months ahead ready, and each row lands in its own.

begin;
select plan(14);
set local role docket_owner;

select is(docket_private.ensure_partitions(), 0, 'the deploy has made what is needed by now');

select docket_test.at('2031-03-15 12:00+00');
select is(
    docket_private.ensure_partitions(),
    (select sum(p.months_ahead + 1)::integer from docket.partition_policies as p),
    'each policy gives the present month and those ahead');
select is(docket_private.ensure_partitions(), 0, 'the second time there is nothing left to do');

select docket_test.at('2031-03-31 23:59:59.999999+00');
select is(docket_private.ensure_partitions(), 0, 'the last moment of a month still belongs to it');

select docket_test.at('2031-04-01 00:00+00');
select is(
    docket_private.ensure_partitions(),
    (select count(*)::integer from docket.partition_policies),
    'a month later one more is made for each');

reset role;
set local timezone = 'Pacific/Kiritimati';
insert into docket.audit_log (recorded_at, table_name, operation, row_key)
values ('2031-03-01 00:00+00', 'tap', 'insert', 'first moment'),
       ('2031-03-31 23:59:59.999999+00', 'tap', 'insert', 'last moment'),
       ('2031-04-01 00:00+00', 'tap', 'insert', 'next month'),
       ('2061-01-01 00:00+00', 'tap', 'insert', 'stray');

select results_eq(
    $$ select l.row_key, l.tableoid::regclass::text
         from docket.audit_log as l
        where l.table_name = 'tap'
        order by l.recorded_at $$,
    $$ values ('first moment', 'docket.audit_log_2031_03'),
              ('last moment',  'docket.audit_log_2031_03'),
              ('next month',   'docket.audit_log_2031_04'),
              ('stray',        'docket.audit_log_default') $$,
    'each row lands in its month (UTC, whatever the session''s time zone), a stray in the default');

-- A month is made though strays of it are in the default partition: they move.
insert into docket.audit_log (recorded_at, table_name, operation, row_key)
values ('2031-08-01 00:00+00', 'tap', 'insert', 'came too early');
set local role docket_owner;
select docket_test.at('2031-05-01 00:00+00');
select is(
    docket_private.ensure_partitions(),
    (select count(*)::integer from docket.partition_policies),
    'a stray is not in the way of its month');
reset role;
select results_eq(
    $$ select l.row_key, l.tableoid::regclass::text
         from docket.audit_log as l
        where l.table_name = 'tap'
          and l.recorded_at > '2031-05-01'
        order by l.recorded_at $$,
    $$ values ('came too early', 'docket.audit_log_2031_08'),
              ('stray',          'docket.audit_log_default') $$,
    'it moves into it, and others stay');
set local role docket_owner;
with gone as (delete from docket.audit_log_default returning 1)
select is((select count(*) from gone), 0::bigint, 'the default partition is closed again, to its owner too');
reset role;

select is_empty(
    $$ select i.inhrelid::regclass
         from pg_catalog.pg_inherits as i
         join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'docket.audit_log'::regclass
          and not (c.relrowsecurity and c.relforcerowsecurity) $$,
    'every partition has row-level security, enabled and forced');

select is_empty(
    $$ select i.inhrelid::regclass
         from pg_catalog.pg_inherits as i
         join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'docket.audit_log'::regclass
          and (c.relowner <> 'docket_owner'::regrole
               or has_table_privilege('docket_app', c.oid, 'select')) $$,
    'each belongs to docket_owner, and no client reads it past its parent');

set local role docket_owner;
select throws_ok(
    $$ insert into docket.partition_policies (table_name, retention) values ('tap', '-1 day') $$,
    '23514', null,
    'a retention is a time to keep rows');
select throws_ok(
    $$ insert into docket.partition_policies (table_name, months_ahead) values ('tap', 0) $$,
    '23514', null,
    'at least one month is made ahead');

set local role docket_app;
select throws_ok(
    $$ select from docket.audit_log_2031_04 $$,
    '42501', 'permission denied for table audit_log_2031_04',
    'a client that names a partition is refused');

select * from finish();
rollback;
