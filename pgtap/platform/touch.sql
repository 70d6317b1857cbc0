-- A row keeps its birth, and its time, principal and version of change, by itself.

begin;
select plan(6);

create role tap_touch_person;
select docket_test.at('2026-01-01 09:00+00');

set local role docket_owner;
insert into docket.settings (setting_key, value, description)
values ('tap_touch', '1', 'A setting of a test.');

select docket_test.pass('1 hour');
update docket.settings as s
   set value = '2'
 where s.setting_key = 'tap_touch';

select results_eq(
    $$ select s.version, s.created_at, s.updated_at
         from docket.settings as s
        where s.setting_key = 'tap_touch' $$,
    $$ values (2::bigint, '2026-01-01 09:00+00'::timestamptz,
               '2026-01-01 10:00+00'::timestamptz) $$,
    'a change stamps its time and counts the version, without the caller''s doing');

update docket.settings as s
   set created_at = '1999-01-01',
       created_by = 'nobody',
       updated_at = '1999-01-01',
       updated_by = 'nobody',
       version    = 99
 where s.setting_key = 'tap_touch';

select results_eq(
    $$ select s.version, s.created_at, s.updated_at, s.created_by, s.updated_by
         from docket.settings as s
        where s.setting_key = 'tap_touch' $$,
    $$ values (3::bigint, '2026-01-01 09:00+00'::timestamptz, '2026-01-01 10:00+00'::timestamptz,
               'docket_owner', 'docket_owner') $$,
    'nobody writes these columns himself');

update docket.settings as s
   set value = s.value
 where s.setting_key = 'tap_touch';

select is(
    (select s.version
       from docket.settings as s
      where s.setting_key = 'tap_touch'), 3::bigint,
    'an update that changes nothing keeps the version');

reset role;
grant docket_owner to tap_touch_person;
set local role tap_touch_person;
update docket.settings as s
   set value = '3'
 where s.setting_key = 'tap_touch';

reset role;
select results_eq(
    $$ select s.created_by, s.updated_by
         from docket.settings as s
        where s.setting_key = 'tap_touch' $$,
    $$ values ('docket_owner', 'tap_touch_person') $$,
    'who made it and who changed it last are both kept');

select is_empty(
    $$ select c.oid::regclass
         from pg_catalog.pg_class as c
         join pg_catalog.pg_attribute as a
           on a.attrelid = c.oid
          and a.attname = 'updated_at'
        where c.relnamespace = 'docket'::regnamespace
          and c.relkind in ('r', 'p')
          and not exists (
                  select
                    from pg_catalog.pg_trigger as t
                    join pg_catalog.pg_proc as p
                      on p.oid = t.tgfoid
                     and p.proname in ('touch', 'stamp_task')
                   where t.tgrelid = c.oid
                     and t.tgenabled = 'O') $$,
    'every table that has updated_at has the trigger');

set local role docket_app;
select throws_ok(
    $$ update docket.settings set value = '0' $$,
    '42501', null,
    'a client changes no setting at all');

select * from finish();
rollback;
