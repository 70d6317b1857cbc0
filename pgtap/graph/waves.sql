-- waves() says what can be done at the same time; critical_path() what decides when all is done.

begin;
select plan(17);

select docket_test.graph('diamond');
select docket.create_task(docket_test.project_id(), 'Alone', task_key => 'e', priority => '9');
select docket.add_dependency(docket_test.id('d'), docket_test.id('a'));

create function pg_temp.waves(include_completed boolean default false) returns text
language sql
as $$
    select string_agg(w.tasks, ' | ' order by w.wave)
      from (select v.wave, string_agg(v.task_key, ' ' order by v.priority desc, v.task_key) as tasks
              from docket.waves(
                       docket_test.project_id(), include_completed => waves.include_completed) as v
             group by v.wave) as w;
$$;

create function pg_temp.path() returns text
language sql
as $$
    select string_agg(format('%s:%s', p.task_key, p.total), ' ' order by p.place)
      from docket.critical_path(docket_test.project_id()) as p;
$$;

select is(pg_temp.waves(), 'e a | b c | d', 'the waves of a diamond');
select results_eq(
    $$ select w.wave, w.task_key, w.title, w.status::text, w.priority::integer
         from docket.waves(docket_test.project_id()) as w
        limit 1 $$,
    $$ values (1, 'e', 'Alone', 'pending', 9) $$, 'with all one reads, the most urgent first');
select is(
    (select string_agg(w.task_key, ' ')
       from docket.waves(docket_test.project_id(), max_tasks => 2, after_wave => 1,
                         after => docket_test.id('e')) as w),
    (select string_agg(w.task_key, ' ')
       from (select w.task_key, row_number() over () as place
               from docket.waves(docket_test.project_id()) as w) as w
      where w.place in (2, 3)),
    'a page begins after the last task of the one before');
select is(
    (select count(*) from docket.waves(docket_test.project_id(), after_wave => 2)), 1::bigint,
    'or after a wave');
select is(
    (select string_agg(format('%s:%s', p.place, p.total), ' ')
       from docket.critical_path(docket_test.project_id(), max_tasks => 1, after_place => 1) as p),
    '2:2.00', 'a path has pages, too');
select is(pg_temp.path(), 'a:1.00 b:2.00 d:3.00', 'without estimates the longest chain counts tasks');

update docket.tasks set estimated_effort = 2 where task_id = docket_test.id('b');
update docket.tasks set estimated_effort = 3.5 where task_id = docket_test.id('c');
select is(
    pg_temp.path(), 'a:2.75 c:6.25 d:9.00',
    'with estimates it counts hours, and the average for who has none');
update docket.tasks set estimated_effort = 30 where task_id = docket_test.id('e');
select is(pg_temp.path(), 'e:30.00', 'one long task may be longer than a chain');

update docket.tasks
   set status = 'completed'
 where task_id in (docket_test.id('a'), docket_test.id('e'));
select is(pg_temp.waves(), 'b c | d', 'what is completed is in no wave');
select is(pg_temp.waves(true), 'e a | b c | d', 'unless one asks for it');
select is(
    pg_temp.path(), 'c:3.50 d:6.25', 'and in no path');
update docket.tasks set archived_at = docket.clock() where task_id = docket_test.id('c');
select is(pg_temp.waves(), 'b | d', 'what was put away is not there');

create temporary table flows as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'Flow') as w;
update docket.tasks
   set workflow_id = (select f.workflow_id from flows as f)
 where task_id = docket_test.id('d');
select results_eq(
    $$ select v.wave, v.task_key
         from flows as f
        cross join docket.waves(docket_test.project_id(), f.workflow_id) as v $$,
    $$ values (1, 'd') $$, 'of one workflow only its own tasks count');
select results_eq(
    $$ select p.place, p.task_key
         from flows as f
        cross join docket.critical_path(docket_test.project_id(), f.workflow_id) as p $$,
    $$ values (1, 'd') $$, 'for the path as well');

select docket_test.project('empty');
select is(pg_temp.waves(), null, 'no task, no wave');
select is(pg_temp.path(), null, 'and no path');

-- The arithmetic: places 1 to 4, edges by prerequisite.
select is(
    docket_private.longest_path('{1,1,2,3}', '{2,3,4,4}', '{1,5,2,1}'), array[4, 2, 1],
    'the heaviest way through a diamond');

select * from finish();
rollback;
