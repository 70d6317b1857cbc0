-- Workflows are found by id, and listed page by page.

begin;
select plan(5);

select docket_test.project('one');
create temporary table made as
select n.n, w.workflow_id
  from generate_series(1, 4) as n
 cross join lateral docket.create_workflow(docket_test.project_id(), 'Workflow ' || n.n) as w;

select is(
    (docket.get_workflow((select m.workflow_id from made as m where m.n = 1))).name, 'Workflow 1',
    'a workflow is found by its id');
select throws_ok(
    $$ select docket.get_workflow('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'workflow 00000000-0000-7000-8000-000000000000 does not exist',
    'an id that none has is refused');
select results_eq(
    'select w.name from docket.list_workflows(docket_test.project_id(), page_size => 2) as w',
    array['Workflow 1', 'Workflow 2'],
    'a page has its size, the oldest first');
select results_eq(
    $$ select w.name
         from made as m
        cross join lateral docket.list_workflows(docket_test.project_id(), m.workflow_id) as w
        where m.n = 2 $$,
    array['Workflow 3', 'Workflow 4'],
    'the next begins after its last row');

select docket_test.project('two');
select is_empty(
    'select from docket.list_workflows(docket_test.project_id())',
    'another project''s are not in it');

select * from finish();
rollback;
