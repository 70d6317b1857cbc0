-- What was sent is taken in once more, by whoever's rules it was sent.

begin;
select plan(4);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.ingest_github(docket_test.project_id(), 'star', 'g', '{}');
select docket.ingest_linear(
    docket_test.project_id(),
    '{"type": "Issue", "action": "create", "data": {"id": "1", "title": "Add a cart",
      "updatedAt": "2026-01-01T08:00:00Z"}}', 'l');

create function pg_temp.replay(key text) returns docket.webhook_deliveries
language sql
as $$
    select r.*
      from docket.webhook_deliveries as d
     cross join lateral docket.replay_webhook(d.webhook_delivery_id) as r
     where d.project_id   = docket_test.project_id()
       and d.delivery_key = replay.key;
$$;

select is((pg_temp.replay('g')).times_processed, 2, 'GitHub''s');
select is((pg_temp.replay('l')).delivery_status::text, 'ignored', 'Linear''s');
select docket.update_project(docket_test.project_id(), '{"settings": {"linear_teams": ["*"]}}');
create temporary table again as select r.* from pg_temp.replay('l') as r;
select results_eq(
    $$ select r.delivery_status::text, t.title
         from again as r
        cross join lateral docket.get_task((r.outcome ->> 'task')::uuid) as t $$,
    $$ values ('processed', 'Add a cart') $$, 'when more is understood than then');
select throws_ok(
    $$ select docket.replay_webhook('00000000-0000-7000-8000-000000000001') $$, 'PD404', null,
    'what is not there is not replayed');

select * from finish();
rollback;
