-- What a DBA asks of the server: who may ask, and what is told of tables that are as one knows.

begin;
select plan(14);

create role tap_views_ops in role docket_maintenance;
create role tap_views_app in role docket_app;

set local role tap_views_app;
select throws_ok('select from docket.connection_states', '42501', null, 'a client may not');
select throws_ok('select docket.slow_statements()', '42501', null, 'nor that');
set local role tap_views_ops;
select lives_ok('select from docket.connection_states', 'who keeps it may');
select throws_ok(
    'select docket.slow_statements()', 'PD404', 'the extension pg_stat_statements is not there',
    'what is missing is named');
reset role;

select is(
    (select sum(c.connections)::bigint from docket.connection_states as c where c.state = 'active')
        >= 1, true, 'this session is active');
select is_empty('select from docket.blocking_chains', 'and waits for nobody');

-- A table, its index, and rows of which most go.
create table docket.fat (fat_id bigint primary key, body text) with (autovacuum_enabled = off);
create index fat_body_idx on docket.fat (body);
insert into docket.fat select i, repeat('x', 100) from generate_series(1, 5000) as i;
analyze docket.fat;
select cmp_ok(
    (select b.bloat_ratio from docket.table_bloat as b where b.table_name = 'fat'),
    '<', 0.2, 'a full table has little room');
delete from docket.fat where fat_id % 5 > 0;
analyze docket.fat;
select cmp_ok(
    (select b.bloat_ratio from docket.table_bloat as b where b.table_name = 'fat'),
    '>', 0.6, 'one that was emptied has much');
select is(
    array(select i.index_name || ' ' || i.is_unused from docket.index_usage as i
           where i.table_name = 'fat' order by 1),
    '{fat_body_idx true,fat_pkey false}', 'an index that nobody reads, and one that keeps the key');
select is_empty(
    $$ select from docket.index_usage as i where i.is_unused and i.is_of_foreign_key $$,
    'what a foreign key needs is never called unused');
select results_eq(
    $$ select t.estimated_rows, t.total_bytes = t.table_bytes + t.index_bytes
         from docket.table_sizes as t where t.table_name = 'fat' $$,
    'values (1000::bigint, true)', 'its size');
select is(
    (select t.physical_tables from docket.table_sizes as t where t.table_name = 'audit_log'),
    (select count(*) from docket.partition_overview as p where p.table_name = 'audit_log'),
    'a partitioned table is told as one');
select is(
    (select p.partition_name || ' ' || p.bounds from docket.partition_overview as p
      where p.table_name = 'audit_log' and p.is_default),
    'audit_log_default DEFAULT', 'and its default partition by name');
select results_eq(
    $$ select v.dead_rows_allowed, v.is_due from docket.vacuum_status as v
        where v.table_name = 'fat' $$,
    'values (50 + 200::bigint, false)', 'what autovacuum waits for');

select * from finish();
rollback;
