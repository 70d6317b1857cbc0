-- What is next is told by the docket's own rule, or by that of another tool; nothing is claimed.

begin;
select plan(6);

select docket_test.project();
select docket.create_workflow(docket_test.project_id(), 'api');
select docket.create_task(docket_test.project_id(), 'One', task_key => 'one', priority => 'low');
select docket.create_task(docket_test.project_id(), 'Two', task_key => 'two', priority => 'high');

select results_eq(
    $$ select n.place, n.reference, n.task_key, n.title, n.status, n.priority
         from docket.next_by_rule(docket_test.project_id(), page_size => 2) as n $$,
    $$ values (1::bigint, 'two', 'two', 'Two', 'pending', 'high'),
              (2::bigint, 'one', 'one', 'One', 'pending', 'low') $$,
    'by default it is what next_tasks() gives');
select is_empty(
    $$ select from docket.next_by_rule(docket_test.project_id(), tag => 'api') $$,
    'a tag is a workflow');
select is_empty(
    $$ select from docket.next_by_rule(docket_test.project_id(), tag => 'none') $$,
    'and one that is not there has no tasks');
select results_eq(
    $$ select n.place, n.reference, n.task_key, n.title, n.status, n.priority
         from docket.next_by_rule(docket_test.project_id(), ' Taskmaster-MCP ') as n $$,
    $$ values (1::bigint, 'two', 'two', 'Two', 'pending', 'high') $$,
    'another rule works without any import');
select throws_ok(
    $$ select docket.next_by_rule(docket_test.project_id(), 'dice') $$,
    'PD422', '''dice'' is no rule', 'an unknown rule is refused');
select throws_ok(
    $$ select docket.next_by_rule('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'a project has to be there');

select * from finish();
rollback;
