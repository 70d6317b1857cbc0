-- The journal has every change: who, when, from where, why, the changed columns before and after.

begin;
select plan(43);

create role tap_journal_ann;
grant docket_gateway to tap_journal_ann;

set local role docket_owner;
create table docket.tap_notes (
    note_id  uuid        not null primary key,
    body     text,
    password text,
    seen_at  timestamptz,
    seen_on  date,
    waits    interval,
    amount   numeric,
    raw      bytea,
    words    text[],
    extra    jsonb,
    is_done  boolean     not null default false
);
call docket_private.add_journal('docket.tap_notes', 'note_id', '{password}');
create table docket.tap_pairs (
    pair_key text    not null primary key,
    number   integer not null,
    beats    integer not null default 0
);
call docket_private.add_journal(
    'docket.tap_pairs', 'pair_key', '{}', 'old.number is distinct from new.number');

create view pg_temp.journal as
select l.*
  from docket.audit_log as l
 where l.table_name in ('tap_notes', 'tap_pairs');

create table docket.tap_parted (
    part_key text    not null primary key,
    number   integer not null,
    beats    integer not null default 0
);
call docket_private.add_journal(
    'docket.tap_parted', 'part_key', update_columns => '{number}', operations => '{update,delete}');

-- Looked at by a superuser: the owner of the tables is under the journal's policies himself.
reset role;
select set_config('docket.reason', 'because', true);
select set_config('docket.request_id', 'request 7', true);
select set_config('application_name', 'tap', true);
grant docket_owner to tap_journal_ann;
set local role tap_journal_ann;

insert into docket.tap_notes (note_id, body, password, amount)
values ('00000000-0000-7000-8000-000000000001', 'one', 'hunter2', 1.50),
       ('00000000-0000-7000-8000-000000000002', 'two', null, null);
reset role;

select results_eq(
    $$ select j.operation::text, j.row_id, j.row_key, j.old_values, j.new_values
         from pg_temp.journal as j
        order by j.audit_id $$,
    $$ values ('insert', '00000000-0000-7000-8000-000000000001'::uuid, null::text, null::jsonb,
               '{"note_id": "00000000-0000-7000-8000-000000000001", "body": "one",
                 "password": "********", "amount": "1.50", "is_done": "f"}'::jsonb),
              ('insert', '00000000-0000-7000-8000-000000000002', null, null,
               '{"note_id": "00000000-0000-7000-8000-000000000002", "body": "two",
                 "is_done": "f"}') $$,
    'an insert is kept with every column that is not null, its secrets masked');

select results_eq(
    $$ select distinct j.principal, j.session_role, j.reason, j.request_id, j.application_name
         from pg_temp.journal as j $$,
    $$ values ('tap_journal_ann', session_user::text collate "default", 'because', 'request 7',
               'tap') $$,
    'with the principal, the role that logged in, the reason, the request and the application');
select is_empty(
    $$ select
         from pg_temp.journal as j
        where j.transaction_id <> pg_current_xact_id()
           or j.transaction_at <> transaction_timestamp()
           or j.recorded_at not between transaction_timestamp() and clock_timestamp() $$,
    'with the transaction, when it began, and the wall clock at the change');
select ok(
    (select bool_and(j.client_address is not distinct from inet_client_addr())
       from pg_temp.journal as j),
    'and with the client''s address');

create function pg_temp.last_change() returns table (old_values jsonb, new_values jsonb)
language sql
as $$
    select j.old_values, j.new_values from pg_temp.journal as j order by j.audit_id desc limit 1
$$;
create function pg_temp.rows_written() returns bigint
language sql
as $$ select count(*) from pg_temp.journal $$;

update docket.tap_notes
   set body = 'uno',
       is_done = true
 where note_id = '00000000-0000-7000-8000-000000000001';
select results_eq(
    'select * from pg_temp.last_change()',
    $$ values ('{"body": "one", "is_done": "f"}'::jsonb,
               '{"body": "uno", "is_done": "t"}'::jsonb) $$,
    'an update is kept with its changed columns only, before and after');
