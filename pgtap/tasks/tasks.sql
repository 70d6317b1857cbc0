-- A task keeps what it is given, refuses what can not be, and its status moves as the table says.

begin;
select plan(53);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

-- What the table itself promises, to whoever writes to it.
insert into docket.tasks (project_id, title)
values (docket_test.project_id(), 'The first');

select results_eq(
    $$ select t.task_key, t.status::text, t.priority::integer, t.requirements::jsonb,
              t.acceptance_criteria, t.affected_files, t.tags, t.metadata::jsonb, t.version,
              t.created_at, t.updated_at, t.created_by, t.updated_by
         from docket.tasks as t
        where t.project_id = docket_test.project_id() $$,
    $$ values ('one-1', 'pending', 5, '{}'::jsonb, '[]'::jsonb, '{}'::text[], '{}'::text[],
               '{}'::jsonb, 1::bigint, '2026-01-01 09:00+00'::timestamptz,
               '2026-01-01 09:00+00'::timestamptz, docket.principal(), docket.principal()) $$,
    'a title is enough: key, status, priority, time and author are there');
select ok(
    (select substr(t.task_id::text, 15, 1) = '7'
            and docket_private.bucket(t.task_id) = docket_private.bucket(t.project_id)
       from docket.tasks as t
      where t.project_id = docket_test.project_id()),
    'and an id that the database made, with the bucket of the project');

create function pg_temp.insert_task(task jsonb) returns docket.tasks
language plpgsql
as $$
declare
    v_task docket.tasks;
begin
    v_task := jsonb_populate_record(
        (select t
           from docket.tasks as t
          where t.project_id = docket_test.project_id()
            and t.task_key = 'one-1'),
        insert_task.task);
    v_task.task_id  := coalesce((insert_task.task ->> 'task_id')::uuid,
                                docket_private.new_id(v_task.project_id));
    v_task.task_key := coalesce(insert_task.task ->> 'task_key', v_task.task_id::text);

    insert into docket.tasks
    values (v_task.*)
    returning * into v_task;

    return v_task;
end;
$$;

select throws_ok(
    $$ select pg_temp.insert_task('{"title": null}') $$, '23502', null, 'a title is required');
select throws_ok(
    $$ select pg_temp.insert_task('{"title": ""}') $$, '23514', null, 'and not empty');
select throws_ok(
    $$ select pg_temp.insert_task(jsonb_build_object('title', repeat('x', 256))) $$,
    '23514', null, 'nor longer than 255 characters');
select lives_ok(
    $$ select pg_temp.insert_task(jsonb_build_object('title', repeat('é', 255))) $$,
    'of which each counts as one, however many bytes it has');
select throws_ok(
    $$ select pg_temp.insert_task('{"complexity_score": 0}') $$,
    '23514', null, 'a complexity is not 0');
select throws_ok(
    $$ select pg_temp.insert_task('{"complexity_score": 11}') $$, '23514', null, 'nor 11');
select throws_ok(
    $$ select pg_temp.insert_task('{"actual_complexity": 11}') $$,
    '23514', null, 'the actual one neither');
select lives_ok(
    $$ select pg_temp.insert_task('{"complexity_score": 1, "actual_complexity": 10}') $$,
    'estimate and actual are kept side by side, 1 to 10');
select throws_ok(
    $$ select pg_temp.insert_task('{"estimated_effort": -0.5}') $$,
    '23514', null, 'an effort is not negative');
select throws_ok(
    $$ select pg_temp.insert_task('{"actual_effort": -1}') $$,
    '23514', null, 'nor is the one spent');
select throws_ok(
    $$ select pg_temp.insert_task('{"status": "done"}') $$,
    '23514', null, 'a status is one of the eight');
select throws_ok(
    $$ select pg_temp.insert_task('{"priority": 11}') $$, '23514', null, 'a priority is 1 to 10');
select throws_ok(
    $$ select pg_temp.insert_task('{"requirements": []}') $$,
    '23514', null, 'requirements are an object');
