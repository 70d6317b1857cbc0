-- Seals prove the journal: whatever is changed in a sealed range, verify_audit() names the range.

begin;
select plan(36);

create role tap_seals_ops in role docket_maintenance;
create role tap_seals_app in role docket_app;
create role tap_seals_auditor in role docket_auditor;
grant docket_gateway to tap_seals_auditor;

-- Rows of transactions that ended long ago, in two months.
set local role docket_owner;
select docket_test.at('2025-01-15 12:00+00');
select docket_private.ensure_partitions();
reset role;
insert into docket.audit_log (transaction_id, recorded_at, table_name, operation, row_key, reason)
values ('3', '2025-01-30 12:00+00', 'tap', 'insert', 'a', 'one'),
       ('3', '2025-01-30 12:01+00', 'tap', 'insert', 'b', 'two'),
       ('4', '2025-01-31 23:59+00', 'tap', 'insert', 'c', null),
       ('4', '2025-02-01 00:01+00', 'tap', 'insert', 'd', null),
       ('5', '2025-02-02 00:01+00', 'tap', 'insert', 'e', 'a|b'),
       ('6', '2025-02-03 00:01+00', 'tap', 'insert', 'f', null);

set local role tap_seals_ops;
select results_eq(
    'select v.is_intact, v.seals, v.row_count, v.head, v.problem from docket.verify_audit() as v',
    $$ values (true, 0::bigint, 0::bigint, null::text, null::text) $$,
    'nothing is sealed yet, and that is in order');

-- Three ranges: two of two rows, and all that is left.
select results_eq(
    'select s.seals, s.row_count from docket.seal_audit(2) as s', 'values (1::bigint, 2::bigint)',
    'a call seals as many rows as it is told');
select results_eq(
    'select s.seals, s.row_count from docket.seal_audit(2) as s', 'values (1::bigint, 2::bigint)',
    'the next call goes on behind them');
create temporary table sealed as select s.* from docket.seal_audit() as s;
grant select on sealed to public;
select is((select s.seals from sealed as s), 1::bigint, 'without a bound it seals what is left');
select ok(
    (select s.row_count > 2 from sealed as s), 'the rows of the deploy among it');
select results_eq(
    'select s.seals, s.row_count, s.head from docket.seal_audit() as s',
    'select 0::bigint, 0::bigint, s.head from sealed as s',
    'then there is nothing more: what this transaction has written is not sealed, and may grow');
select is(
    (select array_agg(s.months ? '2025-01' order by s.seal_id)
       from docket.audit_seals as s),
    array[true, true, false], 'rows are hashed by month');
select results_eq(
    'select v.is_intact, v.seals, v.head, v.broken_seal, v.problem from docket.verify_audit() as v',
    'select true, 3::bigint, s.head, null::bigint, null::text from sealed as s',
    'all is intact, and the head is the one that sealing gave');
select ok(
    (select v.is_intact from docket.verify_audit((select s.head from sealed as s)) as v),
    'a head that was kept outside is found');
select results_eq(
    'select v.is_intact, v.seals from docket.verify_audit(after => 2) as v',
    'values (true, 1::bigint)', 'one may go on from a seal that was verified before');
set local timezone = 'Asia/Tokyo';
set local datestyle = 'German';
set local client_encoding = 'LATIN1';
select ok(
    (select v.is_intact from docket.verify_audit() as v),
    'how a session prints times and texts has no part in it');
reset timezone;
reset datestyle;
reset client_encoding;

-- An auditor, who sees no row of any project, is told the same.
set local role tap_seals_auditor;
select results_eq(
    'select v.is_intact, v.seals, v.head, v.problem from docket.verify_audit() as v',
    'select true, 3::bigint, s.head, null::text from sealed as s',
    'who audits may have the whole journal verified');
select is_empty('select from docket.audit_log', 'and sees no row more for it');
select is_empty(
    $$ select from docket.changes() $$, 'by no way');
select throws_ok('select docket.seal_audit()', '42501', null, 'he seals nothing');
select set_config('docket.actor', 'somebody', true);
select throws_ok(
    'select docket.verify_audit()', 'PD403', null, 'nor does he verify when he speaks for another');
select set_config('docket.actor', '', true);
reset role;

-- What a tampering hand could do, each undone again. As a superuser: policies stop everybody else.
create function pg_temp.after(tampering text) returns text
language plpgsql
as $$
declare
    v_found text;
begin
    begin
        execute tampering;
        select coalesce(v.broken_seal || ' (' || v.begin_place || ' to '
                        || coalesce(regexp_replace(v.end_place, '^\d{3,}:0$', 'the end'), 'nowhere')
                        || '): ' || v.problem, 'intact')
          into v_found
          from docket.verify_audit((select s.head from sealed as s)) as v;
        raise exception 'undo' using errcode = 'ZZ999';
    exception
        when sqlstate 'ZZ999' then return v_found;
    end;
