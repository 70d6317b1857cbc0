-- What components say to each other is kept, and found by who, when and which story.

begin;
select plan(8);

select docket_test.at('2026-01-10 09:00+00');
select docket_test.project('one');

select results_eq(
    $$ select c.from_component, c.to_component, c.status::text, c.latency_ms, c.payload
         from docket.record_communication(
                  docket_test.project_id(), 'api', 'store', 'query', '{"password": "x", "n": 1}',
                  latency_ms => 12, correlation_id => 'order 7') as c $$,
    $$ values ('api', 'store', 'delivered', 12::bigint,
               '{"password": "********", "n": 1}'::jsonb) $$,
    'a message is kept, without secrets');
select docket_test.pass('1 minute');
select docket.record_communication(
    docket_test.project_id(), 'store', 'mailer', 'event', status => 'timed_out');

create function pg_temp.found(condition text) returns table (message text)
language plpgsql
as $$
begin
    return query execute format(
        'select c.message_type from docket.list_communications(%L, %s) as c',
        docket_test.project_id(), condition);
end;
$$;
select results_eq(
    format('select * from pg_temp.found(%L)', f.condition),
    format('select unnest(%L::text[])', f.expected), f.condition)
  from (values ($$component => 'store'$$, '{event,query}'), ($$component => 'api'$$, '{query}'),
               ($$status => 'timed_out'$$, '{event}'),
               ($$correlation_id => 'order 7'$$, '{query}'),
               ($$until => '2026-01-10 09:01+00'$$, '{query}')) as f (condition, expected);
select throws_ok(
    format('select docket.record_communication(%L, %s)', docket_test.project_id(), r.given),
    'PD422', null, r.given)
  from (values ($$'a', 'b', 'c', status => 'lost'$$), ($$'a', 'b', 'c', latency_ms => -1$$))
       as r (given);

select * from finish();
rollback;
