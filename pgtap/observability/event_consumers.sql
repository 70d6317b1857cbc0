-- A consumer has a name, a filter and a place, and what it is handed is leased.

begin;
select plan(16);

select docket_test.project('one');
create temporary table made as
select c.* from docket.subscribe(docket_test.project_id(), 'mail', '{"types": ["a"]}') as c;

select is((select m.event_filter from made as m), '{"types": ["a"]}', 'it has a filter');
select is((select (m.transaction_id || ':' || m.event_no) from made as m), docket.changes_end(),
    'it begins now');
select is(
    (select c.consumer_id from docket.subscribe(docket_test.project_id(), 'mail') as c),
    (select m.consumer_id from made as m), 'there is one of a name');
select is(
    (select c.event_filter from docket.subscribe(docket_test.project_id(), 'mail') as c),
    '{"types": ["a"]}', 'which keeps its filter');
select is(
    (select c.event_filter from docket.subscribe(docket_test.project_id(), 'mail', '{}') as c),
    '{}', 'until it is given another');
select is(
    (select c.transaction_id || ':' || c.event_no
       from docket.subscribe(docket_test.project_id(), 'mail', after => '0:0') as c),
    '0:0', 'it is moved to a place');
select is(
    (select c.since
       from docket.subscribe(
                docket_test.project_id(), 'mail', since => '2026-01-01 00:00+00') as c),
    '2026-01-01 00:00+00'::timestamptz, 'or to a time');
select throws_ok(
    $$ select docket.subscribe(docket_test.project_id(), 'mail', after => '0:0',
                               since => '2026-01-01 00:00+00') $$,
    'PD422', null, 'not to both');
select throws_ok($$ select docket.subscribe(docket_test.project_id(), 'mail', '[]') $$,
    'PD422', null, 'a filter is an object');
select throws_ok($$ select docket.subscribe(docket_test.project_id(), '') $$,
    'PD422', null, 'a name is one');
select is_empty($$ select from docket.next_events(docket_test.project_id(), 'mail') $$,
    'there may be nothing');
select throws_ok(
    $$ select docket.next_events(docket_test.project_id(), 'mail', lease_seconds => 0) $$,
    'PD422', null, 'a lease has a length');
select throws_ok($$ select docket.next_events(docket_test.project_id(), 'nobody') $$,
    'PD404', null, 'a consumer is made first');
select throws_ok($$ select docket.acknowledge_events(gen_random_uuid()) $$,
    'PDLSE', null, 'a page is one that was handed out');
select is((select (c.consumer_name, c.waiting, c.pages_out)::text
             from docket.list_consumers(docket_test.project_id()) as c),
    '(mail,0,0)', 'consumers are listed with what waits for them');
select ok(docket.unsubscribe(docket_test.project_id(), 'mail')
          and not docket.unsubscribe(docket_test.project_id(), 'mail'), 'it goes once');

select * from finish();
rollback;
