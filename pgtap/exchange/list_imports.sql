-- The imports of a project are listed with their reports, page by page, the oldest first.

begin;
select plan(4);

select docket_test.project();
select docket.import_tasks_json(
           'fixture', f.source_name, convert_to('{"tasks": []}' || repeat(' ', f.n), 'UTF8'))
  from (values ('a', 1), ('b', 2), ('c', 3)) as f (source_name, n);

select results_eq(
    $$ select i.source_name, i.shape, i.byte_size, i.content_hash
         from docket.list_imports(docket_test.project_id(), page_size => 1) as i $$,
    $$ values ('a', 'flat', 14::bigint, encode(sha256('{"tasks": []} '), 'hex')) $$,
    'an import tells what it was');
select results_eq(
    $$ select i.source_name
         from docket.list_imports(
                  docket_test.project_id(),
                  (select f.import_id from docket.imports as f where f.source_name = 'a')) as i $$,
    array['b', 'c'],
    'the next page goes on after the last import of this one');
select is(
    (select i.report ->> 'tasks'
       from docket.list_imports(docket_test.project_id()) as i
      where i.source_name = 'c'),
    '0', 'with its report');

set local role docket_reader;
select is_empty(
    $$ select from docket.list_imports(docket_test.project_id()) $$,
    'who may not see the project sees none');

select * from finish();
rollback;
