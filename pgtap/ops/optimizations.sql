-- optimizations(): what could go better, each with the figures that it rests on.

begin;
select plan(8);

select docket_test.at('2026-03-02 00:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Hub', task_key => 'hub');
select docket.create_task(docket_test.project_id(), 'W' || n, task_key => 'w' || n)
  from generate_series(1, 5) as n;
select docket.add_dependency(docket_test.id('w' || n), docket_test.id('hub'))
  from generate_series(1, 5) as n;
select docket.record_validation(
    docket_test.id('hub'), 'tests', status, metadata => jsonb_build_object('commit', revision))
  from unnest('{c1,c2}'::text[]) as revision
 cross join unnest('{passed,failed}'::text[]) as status;

-- Thirty attempts of each: ann fails at most of hers, bob and eve at few.
create function pg_temp.attempts(agent text, good integer, bad integer) returns void
language plpgsql
as $$
declare
    v_attempt uuid;
begin
    for i in 1 .. good + bad loop
        v_attempt := (docket.start_task(
            (docket.create_task(docket_test.project_id(), 'T', tags => '{ui}')).task_id,
            attempts.agent)).attempt_id;
        if i <= attempts.good then
            perform docket.complete_task(v_attempt);
        else
            perform docket.fail_task(v_attempt, 'no');
        end if;
    end loop;
end;
$$;
select pg_temp.attempts('ann', 5, 15), pg_temp.attempts('bob', 18, 2),
       pg_temp.attempts('eve', 15, 4);
select is_empty('select from docket.optimizations()', 'before anything was counted, nothing');
select docket.refresh_tallies();

select results_eq(
    $$ select o.kind, o.subject
         from docket.optimizations(docket_test.project_id()) as o $$,
    $$ values ('agent for a tag', 'ann for ui'), ('bottleneck', 'hub'),
              ('flaky validation', 'tests') $$,
    'what five wait for, what flips, and who fails more than others; not eve, by too little to tell');
-- 5 of 20 against 33 of 39: pooled 38/59, z = -0.5962 / sqrt(0.2293 * (1/20 + 1/39)).
select results_eq(
    $$ select o.evidence - 'agent' - 'tag'
         from docket.optimizations() as o where o.kind = 'agent for a tag' $$,
    $$ values ('{"attempts": 20, "completed": 5, "others_attempts": 39, "others_completed": 33,
                 "z_score": -4.53}'::jsonb) $$,
    'with the figures of the test');
select results_eq(
    $$ select o.project, o.evidence ->> 'waiting', o.evidence ->> 'status', o.as_of
         from docket.optimizations() as o where o.kind = 'bottleneck' $$,
    $$ values ('one', '5', 'pending', '2026-03-02 00:00+00'::timestamptz) $$,
    'with who waits, and how old that is');
select results_eq(
    $$ select o.evidence from docket.optimizations() as o where o.kind = 'flaky validation' $$,
    $$ values ('{"revisions": 2, "flips": 2, "examples": ["c1", "c2"]}'::jsonb) $$,
    'with revisions to look at');
select is(
    (select count(*) from docket.optimizations(max_rows => 1)), 1::bigint, 'the answer is bounded');
select docket.update_task_status(docket_test.id('hub'), 'cancelled');
select is_empty(
    $$ select from docket.optimizations() as o where o.kind = 'bottleneck' $$,
    'what has been done about is gone at once');

create role tap_optimizations_stranger in role docket_app;
set local role tap_optimizations_stranger;
select is_empty('select from docket.optimizations()', 'a stranger is told of nothing');
reset role;

select * from finish();
rollback;
