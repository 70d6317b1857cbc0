-- A context is a version of its type, belongs to its task, and goes with it.

begin;
select plan(9);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.put_context(docket_test.id('a'), 'note', '{"x": 1}');

create function pg_temp.insert_context(changes jsonb) returns void
language sql
as $$
    insert into docket.task_contexts
    select (jsonb_populate_record(c, '{"version": 2}'::jsonb || insert_context.changes)).*
      from docket.task_contexts as c
     where c.task_id = docket_test.id('a')
$$;
select throws_ok(
    $$ select pg_temp.insert_context('{"version": 1}') $$, '23505', null,
    'a version is there once');
select throws_ok(
    $$ select pg_temp.insert_context('{"version": 0}') $$, '23514', null, 'versions count from 1');
select throws_ok(
    $$ select pg_temp.insert_context('{"context_type": ""}') $$, '23514', null,
    'a type has a name');
select throws_ok(
    $$ select pg_temp.insert_context('{"data": null}') $$, '23502', null, 'a context has data');
select throws_ok(
    $$ select pg_temp.insert_context('{"task_id": "00000000-0000-7000-8000-000000000000"}') $$,
    '23503', null, 'its task exists');

select throws_ok(
    $$ select pg_temp.insert_context('{"is_tombstone": true}') $$, '23514', null,
    'what says that it is deleted has nothing else to say');

select results_eq(
    $$ select l.operation::text, l.new_values ->> 'context_type', l.new_values ->> 'data',
              (l.new_values ->> 'byte_size')::bigint, l.new_values ->> 'content_hash'
         from docket.audit_log as l
        where l.table_name = 'task_contexts'
          and l.row_id = docket_test.id('a') $$,
    $$ values ('insert', 'note', '********', 8::bigint,
               sha256(convert_to('{"x": 1}', 'UTF8'))::text) $$,
    'the journal has it, by its task: what it was, not what it said');

create temporary table gone as select docket_test.id('a') as task_id;
select docket.purge_task(docket_test.id('a'));
select is_empty(
    $$ select from docket.task_contexts as c join gone as g using (task_id) $$,
    'with the task its contexts go');

set local role docket_app;
select throws_ok(
    'delete from docket.task_contexts',
    '42501', 'permission denied for table task_contexts', 'no client removes one');

select * from finish();
rollback;
