-- The setting claim_order: priority, what the most work waits for, or age; changed at any time.

begin;
select plan(16);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), $$[
           {"task_key": "lone", "title": "Nothing waits for it", "priority": 5},
           {"task_key": "short", "title": "One waits for it", "priority": 5},
           {"task_key": "long", "title": "Two wait for it, one after the other", "priority": 5},
           {"task_key": "urgent", "title": "Urgent", "priority": 9},
           {"task_key": "s1", "title": "S1", "depends_on": ["short"]},
           {"task_key": "l1", "title": "L1", "depends_on": ["long"]},
           {"task_key": "l2", "title": "L2", "depends_on": ["l1"]}]$$);

-- The keys that a claim gives, in its order. It is undone, so that each claim finds the same.
create function pg_temp.would_claim() returns text[]
language plpgsql
as $$
declare
    v_keys text[];
begin
    select array_agg(t.task_key) into v_keys
      from docket.claim_tasks(docket_test.project_id(), 'ann', 100) as t;
    raise exception 'undone' using detail = coalesce(v_keys, '{}')::text, errcode = 'TAP00';
exception
    when sqlstate 'TAP00' then
        get stacked diagnostics v_keys = pg_exception_detail;
        return v_keys;
end;
$$;

create function pg_temp.order_by(claim_order text) returns void
language sql
as $$
    select docket.update_project(
        docket_test.project_id(),
        jsonb_build_object('settings', jsonb_build_object('claim_order', order_by.claim_order)));
$$;

select is(
    pg_temp.would_claim(), '{urgent,lone,short,long}', 'the most urgent first, then by age');

select lives_ok($$ select pg_temp.order_by('critical_path') $$, 'a project may go by more');
select is(
    pg_temp.would_claim(), '{urgent,long,short,lone}',
    'of equals, first what the longest chain of tasks waits for');
select is(
    (select array_agg(t.task_key) from docket.next_tasks(docket_test.project_id()) as t),
    '{urgent,lone,short,long}',
    'next_tasks() weighs nothing: it shows the order as of the last claim');

select docket.add_dependency(docket_test.id('l1'), docket_test.id('short'));
select docket.update_task(docket_test.id(k.key), '{"estimated_effort": 1}')
  from unnest(array['s1', 'l1', 'l2']) as k (key);
select count(*)
  from docket.create_tasks(docket_test.project_id(), $$[
           {"task_key": "l3", "title": "L3", "depends_on": ["lone"], "estimated_effort": 90}]$$);
select is(
    pg_temp.would_claim(), '{urgent,lone,short,long}',
    'the next claim knows what has changed, and goes by hours where there are estimates');

select lives_ok(
    $$ select docket.complete_task(t.attempt_id)
         from docket.start_task(docket_test.id('long'), 'ann') as t $$, 'work goes on');
select is(
    pg_temp.would_claim(), '{urgent,lone,short}', 'what is done weighs nothing');
select lives_ok(
    $$ select docket.complete_task(t.attempt_id)
         from docket.start_task(docket_test.id('short'), 'ann') as t $$, 'and on');
select is(
    pg_temp.would_claim(), '{urgent,lone,l1,s1}',
    'what becomes ready is put in its place by its weight');

select lives_ok($$ select pg_temp.order_by('oldest') $$, 'a project may go by age alone');
select is(pg_temp.would_claim(), '{lone,urgent,s1,l1}', 'then priority counts nothing');
select count(*)
  from docket.create_tasks(
           docket_test.project_id(), '[{"task_key": "new", "title": "New", "priority": 10}]');
select is(pg_temp.would_claim(), '{lone,urgent,s1,l1,new}', 'nor of what is new');

select lives_ok(
    $$ select docket.update_project(docket_test.project_id(), '{"settings": {}}') $$,
    'without a setting of its own, a project goes by the docket''s');
select is(pg_temp.would_claim(), '{new,urgent,lone,s1,l1}', 'by priority again');
update docket.settings set value = '"oldest"' where setting_key = 'claim_order';
select is(pg_temp.would_claim(), '{lone,urgent,s1,l1,new}', 'whatever that is');

select throws_ok(
    $$ select pg_temp.order_by('random') $$,
    'PD422', 'a claim_order of ''random'' is not known', 'an order that is none is refused');

select * from finish();
rollback;
