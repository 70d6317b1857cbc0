-- A session keeps what its agent wants to have again, for as long as it lives, and nothing secret.

begin;
select plan(24);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

create function pg_temp.put(state text, version bigint default null) returns docket.agent_sessions
language sql
as $$
    select docket.put_session(
        docket_test.project_id(), 'work', put.state::jsonb, expected_version => put.version)
$$;
create function pg_temp.state() returns jsonb
language sql
as $$ select s.state from docket.get_session(docket_test.project_id(), 'work') as s $$;

select results_eq(
    $$ select s.session_id, s.agent, s.task_id, s.state, s.expires_at, s.version
         from docket.put_session(
                  docket_test.project_id(), 'work', '{"step": 1}', 'ann', docket_test.id('a'),
                  '1 hour') as s $$,
    $$ values ('work', 'ann', docket_test.id('a'), '{"step": 1}'::jsonb,
               '2026-01-01 10:00+00'::timestamptz, 1::bigint) $$,
    'a session has a state, and an end');
select is(pg_temp.state(), '{"step": 1}'::jsonb, 'which is had again');
select results_eq(
    $$ select s.agent, s.task_id, s.state, s.expires_at, s.version
         from pg_temp.put('{"step": 2}', 1) as s $$,
    $$ values ('ann', docket_test.id('a'), '{"step": 2}'::jsonb,
               '2026-01-02 09:00+00'::timestamptz, 2::bigint) $$,
    'another takes its place, and lets it live on');
select throws_ok(
    $$ select pg_temp.put('3', 1) $$, 'PDVER', 'session "work" is at version 2, not 1',
    'who has read an older one is told');
select throws_ok($$ select pg_temp.put('3', 0) $$, 'PDVER', null, 'who expects none, too');
select is(
    (select array_agg(s.session_id)
       from docket.list_sessions(docket_test.project_id(), 'ann') as s),
    array['work'],
    'they are listed');
select is_empty(
    $$ select from docket.list_sessions(docket_test.project_id(), 'bob') $$, 'by agent');

select throws_ok(
    $$ select pg_temp.put('{"user": "ann", "x": [{"Token": "hunter2"}]}') $$,
    'PD422', 'a state has something under a secret key', 'a secret is not kept');
select throws_ok($$ select pg_temp.put(null) $$, 'PD422', 'a state is missing', 'a state is');
select throws_ok(
    $$ select docket.put_session(docket_test.project_id(), '', '1') $$, 'PD422', null,
    'under a name');
select throws_ok(
    $$ select docket.put_session(docket_test.project_id(), 'x', '1', expires_in => '0') $$,
    'PD422', null, 'for some time');
select throws_ok(
    $$ select docket.put_session(docket_test.project_id(), 'x', '1', expires_in => '2 years') $$,
    'PD422', null, 'but not for ever');
select throws_ok(
    $$ select docket.put_session(docket_test.project_id(), 'x', '1',
                                 task_id => '00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'about a task that there is');
select is_empty(
    $$ select from docket.audit_log as l
        where l.table_name = 'agent_sessions'
          and l::text ~ 'step' $$,
    'the journal does not say what is in it');

-- Its end.
select docket_test.pass('1 day');
select is(pg_temp.state(), null, 'what is over is gone');
select is_empty($$ select from docket.list_sessions(docket_test.project_id()) $$, 'from the list');
select lives_ok($$ select pg_temp.put('4', 0) $$, 'whoever takes up its name begins anew');
select is(docket.end_session(docket_test.project_id(), 'work'), true, 'it can be ended');
select is(docket.end_session(docket_test.project_id(), 'work'), false, 'once');
select is(pg_temp.state(), null, 'then it is gone');
select pg_temp.put('5');
select docket.put_session(docket_test.project_id(), 'short', '1', expires_in => '1 minute');
select docket_test.pass('1 hour');
select is(docket_private.sweep_sessions(10), 1::bigint, 'maintenance removes what is over');
select is(
    (select array_agg(s.session_id) from docket.agent_sessions as s), array['work'],
    'and nothing else');

create role tap_session_reader in role docket_app;
select docket_test.member('tap_session_reader', 'reader');
set local role tap_session_reader;
select is(pg_temp.state(), '5'::jsonb, 'a reader of the project reads it');
select throws_ok($$ select pg_temp.put('6') $$, 'PD403', null, 'and changes nothing');

select * from finish();
rollback;