select is(pg_temp.rows_written(), 3::bigint, 'as one row');

update docket.tap_notes set body = body, password = password;
select is(pg_temp.rows_written(), 3::bigint, 'an update that changes nothing writes nothing');

update docket.tap_notes
   set body = null
 where note_id = '00000000-0000-7000-8000-000000000001';
select results_eq(
    'select * from pg_temp.last_change()',
    $$ values ('{"body": "uno"}'::jsonb, '{"body": null}'::jsonb) $$,
    'a column that is emptied is kept as null');

update docket.tap_notes
   set password = 'hunter3'
 where note_id = '00000000-0000-7000-8000-000000000001';
select results_eq(
    'select * from pg_temp.last_change()',
    $$ values ('{"password": "********"}'::jsonb, '{"password": "********"}'::jsonb) $$,
    'of a secret column it is kept that it changed, and not from what to what');
select is_empty(
    $$ select from docket.audit_log as l where l::text ~ 'hunter[23]' $$,
    'a secret is nowhere in the journal');

update docket.tap_notes set amount = 2;
select is(pg_temp.rows_written(), 7::bigint, 'one statement that changes two rows writes two rows');

-- Values come back by the input function of their type, whatever the writer's session was set to.
set local datestyle = 'German, DMY';
set local timezone = 'America/St_Johns';
set local intervalstyle = 'postgres_verbose';
set local bytea_output = 'escape';
update docket.tap_notes
   set body    = E'a "quoted", {braced} \\ text => with ''all'' sorts\n\tof it, é and 語',
       seen_at = '2026-07-01 12:34:56.789012+00',
       seen_on = '2026-02-03',
       waits   = '1 year 2 days 03:04:05.678901',
       amount  = 12345678901234567890.123456789,
       raw     = '\x00ff5c27',
       words   = array['a,b', '"', '{}', null, 'NULL', ''],
       extra   = '{"a": [1, {"b": null}], "c": "\u00e9\"\\"}'
 where note_id = '00000000-0000-7000-8000-000000000001';
set local datestyle = 'SQL, MDY';
set local timezone = 'Asia/Kathmandu';
set local intervalstyle = 'postgres';
set local bytea_output = 'hex';

create temporary table read_back as
select n.*, c.new_values as written
  from docket.tap_notes as n
 cross join pg_temp.last_change() as c
 where n.note_id = '00000000-0000-7000-8000-000000000001';

select is((r.written ->> 'body'), r.body, 'a text is read back') from read_back as r;
select is((r.written ->> 'seen_at')::timestamptz, r.seen_at, 'so is a time') from read_back as r;
select is((r.written ->> 'seen_on')::date, r.seen_on, 'so is a date') from read_back as r;
select is((r.written ->> 'waits')::interval, r.waits, 'so is an interval') from read_back as r;
select is((r.written ->> 'amount')::numeric, r.amount, 'so is a number') from read_back as r;
select is((r.written ->> 'raw')::bytea, r.raw, 'so are bytes') from read_back as r;
select is((r.written ->> 'words')::text[], r.words, 'so is an array') from read_back as r;
select is((r.written ->> 'extra')::jsonb, r.extra, 'so is JSON') from read_back as r;
reset datestyle;
reset timezone;
reset intervalstyle;

delete from docket.tap_notes
 where note_id = '00000000-0000-7000-8000-000000000002';
select results_eq(
    $$ select j.operation::text, j.row_id, j.old_values, j.new_values
         from pg_temp.journal as j
        order by j.audit_id desc
        limit 1 $$,
    $$ values ('delete', '00000000-0000-7000-8000-000000000002'::uuid,
               '{"note_id": "00000000-0000-7000-8000-000000000002", "body": "two", "amount": "2",
                 "is_done": "f"}'::jsonb, null::jsonb) $$,
    'a delete is kept with every column that was not null');

