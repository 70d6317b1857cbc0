-- What is searched is counted when somebody says so, and kept without what is nobody's business.

begin;
select plan(19);

create role tap_insights;
grant docket_agent to tap_insights;
create role tap_insights_ops;
grant docket_maintenance to tap_insights_ops;

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket_test.member('tap_insights');
select set_config('tap.project', docket_test.project_id()::text, true);

create function pg_temp.said(query text, results bigint, request uuid default null) returns bigint
language sql
as $$
    select r.searches
      from docket.record_search(
               current_setting('tap.project')::uuid, said.query, said.results, said.request) as r;
$$;

set local role tap_insights;
select is(pg_temp.said('Payment  Refund', 3), 1::bigint,
    'a search counts when it is said to have been one');
select is(pg_temp.said(' payment refund ', 0), 2::bigint, 'the same question counts again');
select is(pg_temp.said('payment refund', 1, '00000000-0000-4000-8000-000000000001'), 3::bigint,
    'and again');
select is(pg_temp.said('payment refund', 1, '00000000-0000-4000-8000-000000000001'), 3::bigint,
    'the same request once');
select docket_test.pass('1 hour');
select pg_temp.said('rollback', 0);
select pg_temp.said('"sign out"', 2) from generate_series(1, 2);
select results_eq(
    $$ select s.pattern, s.searches, s.without_results, s.last_results, s.average_results
         from docket.search_insights(current_setting('tap.project')::uuid) as s $$,
    $$ values ('payment refund', 3::bigint, 1::bigint, 1::bigint, 1.3),
              ('"sign out"', 2, 0, 2, 2.0), ('rollback', 1, 1, 0, 0.0) $$,
    'the most frequent is first');
select results_eq(
    $$ select s.pattern, s.first_searched_at
         from docket.search_insights(current_setting('tap.project')::uuid, true) as s $$,
    $$ values ('rollback', '2026-01-01 10:00+00'::timestamptz) $$,
    'what found nothing is asked for');
select is(
    (select count(*)
       from docket.search_insights(current_setting('tap.project')::uuid, page_size => 2)),
    2::bigint, 'no more than a page');
select throws_ok(
    $$ select pg_temp.said(null, 1) $$, 'PD422', null, 'a search asks for something');
select throws_ok(
    $$ select pg_temp.said('x', -1) $$, 'PD422', null, 'and finds none or more');
select throws_ok(
    $$ select docket.record_search('00000000-0000-4000-8000-000000000000', 'x', 1) $$,
    'PD404', null, 'in a project that is there');
select is(
    (select count(*)
       from docket.search_insights('00000000-0000-4000-8000-000000000000')), 0::bigint,
    'of one that is not, nothing is known');
reset role;

-- What is kept of a question.
select is(docket_private.search_pattern(w.query), w.pattern, w.what)
  from (values ('mail to Ann.Lee@example.com', 'mail to *', 'no address of mail'),
               ('password: hunter2 Token=abc', 'password: * token=*', 'no secret that is named'),
               ('call +49-30-1234567 in 2026', 'call * in 2026', 'no number of many digits'),
               (repeat('x', 31) || ' y', '* y', 'no long word'),
               (repeat('word ', 100), repeat('word ', 20), 'no more than 100 characters'))
       as w (query, pattern, what);

-- No more than so many.
update docket.settings set value = '3' where setting_key = 'max_search_patterns';
select pg_temp.said('new ' || n, 1) from generate_series(1, 2) as n;
select set_eq(
    $$ select s.pattern from docket.search_patterns as s
        where s.project_id = current_setting('tap.project')::uuid $$,
    array['payment refund', '"sign out"', 'new 2'],
    'a new one takes the place of what was asked least and longest ago');

-- No longer than so long.
select docket_test.pass('29 days 23 hours 30 minutes');
select pg_temp.said('"sign out"', 2);
select docket_test.pass('1 hour');
set local role tap_insights_ops;
select is((select m.done from docket.maintain('{searches}') as m), 2::bigint,
    'what nobody asks for a month is forgotten');
reset role;
select docket.update_project(docket_test.project_id(),
                             '{"settings": {"record_searches": false}}');
select is(pg_temp.said('rollback', 0), null, 'a project may have none of it');

select * from finish();
rollback;
