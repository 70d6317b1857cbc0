-- Storing a context makes the next version of its type; nothing is overwritten.

begin;
select plan(27);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

create function pg_temp.put(context_type text, data text) returns docket.task_contexts
language sql
as $$ select docket.put_context(docket_test.id('a'), put.context_type, put.data::jsonb) $$;

select results_eq(
    $$ select c.context_type, c.version, c.data, c.byte_size, c.content_hash,
              c.created_at, c.created_by
         from pg_temp.put('note', '{"b": 2, "a": "é"}') as c $$,
    $$ values ('note', 1, '{"a": "é", "b": 2}'::jsonb, octet_length('{"a": "é", "b": 2}')::bigint,
               sha256(convert_to('{"a": "é", "b": 2}', 'UTF8')), '2026-01-01 09:00+00'::timestamptz,
               docket.principal()) $$,
    'a context knows its version, its size, its hash, when it was stored and by whom');
select is((pg_temp.put('note', '{"b": 3}')).version, 2, 'another content is the next version');
select is((pg_temp.put('note', '{"b": 3}')).version, 2, 'the same again is none');
select is((pg_temp.put('note', '{ "b" : 3 }')).version, 2, 'however it is written');
select is((pg_temp.put('note', '{"a": "é", "b": 2}')).version, 3,
    'what was there before is new again');
select is((pg_temp.put('code', '[1]')).version, 1, 'each type counts for itself');
select lives_ok(
    $$ select pg_temp.put('any', d)
         from unnest(array['null', 'true', '"x"', '1.50', '[]', '{}']) as d $$,
    'any JSON will do');

-- Reading.
select results_eq(
    $$ select c.version, c.data from docket.get_context(docket_test.id('a'), 'note') as c $$,
    $$ values (3, '{"a": "é", "b": 2}'::jsonb) $$,
    'the latest version is what is read');
select results_eq(
    $$ select c.version, c.data from docket.get_context(docket_test.id('a'), 'note', 2) as c $$,
    $$ values (2, '{"b": 3}'::jsonb) $$,
    'unless an older one is named');
select is_empty(
    $$ select from docket.get_context(docket_test.id('a'), 'note', 4) $$,
    'a version that is not there');
select is_empty(
    $$ select from docket.get_context(docket_test.id('a'), 'unheard of') $$,
    'or a type, is no row');
select results_eq(
    $$ select c.context_type, c.version from docket.latest_contexts(docket_test.id('a')) as c $$,
    $$ values ('any', 6), ('code', 1), ('note', 3) $$,
    'all types at once, the latest of each');
select results_eq(
    $$ select c.version from docket.context_history(docket_test.id('a'), 'note') as c $$,
    array[1, 2, 3],
    'the history has every version, the first first');
select results_eq(
    $$ select c.version
         from docket.context_history(
                  docket_test.id('a'), 'note', after => 1, page_size => 1) as c $$,
    array[2],
    'in pages');

-- Refusals.
select throws_ok(
    $$ select pg_temp.put('', '1') $$,
    'PD422', 'a context needs a type of 1 to 255 characters, and data', 'a type has a name');
select throws_ok($$ select pg_temp.put(null, '1') $$, 'PD422', null, 'always');
select throws_ok($$ select pg_temp.put(repeat('x', 256), '1') $$, 'PD422', null,
    'of bounded length');
select throws_ok($$ select pg_temp.put('note', null) $$, 'PD422', null, 'data is data');
select throws_ok(
    $$ select docket.put_context('00000000-0000-7000-8000-000000000000', 'note', '1') $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist', 'the task exists');

update docket.settings as s
   set value = '20'
 where s.setting_key = 'max_context_bytes';
select is((pg_temp.put('size', '"123456789012345678"')).byte_size, 20::bigint,
    'what just fits is stored');
select throws_ok(
    $$ select pg_temp.put('size', '"1234567890123456789"') $$,
    'PD413', 'a context of 21 bytes', 'what is larger is refused');
select throws_ok(
    $$ select pg_temp.put('size', '"éééééééééé"') $$,
    'PD413', 'a context of 22 bytes', 'counted in bytes');
update docket.settings as s
   set value = '10485760'
 where s.setting_key = 'max_context_bytes';
select is(
    (pg_temp.put('large', to_json(repeat('x', 2000000))::text)).byte_size, 2000002::bigint,
    'a large one is stored whole');
select is(
    (select length(c.data #>> '{}') from docket.get_context(docket_test.id('a'), 'large') as c),
    2000000,
    'and read back whole');

select is(
    (select count(distinct c.version)
       from (values ('1'), ('2')) as twice (data)
      cross join lateral docket.put_context(
                docket_test.id('a'), 'twice', twice.data::jsonb,
                '00000000-0000-4000-8000-000000000001') as c), 1::bigint,
    'the same request twice stores one');

create role tap_context_reader in role docket_app;
select docket_test.member('tap_context_reader', 'reader');
set local role tap_context_reader;
select isnt_empty(
    $$ select from docket.latest_contexts(docket_test.id('a')) $$,
    'a reader of the project reads them');
select throws_ok(
    $$ select docket.put_context(docket_test.id('a'), 'note', '1') $$, 'PD403', null,
    'and stores none');

select * from finish();
rollback;
