-- One clock: the wall's, unless a superuser's session holds it still; nobody else can move it.

begin;
select plan(7);

select ok(
    docket.clock() between transaction_timestamp() and clock_timestamp(),
    'the clock is the wall clock');

select is(
    docket_test.at('2026-01-01 09:00+00'), '2026-01-01 09:00+00'::timestamptz,
    'a superuser''s session can hold it still');

select is(
    docket_test.pass('90 seconds'), '2026-01-01 09:01:30+00'::timestamptz,
    'and move it on');

set local role docket_app;
select is(
    docket.clock(), '2026-01-01 09:01:30+00'::timestamptz,
    'it stays held while a superuser''s session acts as a client');

set local session authorization docket_app;
select set_config('docket.fake_now', '2000-01-01 00:00+00', true);
select ok(
    docket.clock() > '2026-01-01 09:01:30+00',
    'a client''s own session that sets the clock back is told the true time');

select set_config('docket.fake_now', 'nonsense', true);
select lives_ok('select docket.clock()', 'and no setting of it breaks the clock');

reset session authorization;
select set_config('docket.fake_now', '', true);
select ok(
    docket.clock() between transaction_timestamp() and clock_timestamp(),
    'an empty setting gives the wall clock back');

select * from finish();
rollback;
