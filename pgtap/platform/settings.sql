-- A setting is the project's own where it has one, else the docket's.

begin;
select plan(15);

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

-- Secrets.
select results_eq(
    $$ select docket_private.without_secrets(g.given)
         from (values (1, '{"user": "ann", "password": "x",
                            "n": [1, {"API_KEY": {"deep": 1}}]}'::jsonb),
                      (2, '{"token": null, "tokens": 7, "text": "\"token\": 1"}'),
                      (3, '[{"a": 1}, [], {}, null, true, "secret"]'),
                      (4, '"password"'),
                      (5, null)) as g (position, given)
        order by g.position $$,
    $$ values ('{"user": "ann", "password": "********",
                 "n": [1, {"API_KEY": "********"}]}'::jsonb),
              ('{"token": "********", "tokens": 7, "text": "\"token\": 1"}'),
              ('[{"a": 1}, [], {}, null, true, "secret"]'),
              ('"password"'),
              (null) $$,
    'what is under a secret key is hidden, in any case and at any depth, and nothing else');
select is(
    docket_private.without_secrets(
        (repeat('[', 3000) || '{"token": 1}' || repeat(']', 3000))::jsonb), '"********"',
    'what is nested too deeply to look through is hidden as a whole');
select is(
    docket_private.masked(
        docket_ext.hstore(array['name', 'a', 'b'], array['token', '{"token": 1}', null]),
        '{}', '{a,b}')::text,
    docket_ext.hstore(
        array['name', 'a', 'b'], array['token', '{"token": "********"}', null])::text,
    'of a row, in its columns of type jsonb');

update docket.settings as s
   set value = '["PIN", "x-key"]'
 where s.setting_key = 'secret_keys';
select is(
    docket_private.without_secrets('{"pin": 1, "X-Key": 2, "password": 3}'),
    '{"pin": "********", "X-Key": "********", "password": 3}',
    'the keys are those of the setting');
select is(docket.secret_keys(), '{pin,x-key}', 'which everybody can read, in lower case');
update docket.settings as s
   set value = '[]'
 where s.setting_key = 'secret_keys';
select is(
    docket_private.without_secrets('{"password": 3, "": 1}'), '{"password": 3, "": 1}',
    'where there are none nothing is hidden');
select throws_ok(
           format('update docket.settings set value = %L where setting_key = %L',
                  v.given, 'secret_keys'),
           '23514', null, format('the keys can not be %s', v.given))
  from (values ('"password"'), ('[1]'), ('["a|b"]')) as v (given);

set local role docket_reader;
select isnt_empty('select from docket.settings', 'every client may read them');

select * from finish();
rollback;
