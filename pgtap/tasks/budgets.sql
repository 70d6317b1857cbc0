-- Budgets: what is used is counted by task, workflow and project; what is used up is not claimed.

begin;
select plan(25);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
select count(*)
  from docket.create_tasks(docket_test.project_id(), jsonb_build_array(
           '{"task_key": "a", "title": "A"}'::jsonb,
           '{"task_key": "b", "title": "B"}'::jsonb,
           jsonb_build_object('task_key', 'f', 'title', 'F',
                              'workflow_id', (select f.workflow_id from flows as f))));

create function pg_temp.ready() returns text
language sql
as $$
    select string_agg(t.task_key, ',') from docket.next_tasks(docket_test.project_id()) as t;
$$;

create function pg_temp.claimed() returns text
language plpgsql
as $$
declare
    v_keys text;
begin
    select string_agg(t.task_key, ',') into v_keys
      from docket.claim_tasks(docket_test.project_id(), 'ann', 9) as t;
    raise exception 'undone' using detail = coalesce(v_keys, ''), errcode = 'TAP00';
exception
    when sqlstate 'TAP00' then
        get stacked diagnostics v_keys = pg_exception_detail;
        return v_keys;
end;
$$;

select results_eq(
    $$ select b.workflow_id is null, docket_test.key(b.task_id), b.used_tokens, b.used_cost,
              b.is_exhausted
         from docket.record_usage(docket_test.id('a'), 100, 0.25) as b $$,
    $$ values (true, 'a', 100::bigint, 0.25, false), (true, null, 100, 0.25, false) $$,
    'what is used counts for the task and for the project');
select results_eq(
    $$ select b.workflow_id is not null, docket_test.key(b.task_id), b.used_tokens, b.used_cost
         from docket.record_usage(docket_test.id('f'), 50) as b $$,
    $$ values (false, 'f', 50::bigint, 0::numeric), (true, null, 50, 0),
              (false, null, 150, 0.25) $$,
    'and for its workflow');
select is(pg_temp.claimed(), 'a,b,f', 'without a limit nothing is used up');

select ok(
    (docket.set_budget(docket_test.project_id(), task_id => docket_test.id('a'),
                       max_tokens => 100)).is_exhausted,
    'a limit counts what was used before it');
select is(pg_temp.claimed(), 'b,f', 'what is used up is not claimed');
select is(pg_temp.ready(), 'b,f', 'nor shown as next');
select throws_ok(
    $$ select docket.start_task(docket_test.id('a'), 'ann') $$,
    'PD413', 'the budget of task a is used up: that of its task', 'nor started');
select results_eq(
    $$ select docket_test.key(b.task_id) from docket.list_budgets(docket_test.project_id(), true)
           as b $$,
    array['a'], 'it is found');
select ok(
    not (docket.set_budget(docket_test.project_id(), task_id => docket_test.id('a'),
                           max_tokens => 101)).is_exhausted,
    'a higher limit');
select is(pg_temp.claimed(), 'a,b,f', 'lets it be claimed again');

select docket.set_budget(docket_test.project_id(), (select f.workflow_id from flows as f),
                         max_cost => 2);
select is(
    (select string_agg(b.is_exhausted::text, ',')
       from docket.record_usage(docket_test.id('f'), 0, 2.5) as b),
    'false,true,false', 'a use that reaches the limit is counted whole, and says so');
select is(pg_temp.claimed(), 'a,b', 'nothing of that workflow is claimed');
select throws_ok(
    $$ select docket.start_task(docket_test.id('f'), 'ann') $$,
    'PD413', 'the budget of task f is used up: that of its workflow', 'nor started');

select docket.set_budget(docket_test.project_id(), max_tokens => 150);
select is(pg_temp.claimed(), '', 'where the project''s is used up, nothing is claimed');
select is(
    (docket.set_budget(docket_test.project_id())).max_tokens, null::bigint,
    'a limit can be taken away');
select is(pg_temp.claimed(), 'a,b', 'and all is as before');

select is(
    (select array_agg((select max(b.used_tokens)
               from docket.record_usage(
                        docket_test.id('b'), 7,
                        request_id => '00000000-0000-4000-8000-00000000000b') as b
              where b.task_id is not null)) from generate_series(1, 2)),
    '{7,7}'::bigint[], 'the same request counts once');
select is(
    (select count(*) from docket.audit_log as l where l.table_name = 'budgets'
                                                   and l.operation = 'update'),
    6::bigint, 'the journal has what was decided, not each use');

select throws_ok(
    $$ select docket.set_budget(docket_test.project_id(), max_tokens => -1) $$,
    'PD422', null, 'a limit is not negative');
select throws_ok(
    $$ select docket.record_usage(docket_test.id('a'), -5) $$, 'PD422', null, 'nor is a use');
select throws_ok(
    $$ select docket.record_usage(docket_test.id('a'), 5, 'NaN') $$, 'PD422', null,
    'nor a cost no number');
select throws_ok(
    $$ select docket.set_budget(docket_test.project_id(), (select f.workflow_id from flows as f),
                                docket_test.id('a')) $$,
    'PD422', null, 'a budget has one scope');
select throws_ok(
    $$ select docket.set_budget(docket_test.project_id(), task_id => gen_random_uuid()) $$,
    'PD404', null, 'which exists');
select docket_test.member('docket_agent');
set local role docket_agent;
select lives_ok(
    $$ select docket.record_usage(docket_test.id('a'), 1) $$, 'an agent says what it has used');
select throws_ok(
    $$ select docket.set_budget(docket_test.project_id()) $$,
    '42501', null, 'and does not lift its own limit');
reset role;

select * from finish();
rollback;
