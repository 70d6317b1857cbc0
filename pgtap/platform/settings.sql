-- A setting is the project's own where it has one, else the docket's.

begin;
select plan(6);

select results_eq(
    $$ select s.setting_key, s.value::text
         from docket.settings as s
        where s.setting_key in ('lease_seconds', 'max_lease_seconds', 'max_batch_size',
                                'idempotency_hours', 'notify')
        order by s.setting_key $$,
    $$ values ('idempotency_hours', '24'),
              ('lease_seconds',     '300'),
              ('max_batch_size',    '10000'),
              ('max_lease_seconds', '86400'),
              ('notify',            'true') $$,
    'the defaults are those that are documented');

select is(
    docket_private.setting('lease_seconds'), '300'::jsonb,
    'without a project it is the docket''s value');
select is(
    docket_private.setting('lease_seconds', '{"max_batch_size": 1}'), '300'::jsonb,
    'a project that sets others only has the docket''s value');
select is(
    docket_private.setting('lease_seconds', '{"lease_seconds": 60}'), '60'::jsonb,
    'a project''s own value goes first');
select is(docket_private.setting('unheard of'), null, 'a setting that nobody has set is null');

set local role docket_reader;
select isnt_empty('select from docket.settings', 'every client may read them');

select * from finish();
rollback;