select throws_ok(
    $$ select pg_temp.insert_task('{"metadata": "x"}') $$, '23514', null, 'metadata is one too');
select throws_ok(
    $$ select pg_temp.insert_task('{"task_key": "one-1"}') $$,
    '23505', null, 'a key is unique in the project');
select lives_ok(
    $$ select pg_temp.insert_task('{"legacy_id": 7}') $$, 'an old number is kept');
select throws_ok(
    $$ select pg_temp.insert_task('{"legacy_id": 7}') $$,
    '23505', null, 'and unique in the project');
select throws_ok(
    $$ select pg_temp.insert_task('{"task_id": "00000000-0000-7000-8000-0000000000ff",
                                    "parent_task_id": "00000000-0000-7000-8000-0000000000ff"}') $$,
    '23514', null, 'a task is not its own parent');
select throws_ok(
    $$ select pg_temp.insert_task('{"parent_task_id": "00000000-0000-7000-8000-000000000000"}') $$,
    '23503', null, 'its parent exists');
select throws_ok(
    $$ select pg_temp.insert_task('{"workflow_id": "00000000-0000-7000-8000-000000000000"}') $$,
    '23503', null, 'so does its workflow');
select throws_ok(
    $$ select pg_temp.insert_task('{"project_id": "00000000-0000-7000-8000-000000000000"}') $$,
    '23503', null, 'so does its project');
select throws_ok(
    $$ select pg_temp.insert_task('{"status": "completed"}') $$,
    '23514', null, 'what is completed has the time of it');
select throws_ok(
    $$ select pg_temp.insert_task('{"completed_at": "2026-01-01"}') $$,
    '23514', null, 'and nothing else has one');
select throws_ok(
    $$ select pg_temp.insert_task('{"attempt_id": "00000000-0000-7000-8000-000000000000"}') $$,
    '23514', null, 'only what is in progress is held by an attempt');

-- What is stored comes back unchanged.
create temporary table given as
select jsonb_build_object(
           'title', 'Ein Titel – 題',
           'description', E'two\nlines\t"quoted" \\ and ''more''',
           'details', repeat('long ', 50000),
           'test_strategy', '',
           'requirements', '{"a": {"b": [1, null, "x"]}}'::jsonb,
           'acceptance_criteria', '[{"given": "x", "then": 1.50}]'::jsonb,
           'affected_files', array['src/a b.py', 'src/"q".py', ''],
           'tags', array['x', 'y,z', '{}'],
           'estimated_effort', 2.25,
           'metadata', '{"k": "v"}'::jsonb,
           'task_key', 'given') as task;
select is(
    (select to_jsonb(t) @> g.task
       from given as g
      cross join lateral pg_temp.insert_task(g.task) as t),
    true,
    'texts, objects, lists and numbers come back as they were given');

-- Who changes a task, and when.
select docket_test.pass('1 hour');
update docket.tasks as t
   set title      = 'The first, changed',
       created_at = '1999-01-01',
       created_by = 'nobody'
 where t.project_id = docket_test.project_id()
   and t.task_key = 'one-1';
select results_eq(
    $$ select t.version, t.created_at, t.updated_at, t.created_by
         from docket.tasks as t
        where t.task_key = 'one-1'
          and t.project_id = docket_test.project_id() $$,
    $$ values (2::bigint, '2026-01-01 09:00+00'::timestamptz, '2026-01-01 10:00+00'::timestamptz,
               docket.principal()) $$,
    'a change is stamped and counted; the birth of a task can not be changed');

-- Keys.
insert into docket.tasks (project_id, title)
values (docket_test.project_id(), 'The second'), (docket_test.project_id(), 'The third');
select results_eq(
    $$ select t.task_key
         from docket.tasks as t
        where t.project_id = docket_test.project_id()
          and t.title in ('The second', 'The third')
        order by t.task_id $$,
    array['one-2', 'one-3'],
    'generated keys count up by project');
