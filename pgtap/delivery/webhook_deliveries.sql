-- What hosts sent is kept as it was sent, and the journal has it without its body.

begin;
select plan(14);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

create function pg_temp.delivery(key text, fields jsonb default '{}') returns void
language sql
as $$
    insert into docket.webhook_deliveries
    select d.*
      from jsonb_populate_record(
               null::docket.webhook_deliveries,
               jsonb_build_object(
                   'webhook_delivery_id',
                   docket_private.new_id(docket_test.project_id()),
                   'project_id', docket_test.project_id(), 'source', 'github',
                   'delivery_key', delivery.key, 'event', 'push', 'body', '\x7b7d',
                   'delivery_status', 'processed', 'outcome', '{}'::jsonb, 'times_received', 1,
                   'times_processed', 1, 'version', 1, 'created_at', docket.clock(),
                   'updated_at', docket.clock(), 'created_by', 'x', 'updated_by', 'x')
               || delivery.fields) as d;
$$;

select lives_ok($$ select pg_temp.delivery('a') $$, 'a delivery');
select throws_ok($$ select pg_temp.delivery('a') $$, '23505', null, 'is there once');
select throws_ok($$ select pg_temp.delivery('') $$, '23514', null, 'has a key');
select throws_ok(
    $$ select pg_temp.delivery('b', '{"delivery_status": "lost"}') $$, '23514', null,
    'has one of three ends');
select throws_ok(
    $$ select pg_temp.delivery('b', '{"delivery_status": "failed"}') $$, '23514', null,
    'and a reason where it failed');
select pg_temp.delivery('b', '{"delivery_status": "failed", "error": "why", "event": "status"}');
select pg_temp.delivery('c', '{"source": "linear"}');
select results_eq(
    $$ select d.delivery_key, d.body_bytes
         from docket.list_webhook_deliveries(docket_test.project_id()) as d $$,
    $$ values ('a', 2), ('b', 2), ('c', 2) $$,
    'they are listed with the size of their bodies');
select results_eq(
    $$ select d.delivery_key
         from (values (null, null, 'failed'), (null, 'status', null), ('linear', null, null))
              as w (source, event, status)
        cross join lateral docket.list_webhook_deliveries(
                  docket_test.project_id(), w.source, w.event, w.status) as d $$,
    array['b', 'b', 'c'], 'by status, event and sender');
select results_eq(
    $$ select n.delivery_key
         from docket.list_webhook_deliveries(docket_test.project_id(), page_size => 1) as d
        cross join lateral docket.list_webhook_deliveries(
                  docket_test.project_id(), after => d.webhook_delivery_id) as n $$,
    array['b', 'c'], 'by pages');
select results_eq(
    $$ select distinct l.new_values ->> 'body'
         from docket.audit_log as l
        where l.table_name = 'webhook_deliveries'
          and l.operation  = 'insert' $$,
    array['********'], 'the journal has no bodies');

-- They are kept for so long.
select docket.update_setting('webhook_delivery_days', '30');
select docket_test.pass('31 days');
select pg_temp.delivery('d');
select is(docket_private.forget_deliveries(2), 2::bigint, 'no more are forgotten than is said');
select is(docket_private.forget_deliveries(2), 1::bigint, 'what is older goes');
select results_eq(
    $$ select d.delivery_key
         from docket.list_webhook_deliveries(docket_test.project_id()) as d $$,
    array['d'], 'and what is younger stays');
select is(
    (select count(*)
       from docket.audit_log as l
      where l.table_name = 'webhook_deliveries'
        and l.operation  = 'delete'), 3::bigint, 'which the journal knows');
select docket.update_setting('webhook_delivery_days', 'null');
select docket_test.pass('1000 days');
select is(docket_private.forget_deliveries(2), 0::bigint, 'or for ever');

select * from finish();
rollback;
