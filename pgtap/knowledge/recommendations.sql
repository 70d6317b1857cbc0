-- What is known of similar tasks is told with the rows that it rests on.

begin;
select plan(14);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), (
           select jsonb_agg(jsonb_build_object(
                      'task_key', 's' || n, 'title', 'Add endpoint number ' || n,
                      'tags', '["api"]'::jsonb, 'estimated_effort', 2) order by n)
             from generate_series(1, 5) as n)
           || '[{"task_key": "t", "title": "Add endpoint number 9", "tags": ["api"]},
                {"task_key": "lone", "title": "Buy milk"}]');
select docket.put_template(docket_test.project_id(), 'plan', 'prompt', 'Plan it');

-- ann completes s1 to s4 in 1 to 4 times the estimate, within 2 hours; bob fails at s5, which is
-- given up.
do $$
declare
    v_template uuid := (docket.get_template(docket_test.project_id(), 'plan')).template_id;
    v_attempt  uuid;
begin
    for n in 1..4 loop
        perform docket.record_template_use(v_template, docket_test.id('s' || n));
        v_attempt := (docket.start_task(docket_test.id('s' || n), 'ann')).attempt_id;
        perform docket.record_interaction(docket_test.id('s' || n), 'ann', 'code', true,
                                          input_tokens => n * 100, cost_amount => n);
        perform docket_test.pass('2 hours');
        perform docket.complete_task(v_attempt, actual_effort => 2 * n);
    end loop;
    perform docket.record_validation(docket_test.id('s2'), 'tests', 'failed');
    v_attempt := (docket.start_task(docket_test.id('s5'), 'bob')).attempt_id;
    perform docket.fail_task(v_attempt, 'no', 'bug');
    perform docket.update_task_status(docket_test.id('s5'), 'cancelled');
end;
$$;
select docket.record_learning(docket_test.project_id(), 'limits', true, 'Endpoints need limits',
                              tags => '{api}');
select docket.record_learning(docket_test.project_id(), 'doubt', false, 'Endpoints are easy',
                              tags => '{api}');

create temporary table told as
select r.* from docket.recommendations(docket_test.id('t')) as r;

select results_eq(
    $$ select t.kind, t.subject from told as t $$,
    $$ values ('agent', 'ann'), ('agent', 'bob'), ('estimate', 'cost'), ('estimate', 'duration'),
              ('estimate', 'effort'), ('estimate', 'tokens'), ('pattern', 'limits'),
              ('risk', 'overrun'), ('risk', 'failure: bug'), ('risk', 'validation: tests'),
              ('template', 'plan') $$,
    'agents, estimates, what was learned, risks and templates');
select results_eq(
    $$ select t.estimate, t.low, t.high, t.unit from told as t where t.subject = 'effort' $$,
    $$ values (4::numeric, 2::numeric, 8::numeric, 'hours') $$,
    'the effort, half-way, and what 8 of 10 took');
select results_eq(
    $$ select t.estimate, t.unit from told as t where t.subject = 'duration' $$,
    $$ values (2::numeric, 'hours') $$, 'how long it is from the first claim to the end');
select results_eq(
    $$ select t.estimate, t.high from told as t where t.subject = 'tokens' $$,
    $$ values (200::numeric, 400::numeric) $$, 'what it uses');
select is(
    (select t.estimate from told as t where t.subject = 'overrun'), 2::numeric,
    'by how much estimates were too low');
select cmp_ok(
    (select t.score from told as t where t.subject = 'ann'), '>',
    (select t.score from told as t where t.subject = 'bob'), 'who did well before who did not');
select is(
    (select t.reason from told as t where t.subject = 'ann'),
    'completed 4 of 4 attempts at similar tasks', 'and why it is thought so');
select set_eq(
    $$ select e.attempt_id::uuid
         from told as t
        cross join lateral jsonb_array_elements_text(t.evidence -> 'attempt_ids') as e (attempt_id)
        where t.subject = 'ann' $$,
    $$ select a.attempt_id from docket.task_attempts as a
        where a.project_id = docket_test.project_id() and a.agent = 'ann' $$,
    'with the attempts that it rests on');
select set_eq(
    $$ select docket_test.key(e.task_id::uuid)
         from told as t
        cross join lateral jsonb_array_elements_text(t.evidence -> 'task_ids') as e (task_id)
        where t.subject = 'effort' $$,
    array['s1', 's2', 's3', 's4'], 'or the tasks');
select results_eq(
    $$ select t.subject, t.score from told as t where t.kind = 'risk' and t.score is not null $$,
    $$ values ('failure: bug', 0.2), ('validation: tests', 0.2) $$,
    'a risk is the part of the similar tasks that met it');
select is(
    (select t.reason from told as t where t.kind = 'template'),
    '4 of 4 similar tasks that it was used for were completed', 'a template by what became of it');
select is(
    (select count(*) from told as t where t.evidence is null or t.evidence = '{}'), 0::bigint,
    'nothing is told without evidence');
select is(
    (select count(*)
       from docket.recommendations(docket_test.id('t'), 1) as r
      where r.kind = 'agent'),
    1::bigint, 'as many of a kind as are wanted');
select is_empty(
    $$ select from docket.recommendations(docket_test.id('lone')) $$,
    'of what is like nothing, nothing is told');

select * from finish();
rollback;
