-- An operator changes settings, each within its type; whoever else reads them.

begin;
select plan(12);

create role tap_settings_admin in role docket_admin;
create role tap_settings_app in role docket_app;

set local role tap_settings_app;
select throws_ok(
    $$ select docket.update_setting('lease_seconds', '60') $$, '42501', null, 'a client may not');
set local role tap_settings_admin;
select is(
    (docket.update_setting('lease_seconds', '60')).value, '60'::jsonb, 'an operator may');
select is(
    (docket.update_setting('lease_seconds', '90')).version, 3::bigint, 'each change is a version');
select throws_ok(
    $$ select docket.update_setting('lease_minutes', '1') $$, 'PD404',
    'there is no setting "lease_minutes"', 'one that there is not is not made');
select throws_ok(
    format('select docket.update_setting(%L, %L)', w.setting_key, w.value), 'PD422', null, w.what)
  from (values ('lease_seconds', '"60"', 'a number stays one'),
               ('lease_seconds', '-1', 'and is not below 0'),
               ('lease_seconds', 'null', 'nor nothing'),
               ('notify', '1', 'a truth stays one'),
               ('secret_keys', '["a b"]', 'and words are words')) as w (setting_key, value, what);
select is(
    (docket.update_setting('prompt_build_days', 'null')).value, 'null'::jsonb,
    'where null means something it may be that');
select is((docket.update_setting('prompt_build_days', '7')).value, '7'::jsonb, 'and back');
reset role;
select is(
    (select l.new_values ->> 'value'
       from docket.audit_log as l
      where l.table_name = 'settings'
      order by l.audit_id desc
      limit 1), '7', 'the journal has it');

select * from finish();
rollback;
