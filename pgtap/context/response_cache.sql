-- A response is kept for whoever asks the same, until it is too old.

begin;
select plan(15);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

create function pg_temp.ask(key text) returns jsonb
language sql
as $$ select docket.get_response(docket_test.project_id(), ask.key) $$;

select is(pg_temp.ask('q'), null, 'what nobody has asked has no answer');
select is(
    docket.put_response(docket_test.project_id(), 'q', '{"text": "a"}', '10 minutes'),
    '2026-01-01 09:10+00'::timestamptz,
    'an answer is kept for some time');
select is(pg_temp.ask('q'), '{"text": "a"}'::jsonb, 'and given');
select is(pg_temp.ask('q'), '{"text": "a"}'::jsonb, 'again');
select results_eq(
    $$ select r.hits, r.last_hit_at from docket.response_cache as r $$,
    $$ values (2::bigint, docket.clock()) $$,
    'each time is counted');
select docket.put_response(docket_test.project_id(), 'q', '{"text": "b"}');
select is(pg_temp.ask('q'), '{"text": "b"}'::jsonb, 'another takes its place');
select is((select r.hits from docket.response_cache as r), 1::bigint, 'and counts anew');
select docket_test.pass('61 minutes');
select is(pg_temp.ask('q'), null, 'what is too old answers nothing');
select docket.put_response(docket_test.project_id(), 'r', '1');
select is(docket_private.sweep_responses(10), 1::bigint, 'and is removed by maintenance');
select is((select r.cache_key from docket.response_cache as r), 'r', 'nothing else is');

select throws_ok(
    $$ select docket.put_response(docket_test.project_id(), 'q', '{"api_key": "x"}') $$,
    'PD422', 'a response has something under a secret key', 'a secret is not kept');
select throws_ok(
    $$ select docket.put_response(docket_test.project_id(), repeat('é', 513), '1') $$,
    'PD422', 'a key has 1 to 1024 bytes', 'a key is bounded');
select throws_ok(
    $$ select docket.put_response(docket_test.project_id(), 'q', null) $$, 'PD422', null,
    'an answer is one');

create role tap_cache_stranger in role docket_app;
set local role tap_cache_stranger;
select throws_ok($$ select pg_temp.ask('r') $$, 'PD404', null, 'a stranger is given nothing');
select is((select count(*) from docket.response_cache), 0::bigint, 'and sees nothing');

select * from finish();
rollback;