delete from docket.tap_notes;
insert into docket.tap_notes (note_id)
values ('00000000-0000-7000-8000-000000000003'), ('00000000-0000-7000-8000-000000000004');
select is(
    (select count(*)
       from pg_temp.journal as j
      where j.operation = 'insert'), 4::bigint,
    'a statement that inserts many rows writes one row for each');

truncate docket.tap_notes;
select results_eq(
    $$ select j.operation::text, j.row_id, j.old_values, j.new_values
         from pg_temp.journal as j
        order by j.audit_id desc
        limit 1 $$,
    $$ values ('truncate', null::uuid, null::jsonb, null::jsonb) $$,
    'a truncate is kept');

insert into docket.tap_pairs (pair_key, number) values ('a key', 1);
update docket.tap_pairs set number = 2;
select results_eq(
    $$ select j.row_id, j.row_key, j.old_values, j.new_values
         from pg_temp.journal as j
        where j.table_name = 'tap_pairs'
          and j.operation = 'update' $$,
    $$ values (null::uuid, 'a key', '{"number": "1"}'::jsonb, '{"number": "2"}'::jsonb) $$,
    'a row whose key is no uuid is kept by its key');
update docket.tap_pairs set beats = beats + 1;
select is(
    (select count(*)
       from pg_temp.journal as j
      where j.table_name = 'tap_pairs'), 2::bigint,
    'a change that does not count writes nothing');

-- Values are data: nothing in them is ever run.
insert into docket.tap_pairs (pair_key, number)
values ('''); drop table docket.tap_pairs; --', 3);
select isnt_empty(
    $$ select from pg_temp.journal as j where j.row_key = '''); drop table docket.tap_pairs; --' $$,
    'a key that looks like SQL is a key');

-- A gateway's request is kept under the name it speaks for.
grant insert on docket.tap_pairs to tap_journal_ann;
set local role tap_journal_ann;
select set_config('docket.actor', 'bob@example.org', true);
insert into docket.tap_pairs (pair_key, number) values ('from bob', 4);
reset role;
select set_config('docket.actor', '', true);
select is(
    (select j.principal
       from pg_temp.journal as j
      where j.row_key = 'from bob'),
    'bob@example.org',
    'what a gateway does for somebody is kept under his name');

select set_config('docket.reason', '', true);
insert into docket.tap_pairs (pair_key, number) values ('no reason', 5);
select is(
    (select j.reason
       from pg_temp.journal as j
      where j.row_key = 'no reason'), null,
    'an empty reason is none');

-- Where statements write a part of it themselves, the triggers leave that to them.
insert into docket.tap_parted (part_key, number) values ('a', 1), ('b', 1);
update docket.tap_parted set beats = 2;
update docket.tap_parted set number = 3 where part_key = 'a';
delete from docket.tap_parted where part_key = 'b';
truncate docket.tap_parted;
select results_eq(
    $$ select l.operation::text, l.row_key, l.new_values ->> 'number'
         from docket.audit_log as l
        where l.table_name = 'tap_parted'
        order by l.audit_id $$,
    $$ values ('update', 'a', '3'), ('delete', 'b', null) $$,
    'only the operations and columns that were named are written down');

-- Two sessions that print times in other ways write the same.
set local timezone = 'Asia/Kathmandu';
set local datestyle = 'SQL, DMY';
insert into docket.tap_notes (note_id, seen_at, seen_on)
values ('00000000-0000-7000-8000-000000000009', '2026-07-01 12:00+00', '2026-02-03');
select results_eq(
    'select j.new_values ->> ''seen_at'', j.new_values ->> ''seen_on'' from pg_temp.journal as j'
    ' where j.row_id = ''00000000-0000-7000-8000-000000000009''',
    $$ values ('2026-07-01 12:00:00+00', '2026-02-03') $$,
    'times are in ISO 8601 and in UTC, whatever the session is set to');
delete from docket.tap_notes where note_id = '00000000-0000-7000-8000-000000000009';
select is(
    (select j.old_values ->> 'seen_at' from pg_temp.journal as j order by j.audit_id desc limit 1),
    '2026-07-01 12:00:00+00', 'those of a deleted row too');
