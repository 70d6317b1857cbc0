-- What work costs, what goes wrong, what is kept and how components do, day by day.

begin;
select plan(12);

select docket_test.at('2026-03-02 10:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a');
select docket.record_interaction(
    docket_test.id('a'), 'ann', 'code', true, '"x"', response_model => 'large',
    input_tokens => 100, cost_amount => 0.5, cost_currency => 'USD');
select docket.record_interaction(
    docket_test.id('a'), 'bob', 'code', false, '"x"', input_tokens => 10);
select docket.put_context(docket_test.id('a'), 'note', '"four"');
select docket.put_context(docket_test.id('a'), 'note', '"fours"');
select docket.record_context_use(docket_test.id('a'));
select docket.record_error(docket_test.project_id(), 'oh', error_type => 'Oh');
select docket.record_error(docket_test.project_id(), 'oh', error_type => 'Oh');
select (docket.start_execution(docket_test.project_id(), 'test')).execution_id as run \gset
select docket.finish_execution(:'run', 'completed');
select docket.record_communication(
    docket_test.project_id(), 'web', 'api', 'call', latency_ms => 30);
select docket.record_communication(
    docket_test.project_id(), 'web', 'api', 'call', status => 'failed', latency_ms => 50);
select docket.register_component(docket_test.project_id(), 'api', 'service');
select docket.component_heartbeat(
    docket_test.project_id(), 'api', utilization => '{"cpu": 0.25}');
select docket_test.at('2026-03-03 12:00+00');
select docket.maintain('{metrics}');
select docket.refresh_tallies();

select results_eq(
    $$ select c.project, c.label, c.currency, c.interactions, c.success_rate, c.input_tokens,
              c.cost, c.as_of
         from docket.cost_breakdown(group_by => 'agent') as c $$,
    $$ values ('one', 'ann', 'USD', 1::bigint, 1.0, 100::bigint, 0.5,
               '2026-03-03 12:00+00'::timestamptz),
              ('one', 'bob', null, 1, 0.0, 10, 0, '2026-03-03 12:00+00') $$,
    'what each agent cost, the dearest first');
select results_eq(
    $$ select c.label from docket.cost_breakdown(group_by => 'model') as c $$,
    $$ values ('large'), (null) $$, 'or each model');
select results_eq(
    $$ select c.label, c.currency from docket.cost_breakdown(group_by => 'week') as c $$,
    $$ values ('2026-03-02', 'USD'), ('2026-03-02', null) $$, 'or each week');
select is_empty(
    $$ select from docket.cost_breakdown(until => '2026-03-02') $$,
    'of the days that are asked for');
select throws_ok(
    $$ select docket.cost_breakdown(group_by => 'mood') $$, 'PD422', null, 'by what there is');
select results_eq(
    $$ select e.period_start, e.error_type, e.errors, e.executions, e.errors_per_execution
         from docket.error_rates() as e $$,
    $$ values ('2026-03-02 00:00+00'::timestamptz, 'Oh', 2::bigint, 1::bigint, 2.0) $$,
    'errors by type, and for each execution');
select results_eq(
    $$ select c.context_type, c.tasks, c.versions, c.byte_size, c.mean_bytes, c.uses
         from docket.context_usage() as c $$,
    $$ values ('note', 1::bigint, 2::bigint, 13::bigint, 6::bigint, 1::bigint) $$,
    'contexts by type');
select results_eq(
    $$ select c.component_name, c.day_start, c.messages, c.messages_failed, c.latency_p50_ms,
              c.latency_p95_ms, c.utilization
         from docket.component_trends(component => 'api') as c $$,
    $$ values ('api', '2026-03-02 00:00+00'::timestamptz, 2::bigint, 1::bigint, 30::bigint,
               50::bigint, '{"cpu": {"mean": 0.25, "peak": 0.25}}'::jsonb) $$,
    'what a component was asked, and what of it was in use');
select results_eq(
    $$ select d.errors, d.executions from docket.performance_dashboard as d
        where d.day_start = '2026-03-02 00:00+00' $$,
    $$ values (2::bigint, 1::bigint) $$, 'a view has the last thirty days');
select results_eq(
    $$ select r.resource, r.peak_utilization, e.errors, b.tasks_created
         from docket.resource_trends as r
         join docket.error_trends as e using (project, day_start)
         join docket.business_metrics as b using (project, day_start) $$,
    $$ values ('cpu', 0.25, 2::bigint, 1::bigint) $$, 'and so do the others');

select set_config('tap.project', docket_test.project_id()::text, true);
create role tap_costs_stranger in role docket_app;
set local role tap_costs_stranger;
select is(
    (select (select count(*) from docket.cost_breakdown(current_setting('tap.project')::uuid))
            + (select count(*) from docket.error_rates())
            + (select count(*) from docket.context_usage())
            + (select count(*) from docket.component_trends())),
    0::bigint, 'whoever does not see the project sees nothing of it');
select is(
    (select (select count(*) from docket.performance_dashboard)
            + (select count(*) from docket.business_metrics)
            + (select count(*) from docket.error_trends)
            + (select count(*) from docket.resource_trends)),
    0::bigint, 'nor by the views');
reset role;

select * from finish();
rollback;
