-- A project against how it did before: a change is told from noise.

begin;
select plan(9);

select docket_test.at('2026-03-02 00:00+00');
select docket_test.project('one');

-- Ten days with one task each, ten with three.
create function pg_temp.work(day timestamptz, tasks integer) returns void
language plpgsql
as $$
declare
    v_task uuid;
begin
    for i in 1 .. tasks loop
        perform docket_test.at(day + interval '1 hour');
        v_task := (docket.create_task(docket_test.project_id(), 'A')).task_id;
        perform docket_test.at(day + interval '2 hours');
        perform docket.update_task_status(v_task, 'completed');
    end loop;
end;
$$;
select pg_temp.work('2026-03-02 00:00+00'::timestamptz + n * interval '1 day',
                    case when n < 10 then 1 else 3 end)
  from generate_series(0, 19) as n;
select docket_test.at('2026-03-22 09:00+00');
select docket.refresh_tallies();

-- U is 100 of 100, its mean 50, its deviation 11.471 (ties: two times ten).
select results_eq(
    $$ select c.baseline, c.value, c.change, c.baseline_days, c.days, c.z_score, c.is_beyond_noise
         from docket.compare_to_baseline(docket_test.project_id(), '2026-03-12') as c
        where c.metric = 'tasks_completed' $$,
    $$ values (1.0, 3.0, 2.0, 10::bigint, 10::bigint, 4.315, true) $$,
    'thrice as many is more than noise');
select results_eq(
    $$ select c.baseline, c.value, c.change, c.z_score, c.is_beyond_noise, c.unit
         from docket.compare_to_baseline(docket_test.project_id(), '2026-03-12') as c
        where c.metric = 'lead_time' $$,
    $$ values (3600000.0, 3600000.0, 0.0, null::numeric, false, 'ms') $$,
    'what is always the same has not changed');
select results_eq(
    $$ select c.days, c.z_score > 2.576, c.is_beyond_noise
         from docket.compare_to_baseline(
                  docket_test.project_id(), '2026-03-12', '2026-03-19',
                  baseline_since => '2026-03-02') as c
        where c.metric = 'tasks_completed' $$,
    $$ values (7::bigint, true, false) $$, 'a week is too little to tell');
select results_eq(
    $$ select c.value, c.z_score, c.is_beyond_noise
         from docket.compare_to_baseline(
                  docket_test.project_id(), '2026-03-02', '2026-03-12',
                  '2026-03-12', '2026-03-22') as c
        where c.metric = 'tasks_completed' $$,
    $$ values (1.0, -4.315, true) $$, 'less is told as well');
select is(
    (select c.baseline_days + c.days
       from docket.compare_to_baseline(docket_test.project_id()) as c
      where c.metric = 'tasks_completed'), 56::bigint, 'four weeks and the four before');
select is(
    (select string_agg(c.metric, ' ')
       from docket.compare_to_baseline(docket_test.project_id()) as c),
    'tasks_completed lead_time errors tokens cost', 'of what there is anything of');

select docket.update_project(
    docket_test.project_id(),
    '{"settings": {"baseline": {"since": "2026-03-02", "until": "2026-03-12"}}}');
select is(
    (select c.change from docket.compare_to_baseline(docket_test.project_id(), '2026-03-20') as c
      where c.metric = 'tasks_completed'), 2.0, 'a project may have a baseline of its own');
select throws_ok(
    $$ select docket.compare_to_baseline(docket_test.project_id(), '2026-03-22', '2026-03-20') $$,
    'PD422', null, 'a period has a length');

select set_config('tap.project', docket_test.project_id()::text, true);
create role tap_baseline_stranger in role docket_app;
set local role tap_baseline_stranger;
select is_empty(
    $$ select from docket.compare_to_baseline(current_setting('tap.project')::uuid) $$,
    'whoever does not see the project sees nothing of it');
reset role;

select * from finish();
rollback;