reset timezone;
reset datestyle;

-- A project's rows with a uuid for a key are written the short way, unless there may be a secret.
set local role docket_owner;
create table docket.tap_jobs (
    job_id     uuid not null primary key,
    project_id uuid not null,
    body       text,
    seen_at    timestamptz,
    extra      jsonb not null default '{}'
);
call docket_private.add_journal('docket.tap_jobs', 'job_id');
reset role;
create or replace view pg_temp.journal as
select l.*
  from docket.audit_log as l
 where l.table_name in ('tap_notes', 'tap_pairs', 'tap_jobs');
insert into docket.tap_jobs (job_id, project_id, body)
values ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', 'one');

set local timezone = 'Asia/Kathmandu';
set local datestyle = 'SQL, DMY';
update docket.tap_jobs set body = null, seen_at = '2026-07-01 12:00+00';
reset timezone;
reset datestyle;
select results_eq(
    $$ select j.operation::text, j.project_id, j.row_id, j.row_key, j.old_values, j.new_values
         from pg_temp.journal as j
        order by j.audit_id desc
        limit 1 $$,
    $$ values ('update', '00000000-0000-7000-8000-000000000002'::uuid,
               '00000000-0000-7000-8000-000000000001'::uuid, null::text,
               '{"body": "one", "seen_at": null}'::jsonb,
               '{"body": null, "seen_at": "2026-07-01 12:00:00+00"}'::jsonb) $$,
    'a project''s row is kept with the project and its id');

create temporary table written as select pg_temp.rows_written() as so_far;
update docket.tap_jobs set body = body, extra = extra;
select is(pg_temp.rows_written(), (select so_far from written), 'and when nothing changes not');

update docket.tap_jobs set body = 'two', extra = '{"token": "xyzzy", "n": 1}';
select results_eq(
    'select * from pg_temp.last_change()',
    $$ values ('{"body": null, "extra": "{}"}'::jsonb,
               '{"body": "two", "extra": "{\"n\": 1, \"token\": \"********\"}"}'::jsonb) $$,
    'what comes under a secret key is masked');
update docket.tap_jobs set extra = '{"n": 2}';
select results_eq(
    'select * from pg_temp.last_change()',
    $$ values ('{"extra": "{\"n\": 1, \"token\": \"********\"}"}'::jsonb,
               '{"extra": "{\"n\": 2}"}'::jsonb) $$,
    'so is what was there');
select is(
    pg_temp.rows_written() - (select so_far from written), 2::bigint, 'each change is one row');

-- Nobody changes what is written.
set local role docket_owner;
update docket.audit_log set principal = 'nobody';
reset role;
select is_empty(
    $$ select from docket.audit_log as l where l.principal = 'nobody' $$,
    'not even the owner of the journal changes a row');
set local role docket_owner;
delete from docket.audit_log;
reset role;
select isnt_empty('select from pg_temp.journal', 'nor removes one');

set local role docket_admin;
select throws_ok(
    'update docket.audit_log set principal = ''nobody''',
    '42501', 'permission denied for table audit_log', 'an operator may not update the journal');
select throws_ok(
    'delete from docket.audit_log',
    '42501', 'permission denied for table audit_log', 'nor delete from it');
select throws_ok(
    'truncate docket.audit_log',
    '42501', 'permission denied for table audit_log', 'nor truncate it');
select throws_ok(
    $$ insert into docket.audit_log (table_name, operation) values ('tasks', 'insert') $$,
    '42501', 'permission denied for table audit_log', 'nor write into it');
select throws_ok(
    'truncate docket.projects cascade',
    '42501', null, 'and no client truncates a table');

-- A gap in the journal can not be made.
set local role docket_owner;
create table docket.tap_parts (part_id uuid not null, happened_at timestamptz not null)
    partition by range (happened_at);
select throws_ok(
    $$ call docket_private.add_journal('docket.tap_parts', 'part_id') $$, '0A000', null,
    'a partitioned table, whose rows may move unseen, is refused');

select * from finish();
rollback;
