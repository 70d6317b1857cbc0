-- Storing a context makes the next version of its type; nothing is overwritten.

begin;
select plan(42);

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

-- Refusals.
select throws_ok(
    $$ select pg_temp.put('', '1') $$,
    'PD422', 'the type of a context has 1 to 255 characters', 'a type has a name');
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
                request_id => '00000000-0000-4000-8000-000000000001') as c), 1::bigint,
    'the same request twice stores one');
select results_eq(
    $$ select c.version, c.data, c.byte_size
         from docket.put_context(
                  docket_test.id('a'), 'twice', '3',
                  request_id => '00000000-0000-4000-8000-000000000001') as c $$,
    $$ values (1, '1'::jsonb, 1::bigint) $$,
    'and answers with it');
select cmp_ok(
    (select max(pg_column_size(k.answer)) from docket.idempotency_keys as k), '<', 1000,
    'of which no second copy is kept');

-- Whoever says what he has read is told when it is old.
select throws_ok(
    $$ select docket.put_context(docket_test.id('a'), 'note', '7', expected_version => 2) $$,
    'PDVER', 'context "note" of task a is at version 3, not 2', 'an old version is told');
select is(
    (docket.put_context(docket_test.id('a'), 'note', '7', expected_version => 3)).version, 4,
    'the present one passes');
select throws_ok(
    $$ select docket.put_context(docket_test.id('a'), 'note', '8', expected_version => 0) $$,
    'PDVER', null, 'who expects nothing is told of something');
select is(
    (docket.put_context(docket_test.id('a'), 'fresh', '8', expected_version => 0)).version, 1,
    'or is the first');

-- An attempt writes as long as it holds the task.
create temporary table tokens as
select t.attempt_id from docket.start_task(docket_test.id('a'), 'ann') as t;
select is(
    (select c.attempt_id
       from tokens as t
      cross join lateral docket.put_context(
                docket_test.id('a'), 'ai', '1', attempt_id => t.attempt_id) as c),
    (select t.attempt_id from tokens as t),
    'an attempt signs what it stores');
select docket.release_task(t.attempt_id) from tokens as t;
select throws_ok(
    $$ select docket.put_context(docket_test.id('a'), 'ai', '2', attempt_id => t.attempt_id)
         from tokens as t $$,
    'PDLSE', null, 'when it has lost the task it stores no more');
select throws_ok(
    $$ select docket.put_context(
                  docket_test.id('a'), 'ai', '2',
                  attempt_id => '00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'attempt 00000000-0000-7000-8000-000000000000 is none of task a',
    'an attempt of no task is none');

-- Patches.
create function pg_temp.patch(patch text, patch_type text,
version bigint default null) returns docket.task_contexts
language sql
as $$
    select docket.patch_context(
        docket_test.id('a'), 'plan', patch.patch::jsonb, patch.patch_type,
        expected_version => patch.version)
$$;
select throws_ok(
    $$ select pg_temp.patch('[]', 'json') $$, 'PD404', 'the task has no context "plan"',
    'what is not there is not patched');
select is((pg_temp.patch('{"steps": [1], "no": null}', 'merge')).data, '{"steps": [1]}'::jsonb,
    'but merged');
select results_eq(
    $$ select c.version, c.data
         from pg_temp.patch('[{"op": "add", "path": "/steps/-", "value": 2}]', 'json', 1) as c $$,
    $$ values (2, '{"steps": [1, 2]}'::jsonb) $$,
    'a patch makes the next version');
select is((pg_temp.patch('{"steps": [1, 2]}', 'merge')).version, 2,
    'one that changes nothing makes none');
select throws_ok(
    $$ select pg_temp.patch('{"a": 1}', 'merge', 1) $$, 'PDVER', null, 'read before patched');
select throws_ok(
    $$ select pg_temp.patch('[{"op": "test", "path": "/steps", "value": []}]', 'json') $$,
    'PD409', 'operation 1 of the patch: another value is there', 'a test that fails is told');
select throws_ok($$ select pg_temp.patch('{}', 'other') $$, 'PD422', null, 'there are two kinds');
select throws_ok($$ select pg_temp.patch(null, 'merge') $$, 'PD422', null, 'null is none');
select throws_ok($$ select pg_temp.patch('{}', null) $$, 'PD422', null, 'of either');

-- Deleting.
select results_eq(
    $$ select c.version, c.is_tombstone, c.data, c.byte_size
         from docket.delete_context(docket_test.id('a'), 'plan', 2) as c $$,
    $$ values (3, true, 'null'::jsonb, 0::bigint) $$,
    'a deletion is a version');
select throws_ok(
    $$ select docket.delete_context(docket_test.id('a'), 'plan') $$,
    'PD404', 'the task has no context "plan"', 'what is deleted is not there');
select throws_ok(
    $$ select docket.delete_context(docket_test.id('a'), 'unheard of') $$, 'PD404', null,
    'nor is what never was');
select is(
    (select (docket.put_context(c.task_id, c.context_type, c.data)).version
       from docket.get_context(docket_test.id('a'), 'plan', 2) as c), 4,
    'what was there is put again');

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