end;
$$;

select is(
    regexp_replace(
        pg_temp.after($$ update docket.audit_log set reason = 'x' where row_key = 'b' $$),
        '\d{1,9}(?= to)|(?<=to 3:)\d+', 'n', 'g'),
    '1 (0:n to 3:n): the rows of 2025-01 are not those that were sealed: now 2, then 2',
    'a changed row is found, and its range named');
select matches(
    pg_temp.after($$ update docket.audit_log set new_values = '{}' where row_key = 'c' $$),
    '^2 .*2025-01', 'so is one that was given values');
select matches(
    pg_temp.after($$ update docket.audit_log set recorded_at = recorded_at + interval '1 second'
                      where row_key = 'd' $$),
    '^2 .*2025-02', 'or another time');
select matches(
    pg_temp.after($$ update docket.audit_log set reason = 'a', request_id = '|b'
                      where row_key = 'e' $$),
    '^3 .*2025-02', 'or whose text was moved from one column to the next');
select matches(
    pg_temp.after($$ delete from docket.audit_log where row_key = 'a' $$),
    '^1 .*2025-01 .* now 1, then 2', 'a removed row is found');
select matches(
    pg_temp.after($$ delete from docket.audit_log where row_key in ('a', 'b') $$),
    '^1 .*2025-01 .* now 0, then 2', 'all the rows of a range, too');
select matches(
    pg_temp.after($$ insert into docket.audit_log
                         (transaction_id, recorded_at, table_name, operation)
                     values ('3', '2025-01-30 12:00+00', 'tap', 'insert') $$),
    '^2 .*2025-01 .* now 2, then 1', 'so is a row that was added');
select matches(
    pg_temp.after($$ insert into docket.audit_log
                         (transaction_id, recorded_at, table_name, operation)
                     values ('4', '2025-04-01 12:00+00', 'tap', 'insert') $$),
    '^[23] .*2025-04 .* now 1, then 0', 'also in a month that had none');
select matches(
    pg_temp.after($$ insert into docket.audit_log (transaction_id, table_name, operation)
                     select (s.end_transaction_id::text::bigint - 1)::text::xid8, 'tap', 'insert'
                       from docket.audit_seals as s
                      order by s.seal_id desc
                      limit 1 $$),
    '^3 ', 'and in the last moment before the end of a seal');
select matches(
    pg_temp.after($$ update docket.audit_log as l
                        set audit_id = (select sum(o.audit_id) - l.audit_id
                                          from docket.audit_log as o
                                         where o.row_key in ('a', 'b'))
                      where l.row_key in ('a', 'b') $$),
    '^1 .*2025-01 .* now 2, then 2', 'two rows that changed places are found');
select matches(
    pg_temp.after($$ update docket.audit_seals set sealed_by = 'somebody' where seal_id = 2 $$),
    '^2 .*the seal itself was changed', 'a changed seal is found');
select matches(
    pg_temp.after($$ delete from docket.audit_seals where seal_id = 2 $$),
    '^2 .*the seal is missing', 'a missing seal is found');
select matches(
    pg_temp.after($$ delete from docket.audit_seals where seal_id = 3 $$),
    '^3 .* to nowhere\): the expected head is not there', 'a cut tail is found by the head alone');

-- Who can do everything can also seal anew what he has changed. Only the head outside tells.
select matches(
    pg_temp.after($$ delete from docket.audit_seals;
                     update docket.audit_log set reason = 'x' where row_key = 'b';
                     select docket.seal_audit() $$),
    'the expected head is not there', 'a chain that was made anew is found by the head');

-- Who may.
set local role tap_seals_app;
select throws_ok('select docket.seal_audit()', '42501', null, 'a client may not seal');
select throws_ok('select docket.verify_audit()', '42501', null, 'nor verify');
reset role;
grant docket_gateway to tap_seals_ops;
set local role tap_seals_ops;
select set_config('docket.actor', 'somebody', true);
select throws_ok(
    'select docket.seal_audit()', 'PD403', null, 'nor may an operator who speaks for another');
select set_config('docket.actor', '', true);
select throws_ok('select docket.seal_audit(0)', 'PD422', null, 'no rows can not be sealed');
select throws_ok(
    $$ delete from docket.audit_seals $$, '42501', null, 'no operator changes a seal');
set local role docket_owner;
with gone as (delete from docket.audit_seals returning 1)
select is((select count(*) from gone), 0::bigint, 'nor does the owner of the table');

select * from finish();
rollback;
