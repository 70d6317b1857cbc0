-- why_blocked() names every reason why a task can not be claimed, and none in its way when it can.

begin;
select plan(31);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.graph('chain');
create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;

create function pg_temp.why(task text) returns text
language sql
as $$
    select string_agg(concat_ws(' ', w.reason, w.related_task_key), ', ')
      from docket.why_blocked(docket_test.id(why.task)) as w;
$$;

select is(pg_temp.why('a'), null, 'what can be claimed is not blocked');
select is(pg_temp.why('b'), 'dependency a', 'a task waits for another');
select is(pg_temp.why('d'), 'dependency c, root a', 'and one learns where to begin');
select results_eq(
    $$ select w.detail, w.related_task_id from docket.why_blocked(docket_test.id('b')) as w $$,
    $$ select 'It waits for a, which is pending.', docket_test.id('a') $$,
    'in a sentence, and by id');

select docket.claim_tasks(docket_test.project_id(), 'agent-7');
select is(
    (select w.detail from docket.why_blocked(docket_test.id('a')) as w),
    format('agent-7 holds it until %s.', docket.clock() + interval '5 minutes'),
    'somebody has it, and how long');
update docket.tasks set status = 'cancelled' where task_id = docket_test.id('a');
select is(pg_temp.why('b'), 'dead_end a', 'what will never be completed is a dead end');
select is(
    (select w.detail from docket.why_blocked(docket_test.id('b')) as w),
    'It waits for a, which is cancelled: nothing will complete it.', 'and is called so');
update docket.tasks set status = 'pending' where task_id = docket_test.id('a');
update docket.tasks set status = 'completed' where task_id = docket_test.id('a');
select is(pg_temp.why('b'), null, 'when it is completed, nothing is in the way');

update docket.tasks
   set not_before = '2026-01-02 09:00+00', workflow_id = (select f.workflow_id from flows as f)
 where task_id = docket_test.id('b');
update docket.workflows set status = 'paused';
select is(pg_temp.why('b'), 'workflow, not_before', 'every reason is named');
select docket_test.pass('1 day');
update docket.workflows set status = 'active';
select is(pg_temp.why('b'), null, 'until it is gone');
select docket.set_budget(docket_test.project_id(), max_cost => 0);
select is(pg_temp.why('b'), 'budget', 'what is used up keeps it back');
select docket.set_budget(docket_test.project_id());
select is(pg_temp.why('b'), null, 'until there is more');
update docket.tasks set archived_at = docket.clock() where task_id = docket_test.id('b');
select is(pg_temp.why('b'), 'archived', 'what was put away is not claimed');
select is(pg_temp.why('c'), 'dead_end b', 'and nobody gets past it');
select is(pg_temp.why('a'), 'status', 'what is completed is not claimed again');
select docket.update_task_status(docket_test.id('d'), 'blocked');
select is(pg_temp.why('d'), 'hold, dependency c, root b', 'a person holds it back');

-- A lease that is over, a project that rests.
select docket_test.project('leases');
select docket.create_task(docket_test.project_id(), 'Held', task_key => 'held');
select docket.start_task(docket_test.id('held'), 'agent-8', 60);
select is(
    (select w.facts - 'attempt_id' from docket.why_blocked(docket_test.id('held')) as w),
    jsonb_build_object('agent', 'agent-8', 'attempt_no', 1,
                       'lease_expires_at', docket.clock() + interval '1 minute'),
    'programs are told who holds it');
select docket_test.pass('2 minutes');
select matches(
    (select w.detail from docket.why_blocked(docket_test.id('held')) as w),
    'agent-8 held it until .*; the next claim of its project takes it back',
    'a lease that is over is said to be');
select docket.pause_project(docket_test.project_id());
select is(pg_temp.why('held'), 'lease, project', 'a paused project is another reason');

-- Gates: it can be claimed, and not completed.
select docket_test.project('gates');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "p", "title": "P"}, {"task_key": "s", "title": "S", "parent": "p"},
           {"task_key": "m", "title": "M",
            "depends_on": [{"task": "p2", "satisfied_by": "merged"}]},
           {"task_key": "v", "title": "V",
            "depends_on": [{"task": "p2", "satisfied_by": "validated"}]},
           {"task_key": "p2", "title": "P2"}]');
select docket.require_validations(
    array[docket_test.id('s'), docket_test.id('p2')], '{tests,style}');
select docket.record_validation(docket_test.id('s'), 'style', 'failed');
select results_eq(
    $$ select w.reason, w.is_blocking, w.detail, w.facts
         from docket.why_blocked(docket_test.id('s')) as w $$,
    $$ values ('gate', false,
               'It can not be completed before it has passed what it requires: missing tests; failed style.',
               '{"missing": ["tests"], "failed": ["style"]}'::jsonb) $$,
    'a gate is told, though it keeps nobody from claiming the task');
select docket.record_validation(docket_test.id('s'), type, 'passed')
  from unnest(array['tests', 'style']) as t (type);
select is(pg_temp.why('s'), null, 'until it is open');

-- Parents.
select docket.update_task_status(docket_test.id('p'), 'in_progress');
select is(pg_temp.why('s'), null, 'a parent in progress is nothing to be told');
select docket.update_task_status(docket_test.id('p'), 'cancelled');
select results_eq(
    $$ select w.reason, w.is_blocking, w.detail, w.related_task_key
         from docket.why_blocked(docket_test.id('s')) as w $$,
    $$ values ('parent', false,
               'It is a subtask of p, which is cancelled; that keeps nobody from claiming it.',
               'p') $$,
    'a cancelled one is, and keeps nobody from claiming it');
select is(
    (select (docket.start_task(docket_test.id('s'), 'agent')).assigned_to), 'agent',
    'indeed it can be claimed');

-- What a dependency asks for.
create function pg_temp.asked(task text) returns text
language sql
as $$
    select string_agg(w.detail, ' ') from docket.why_blocked(docket_test.id(asked.task)) as w;
$$;
select is(pg_temp.asked('m'), 'It waits for p2 to be completed and merged; it is pending.',
    'both are asked for');
select docket.waive_validation(docket_test.id('p2'), type, 'for now')
  from unnest(array['tests', 'style']) as t (type);
select docket.update_task_status(docket_test.id('p2'), 'completed');
select is(pg_temp.asked('m'), 'It waits for p2 to be merged: it has no pull request.',
    'the merge is left');
select docket.link_pull_request(docket_test.id('p2'), p.pull_request_id)
  from docket.record_pull_request(docket_test.project_id(), 'acme/shop', 7) as p;
select is(pg_temp.asked('m'), 'It waits for p2 to be merged: acme/shop#7 is open.', 'and of what');
select is(pg_temp.asked('v'), null, 'what is waived is passed');
select docket.require_validation(docket_test.id('p2'), 'tests');
select is(pg_temp.asked('v'), 'It waits for p2 to be validated: missing tests.',
    'what is required again is not');
select results_eq(
    $$ select w.reason, w.facts from docket.why_blocked(docket_test.id('m')) as w $$,
    $$ values ('dependency',
               '{"satisfied_by": "merged", "status": "completed",
                 "pull_requests": [{"repository": "acme/shop", "number": 7,
                                    "status": "open"}]}'::jsonb) $$,
    'programs are told, too');
select throws_ok(
    $$ select docket.why_blocked('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'a task that there is not has no reasons');

select * from finish();
rollback;
