-- A file and a project come into step, whatever happens before the file is read again.

begin;
select plan(9);

create temporary table file (content text);
insert into file
values (E'{\n  "tasks": [\n    {\n      "id": 1,\n      "title": "a"\n    }\n  ]\n}');

create function pg_temp.sync() returns text
language sql as $$
    select convert_from(s.new_content, 'UTF8')
      from file as f
     cross join lateral docket.sync_tasks_json('shop', 'f', convert_to(f.content, 'UTF8')) as s;
$$;

create function pg_temp.task(key text) returns uuid
language sql as $$ select t.task_id from docket.tasks as t where t.task_key = $1; $$;

select is(pg_temp.sync(), f.content, 'the first time the file stays as it is') from file as f;

do $$
begin
    perform docket.create_tasks(docket.project_id('shop'), '[{"title": "made here"}]');
    perform docket.update_task(pg_temp.task('1'), '{"title": "changed here"}');
end $$;
create temporary table written as
    select pg_temp.sync() as content;
select is(
    (select (w.content::jsonb #> '{tasks,1,id}', w.content::jsonb #>> '{tasks,0,title}')::text
       from written as w),
    '(2,"changed here")', 'then it is told what is new');

select is(pg_temp.sync(), w.content, 'as often as it takes, until it is written')
  from written as w;
do $$ begin perform docket.start_task(pg_temp.task('shop-1'), 'someone'); end $$;
update file set content = (select w.content from written as w);
select is(
    (pg_temp.sync()::jsonb #>> '{tasks,1,status}'), 'in-progress',
    'what happened here after it was written is no conflict');
select is((select count(*) from docket.tasks), 2::bigint, 'and its task is known again');
select is((select i.written - 'master/2' from docket.imports as i), '{}',
          'what was seen in the file need not be remembered');

update file set content = replace(content, 'changed here', 'changed there');
do $$ begin perform pg_temp.sync(); end $$;
select is(
    (select t.title from docket.tasks as t where t.task_key = '1'), 'changed there',
    'what changes there comes in');
update file set content = content || e'\n';
do $$ begin perform docket.update_task(pg_temp.task('1'), '{"title": "third"}'); end $$;
create temporary table third as
    select pg_temp.sync() as content;
-- Somebody has written the file anew from what he had read before.
update file set content = content || e'\n';
select is(
    (select t.title from docket.tasks as t where t.task_key = '1'), 'third',
    'a file that was written over ours takes nothing back');
do $$ begin perform pg_temp.sync(); end $$;
select is(
    (select t.title from docket.tasks as t where t.task_key = '1'), 'third',
    'when it is read either');

select * from finish();
rollback;
