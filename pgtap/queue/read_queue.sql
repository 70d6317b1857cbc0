-- The queue is read without touching it: what would be claimed, who has tried, what stands where.

begin;
select plan(13);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
select count(*)
  from docket.create_tasks(docket_test.project_id(), jsonb_build_array(
           '{"task_key": "a", "title": "A", "tags": ["x"]}'::jsonb,
           '{"task_key": "b", "title": "B", "priority": 8, "tags": ["x", "y"]}'::jsonb,
           '{"task_key": "c", "title": "C", "depends_on": ["a"]}'::jsonb,
           '{"task_key": "d", "title": "D", "status": "done"}'::jsonb,
           '{"task_key": "e", "title": "E", "not_before": "2026-01-01T10:00:00Z"}'::jsonb,
           '{"task_key": "f", "title": "F"}'::jsonb,
           jsonb_build_object('task_key', 'g', 'title', 'G',
                              'workflow_id', (select f.workflow_id from flows as f))));
select docket.delete_task(docket_test.id('f'));

create function pg_temp.next_keys(arguments text default '') returns text[]
language plpgsql
as $$
declare
    v_keys text[];
begin
    execute format(
        'select array_agg(t.task_key) '
        '  from docket.next_tasks(docket_test.project_id() %s) as t',
                   next_keys.arguments) into v_keys;
    return coalesce(v_keys, '{}');
end;
$$;

select is(pg_temp.next_keys(), array['b', 'a', 'g'], 'what a claim would give, in its order');
select is(pg_temp.next_keys(', page_size => 1'), array['b'], 'as many as are asked for');
select is(pg_temp.next_keys(', tags_all => ''{x}'''), array['b', 'a'], 'of some tags');
select is(
    pg_temp.next_keys(', workflow_id => (select workflow_id from flows)'), array['g'],
    'of one workflow');
select docket_test.at('2026-01-01 10:00+00');
select is(pg_temp.next_keys(), array['b', 'a', 'g', 'e'], 'what is due is among it');
select is(
    (select count(*)
       from docket.task_attempts as a
      where a.project_id = docket_test.project_id()), 0::bigint, 'nothing is claimed by it');

select results_eq(
    $$ select o.slug, o.status, o.tasks
         from docket.queue_overview(docket_test.project_id()) as o $$,
    $$ values ('one', 'completed', 1::bigint), ('one', 'pending', 1), ('one', 'ready', 4) $$,
    'the overview counts what is ready apart from what waits, without what was put away');

select docket.start_task(docket_test.id('a'), 'ann');
select docket.release_task((docket.get_task(docket_test.id('a'))).attempt_id, 'lunch');
select docket.start_task(docket_test.id('a'), 'bob');
select results_eq(
    $$ select a.attempt_no, a.agent, a.outcome::text, a.error
         from docket.list_attempts(docket_test.id('a')) as a $$,
    $$ values (1, 'ann', 'released', 'lunch'), (2, 'bob', null, null) $$,
    'every attempt is listed, the first first');
select is_empty(
    $$ select from docket.list_attempts(docket_test.id('b')) $$,
    'nobody has tried what nobody took');
select results_eq(
    $$ select o.status, o.tasks from docket.queue_overview(docket_test.project_id()) as o $$,
    $$ values ('completed', 1::bigint), ('in_progress', 1), ('pending', 1), ('ready', 3) $$,
    'what somebody has is counted so');

create role tap_queue_reader in role docket_reader;
select docket_test.member('tap_queue_reader', 'reader');
set local role tap_queue_reader;
select is(pg_temp.next_keys(), array['b', 'g', 'e'], 'a reader of the project reads its queue');
select results_eq(
    'select distinct o.slug from docket.queue_overview() as o',
    array['one'],
    'and in the overview his projects alone');
set local role docket_reader;
select is_empty('select from docket.queue_overview()', 'a stranger none');

select * from finish();
rollback;