select docket_test.project('two');
insert into docket.tasks (project_id, title)
values (docket_test.project_id(), 'Another');
select is(
    (select t.task_key
       from docket.tasks as t
      where t.project_id = docket_test.project_id()), 'two-1',
    'each project counts for itself');

-- The state machine: every pair of statuses is tried.
create function pg_temp.move(from_status text, to_status text) returns text
language plpgsql
as $$
declare
    v_task docket.tasks;
begin
    insert into docket.tasks (project_id, title, status, completed_at)
    values (docket_test.project_id(), 'Moved', move.from_status,
            case move.from_status when 'completed' then docket.clock() end)
    returning * into v_task;

    update docket.tasks as t
       set status = move.to_status
     where t.task_id = v_task.task_id
    returning * into v_task;

    return case
               when (v_task.completed_at = docket.clock()) = (move.to_status = 'completed')
                    or v_task.completed_at is null and move.to_status <> 'completed' then 'moved'
               else 'moved, with completed_at ' || coalesce(v_task.completed_at::text, 'null')
           end;
exception
    when others then
        return sqlstate;
end;
$$;

create temporary table pairs as
select f.status as from_status, t.status as to_status, pg_temp.move(f.status, t.status) as outcome
  from unnest(array['pending', 'in_progress', 'review', 'completed', 'failed', 'blocked',
                    'deferred', 'cancelled']) as f (status)
 cross join unnest(array['pending', 'in_progress', 'review', 'completed', 'failed', 'blocked',
                         'deferred', 'cancelled']) as t (status)
 where f.status <> t.status;

select is((select count(*) from pairs), 56::bigint, 'every pair of statuses was tried');
select set_eq(
    $$ select p.from_status, p.to_status from pairs as p where p.outcome = 'moved' $$,
    $$ select t.from_status::text, t.to_status::text from docket.task_transitions as t $$,
    'those of the table move, and completed_at with them');
select is_empty(
    $$ select p.*
         from pairs as p
        where p.outcome <> 'PDTRN'
          and not exists (
                  select
                    from docket.task_transitions as t
                   where t.from_status = p.from_status
                     and t.to_status = p.to_status) $$,
    'every other is refused with PDTRN');
select is(
    (select count(*)
       from pairs as p
      where p.outcome = 'PDTRN'), 19::bigint, 'they are 19');

insert into docket.tasks (project_id, title, task_key, status, completed_at)
values (docket_test.project_id(), 'Moved', 'moved', 'completed', docket.clock());
select throws_ok(
    $$ update docket.tasks set status = 'failed' where task_key = 'moved' $$,
    'PDTRN', 'task moved can not go from completed to failed', 'a refusal names task and statuses');

create function pg_temp.refusal() returns table (detail jsonb, hint text)
language plpgsql
as $$
begin
    update docket.tasks as t
       set status = 'failed'
     where t.task_key = 'moved';
exception
    when sqlstate 'PDTRN' then
        get stacked diagnostics detail = pg_exception_detail, hint = pg_exception_hint;
        return next;
end;
$$;
select results_eq(
    'select * from pg_temp.refusal()',
    $$ select jsonb_build_object('task_id', docket_test.id('moved'), 'from', 'completed',
                                 'to', 'failed'),
              'From completed it leads to: in_progress, pending.' $$,
    'its detail is for programs, its hint says where the status leads');

update docket.tasks as t
   set status = 'completed'
 where t.task_key = 'moved';
select is(
    (select t.version
       from docket.tasks as t
      where t.task_key = 'moved'), 1::bigint, 'the same status again is no transition');

-- The hierarchy.
insert into docket.tasks (project_id, title, task_key)
values (docket_test.project_id(), 'A parent', 'parent');
insert into docket.tasks (project_id, title, task_key, parent_task_id)
values (docket_test.project_id(), 'A child', 'child', docket_test.id('parent'));
select throws_matching(
    $$ delete from docket.tasks where task_key = 'parent' $$,
    'tasks_parent_fkey', 'a parent is not removed over its subtasks'' heads');
