-- The five metrics of delivery, from a month that can be reckoned by hand and one before it.

begin;
select plan(9);

select docket_test.at('2026-03-01 00:00+00');
select docket_test.project('one');
select docket.put_deployment_script(docket_test.project_id(), 'app', 'echo', 'bash');
select docket.create_task(
    docket_test.project_id(), 'Mend it', task_key => 'fix', tags => '{hotfix}');

create function pg_temp.deploys(
    moment  timestamptz,
    status  text,
    task    text  default null,
    number  bigint default null,
    told    jsonb default null
) returns void
language plpgsql
as $$
declare
    v_id uuid;
begin
    perform docket_test.at(deploys.moment);
    v_id := (docket.start_deployment(
        docket_test.project_id(), 'app', 'production', true,
        task_id         => (select t.task_id from docket.tasks as t
                             where t.task_key = deploys.task),
        pull_request_id => (select p.pull_request_id from docket.pull_requests as p
                             where p.number = deploys.number),
        metadata        => deploys.told)).deployment_id;
    perform docket_test.at(deploys.moment + interval '1 hour');
    perform docket.finish_deployment(v_id, deploys.status);
end;
$$;

create function pg_temp.merged(number bigint, opened timestamptz, moment timestamptz) returns void
language plpgsql
as $$
begin
    perform docket_test.at(merged.moment);
    perform docket.record_pull_request(
        docket_test.project_id(), 'acme/shop', merged.number,
        jsonb_build_object('status', 'merged', 'opened_at', merged.opened,
                           'merged_at', merged.moment));
end;
$$;

select is(
    array(select d.metric || ' ' || coalesce(d.value::text, 'null')
            from docket.dora_metrics(docket_test.project_id()) as d),
    '{"deployment_frequency 0.0000","change_lead_time null","change_fail_rate null","failed_deployment_recovery_time null","rework_rate null"}',
    'where nothing was done, nothing is made up');

-- February: one that went well. March: a failure, its mending 9 hours later, two that went well.
select pg_temp.deploys('2026-02-10 00:00+00', 'completed');
select pg_temp.merged(1, '2026-03-02 00:00+00', '2026-03-03 00:00+00');
select pg_temp.deploys('2026-03-04 00:00+00', 'failed');
select pg_temp.deploys('2026-03-04 09:00+00', 'completed', 'fix');
select pg_temp.merged(2, '2026-03-10 00:00+00', '2026-03-10 12:00+00');
select pg_temp.merged(3, '2026-03-10 00:00+00', '2026-03-11 00:00+00');
select pg_temp.deploys('2026-03-12 00:00+00', 'completed', number => 3);
select pg_temp.deploys('2026-03-14 00:00+00', 'completed', told => '{"unplanned": true}');
select docket_test.at('2026-04-01 00:00+00');

create temporary table march as
select d.*
  from docket.dora_metrics(docket_test.project_id(), 'production', '2026-03-01 00:00+00',
                           '2026-03-31 00:00+00') as d;

select results_eq(
    $$ select m.value, m.unit, m.counted, m.value_before, m.change from march as m
        where m.metric = 'deployment_frequency' $$,
    $$ values (0.1, '1/d', 3::bigint, 0.0333, 2.0) $$, 'three in thirty days, one before');
-- The first came out after 58 hours, the others together after 49, one of them by its name.
select results_eq(
    $$ select m.value, m.unit, m.counted from march as m where m.metric = 'change_lead_time' $$,
    $$ values (49.0, 'h', 3::bigint) $$, 'from the opening to the end of the deployment');
select results_eq(
    $$ select m.value, m.counted, m.of_all from march as m where m.metric = 'change_fail_rate' $$,
    $$ values (0.25, 1::bigint, 4::bigint) $$, 'one of four failed');
select results_eq(
    $$ select m.value, m.counted, m.of_all from march as m
        where m.metric = 'failed_deployment_recovery_time' $$,
    $$ values (9.0, 1::bigint, 1::bigint) $$, 'and was mended nine hours later');
select results_eq(
    $$ select m.value, m.counted, m.value_before from march as m where m.metric = 'rework_rate' $$,
    $$ values (0.5, 2::bigint, 0.0) $$, 'what mends, by its task or by its word');
select is(
    (select sum(d.counted) from docket.dora_metrics(docket_test.project_id(), 'staging') as d),
    0::numeric, 'another environment has its own');
select throws_ok(
    $$ select docket.dora_metrics(docket_test.project_id(), since => '2026-04-02',
                                  until => '2026-04-01') $$,
    'PD422', null, 'a period has a length');

select set_config('tap.project', docket_test.project_id()::text, true);
create role tap_dora_stranger in role docket_app;
set local role tap_dora_stranger;
select is(
    (select sum(d.counted) from docket.dora_metrics(current_setting('tap.project')::uuid) as d),
    0::numeric, 'whoever does not see the project sees nothing of it');
reset role;

select * from finish();
rollback;
