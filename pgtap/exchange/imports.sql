-- An import keeps its bytes, with size and hash, and its entries as they were written.

begin;
select plan(10);

select docket_test.project();
select docket.import_tasks_json(
    'fixture', 'tasks.json', '{"tasks": [{"id": 1, "title": "One", "n": 8.10}]}');

select results_eq(
    $$ select i.byte_size, i.content_hash = sha256(i.content), i.content
         from docket.imports as i $$,
    $$ values (49::bigint, true, '{"tasks": [{"id": 1, "title": "One", "n": 8.10}]}'::bytea) $$,
    'the bytes are kept, with their size and their hash');
select is(
    (select i.raw::text from docket.import_items as i), '{"id": 1, "title": "One", "n": 8.10}',
    'an entry is kept as it was written');
select is(
    (select a.new_values ->> 'content' from docket.audit_log as a where a.table_name = 'imports'),
    '********',
    'the bytes are not in the journal a second time');

select throws_ok(
    $$ insert into docket.imports (
           import_id, project_id, source_name, content, content_hash, shape, byte_size, report)
       select docket_private.new_id(i.project_id), i.project_id, 'tasks.json', i.content,
              i.content_hash, i.shape, i.byte_size, i.report
         from docket.imports as i $$,
    '23505', null, 'a source is imported once');
select throws_ok(
    $$ update docket.imports set content = 'other' $$, '23514', null,
    'the bytes do not change apart from their hash');
select throws_ok(
    $$ update docket.imports set shape = 'round' $$, '23514', null, 'a shape is a known one');

delete from docket.tasks;
select is(
    (select i.task_id from docket.import_items as i), null, 'an entry outlives its task');

set local role docket_reader;
select is_empty('select from docket.imports', 'whoever may not see the project sees no import');
select is_empty('select from docket.import_items', 'nor any of its entries');
select throws_ok('delete from docket.imports', '42501', null, 'no client deletes one');

select * from finish();
rollback;