select throws_ok(
    $$ update docket.tasks as t
          set parent_task_id = docket_test.id('child')
        where t.task_key = 'parent' $$,
    'PDCYC', null, 'parents make no loop');

-- The journal.
select results_eq(
    $$ select l.operation::text, l.new_values ->> 'title', l.new_values ->> 'status'
         from docket.audit_log as l
        where l.row_id = docket_test.id('child')
          and l.table_name = 'tasks' $$,
    $$ values ('insert', 'A child', 'pending') $$,
    'the birth of a task is in the journal');

-- Nothing in a value is ever run.
insert into docket.tasks (project_id, title, task_key, tags, metadata)
values (docket_test.project_id(), '''); drop table docket.tasks; --', '" or 1=1 --',
        array['''); drop table docket.tasks; --'], '{"''); drop table docket.tasks; --": "$$"}');
select is(
    (select t.title
       from docket.tasks as t
      where t.task_id = docket.task_id(docket_test.project_id(), '" or 1=1 --')),
    '''); drop table docket.tasks; --',
    'texts that look like SQL are texts');

select columns_are('docket', 'tasks', array[
    'task_id', 'project_id', 'task_key', 'legacy_id', 'workflow_id', 'parent_task_id', 'title',
    'description', 'details', 'test_strategy', 'requirements', 'acceptance_criteria',
    'affected_files', 'tags', 'needed_capabilities', 'complexity_score', 'actual_complexity',
    'estimated_effort',
    'actual_effort', 'status', 'priority', 'assigned_to', 'attempt_id', 'not_before', 'due_at',
    'results', 'completed_at', 'archived_at', 'unmet_gates', 'merged_at', 'metadata',
    'version', 'created_at', 'updated_at', 'created_by', 'updated_by'], 'a task has these columns');
select col_is_pk('docket', 'tasks', array['task_id', 'project_id'], 'its key carries the project');
select col_type_is('docket', 'tasks', 'task_id', 'uuid', 'its id is a UUID');
select col_type_is('docket', 'tasks', 'created_at', 'timestamp with time zone', 'times have zones');
select col_not_null('docket', 'tasks', 'title', 'a title is not null');
select has_index(
    'docket', 'tasks', 'tasks_status_priority_idx',
    array['project_id', 'status', 'priority', 'task_id'],
    'lists by status and priority have an index');
select has_index(
    'docket', 'tasks', 'tasks_legacy_key', array['project_id', 'legacy_id'],
    'so have old numbers');
select has_index(
    'docket', 'tasks', 'tasks_parent_idx', array['parent_task_id', 'project_id'],
    'so have subtasks');
select has_index(
    'docket', 'tasks', 'tasks_workflow_idx', array['workflow_id', 'project_id'],
    'so have the tasks of a workflow');

-- Encrypted values are values: what a client encrypts is stored and returned byte for byte.
insert into docket.tasks (project_id, title, task_key, metadata)
select docket_test.project_id(), 'Encrypted', 'encrypted',
       jsonb_build_object('ciphertext', encode(sha256('a key'), 'base64'));
select is(
    (select decode(t.metadata ->> 'ciphertext', 'base64')
       from docket.tasks as t
      where t.task_key = 'encrypted'), sha256('a key'),
    'a field that its client has encrypted comes back as it was');

select throws_ok(
    $$ insert into docket.tasks (project_id, title, metadata)
       values (docket_test.project_id(), 'x', '{"a": "\u0000"}') $$,
    '22P05', null, 'what text can not hold is refused');

set local role docket_app;
select throws_ok(
    $$ insert into docket.tasks (project_id, title) values (docket_test.project_id(), 'x') $$,
    '42501', 'permission denied for table tasks', 'no client writes the table itself');

select * from finish();
rollback;
