-- What tells where to look: who is waited for, what flips, and who fails at what.

begin;
select plan(4);

select docket_test.at('2026-03-02 00:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a', tags => '{x}');
select docket.create_task(docket_test.project_id(), 'B', task_key => 'b');
select docket.add_dependency(docket_test.id('b'), docket_test.id('a'));
select results_eq(
    'select docket_test.key(b.task_id), b.waiting from docket_private.tally_bottlenecks() as b',
    $$ values ('a', 1::bigint) $$, 'an unfinished task that another waits for');
select docket.record_validation(
    docket_test.id('a'), 'tests', 'passed', metadata => '{"commit": "c1"}');
select docket.record_validation(
    docket_test.id('a'), 'tests', 'failed', metadata => '{"commit": "c1"}');
select docket.record_validation(
    docket_test.id('a'), 'tests', 'failed', metadata => '{"commit": "c2"}');
select docket.record_validation(
    docket_test.id('a'), 'tests', 'passed', metadata => '{"commit": "c3"}');
select docket.record_validation(
    docket_test.id('a'), 'tests', 'passed', metadata => '{"commit": "c3"}');
select results_eq(
    $$ select v.validation_type, v.revisions, v.flips, v.examples
         from docket_private.tally_validation_flips() as v $$,
    $$ values ('tests', 2::bigint, 1::bigint, '["c1"]'::jsonb) $$,
    'of two revisions that were looked at again one is called both good and bad');
select docket.complete_task((docket.start_task(docket_test.id('a'), 'ann')).attempt_id);
select results_eq(
    'select a.agent, a.tag, a.good, a.bad from docket_private.tally_agent_tags() as a',
    $$ values ('ann', 'x', 1::bigint, 0::bigint) $$, 'how attempts ended, by agent and tag');
select is_empty(
    'select from docket_private.tally_bottlenecks()', 'what is completed is waited for no more');

select * from finish();
rollback;
