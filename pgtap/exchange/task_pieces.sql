-- A file and a project say the same of what nobody has changed, in the same words.

begin;
select plan(8);

create temporary table report as
    select docket.import_tasks_json('shop', 'f', convert_to('{"master": {"tasks": [
        {"id": 1, "title": "a", "priority": "high", "owner": {"x": 1}, "subtasks": [
            {"id": "1.1", "title": "b", "dependencies": []}, "just text"]},
        {"id": 2, "title": "c", "status": "deprecated", "dependencies": [1, "1.1", 9]}]},
        "api": {"tasks": [{"id": 1, "title": "d", "details": null}]}}', 'UTF8')) as said;

create function pg_temp.file() returns docket_private.tasks_file
language sql as $$
    select docket_private.read_tasks_file('f', i.content) from docket.imports as i;
$$;

create function pg_temp.there() returns table (identity text, fields jsonb)
language sql as $$
    select p.identity, p.fields from unnest(docket_private.file_pieces(pg_temp.file())) as p;
$$;

create function pg_temp.here() returns table (identity text, fields jsonb)
language sql as $$
    select p.identity, p.fields
      from docket.imports as i
     cross join lateral unnest(docket_private.project_pieces(
               i.project_id, i.import_id, pg_temp.file())) as p;
$$;

select results_eq(
    'select t.identity from pg_temp.there() as t',
    array['master/1', 'master/1.1', 'master/1.2', 'master/2', 'api/1'],
    'a task is known by its tag and its id there');
select is(
    (select t.fields from pg_temp.there() as t where t.identity = 'master/2'),
    '{"list": "master", "title": "c", "description": null, "details": null, "testStrategy": null,
      "status": "pending", "priority": 5, "dependencies": ["master/1", "master/1.1"],
      "imported.status": "deprecated"}',
    'what is said of it');
select results_eq(
    'select * from pg_temp.here() as h order by h.identity',
    'select * from pg_temp.there() as t order by t.identity',
    'here the same is said, as long as nobody changes anything');

do $do$
begin
    perform docket.update_task(t.task_id, '{"priority": 7, "details": "x"}')
  from docket.tasks as t
 where t.task_key = '1';
end $do$;
select is(
    (select h.fields - 'imported.owner' from pg_temp.here() as h where h.identity = 'master/1'),
    '{"list": "master", "title": "a", "description": null, "details": "x", "testStrategy": null,
      "status": "pending", "priority": 8, "dependencies": []}',
    'a priority that the file has no word for is said as nearly as can be');
do $do$
begin
    perform docket.update_task(t.task_id, '{"details": null}')
  from docket.tasks as t
 where t.task_key = '1';
end $do$;
select is(
    (select h.fields from pg_temp.here() as h where h.identity = 'master/1'),
    (select t.fields from pg_temp.there() as t where t.identity = 'master/1'),
    'and is no change where it is what the file has');

do $do$
begin
    perform docket.create_tasks(w.project_id, jsonb_build_array(
           jsonb_build_object('title', 'new'),
           jsonb_build_object('title', 'part', 'parent', '1'),
           jsonb_build_object('title', 'other', 'workflow_id', w.workflow_id)))
  from docket.workflows as w
 where w.name = 'api';
end $do$;
select results_eq(
    $$ select h.identity, h.fields ->> 'title'
         from pg_temp.here() as h
        where h.identity not in (select t.identity from pg_temp.there() as t)
        order by 1 $$,
    $$ values ('api/2', 'other'), ('master/1.3', 'part'), ('master/3', 'new') $$,
    'a task that was made here gets the next number of its list');

do $do$
begin
    perform docket.delete_task(t.task_id) from docket.tasks as t where t.task_key = '1';
end $do$;
select results_eq(
    'select h.identity from pg_temp.here() as h order by 1',
    array['api/1', 'api/2', 'master/2', 'master/3'],
    'what was put away is not there, nor its subtasks');
select is(
    (select h.fields -> 'dependencies' from pg_temp.here() as h where h.identity = 'master/2'),
    '[]', 'and nothing waits for it');

select * from finish();
rollback;
