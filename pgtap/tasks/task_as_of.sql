-- task_as_of() is the task as it was; who_changed() says who has made it what it is.

begin;
select plan(18);

create role tap_asof_ann in role docket_app;
create role tap_asof_bob in role docket_app;
create role tap_asof_auditor in role docket_auditor;
select docket_test.project('one');
select docket_test.member('tap_asof_ann', 'admin');

create temporary table moments (name text primary key, at timestamptz default clock_timestamp());
create temporary table states (name text, task docket.tasks);
grant all on moments, states to public;
create function pg_temp.keep(name text) returns void
language sql
as $$
    insert into moments (name) values (keep.name);
    insert into states
    select keep.name, t from docket.tasks as t where t.task_id = docket_test.id('a');
    select pg_sleep(0.001);
$$;
create function pg_temp.was(name text) returns docket.tasks
language sql
as $$
    select docket.task_as_of(
               (select (s.task).task_id from states as s limit 1),
               (select m.at from moments as m where m.name = was.name));
$$;

insert into moments values ('before');
select docket.create_task(
    docket_test.project_id(), 'A task', task_key => 'a', description => E'two\n"lines"',
    tags => array['x', 'a,b', '{}'], requirements => '{"os": ["a", null], "n": 1.50}',
    acceptance_criteria => '[1, "2"]', estimated_effort => 1.5, metadata => '{"k": "v"}',
    not_before => '2026-07-01 12:34:56.789012+00', priority => '7');
select pg_temp.keep('made');
set local role tap_asof_ann;
select set_config('docket.reason', 'a better name', true);
select docket.update_task(
    docket_test.id('a'), '{"title": "The task", "tags": [], "not_before": null}');
select set_config('docket.reason', '', true);
select pg_temp.keep('renamed');
select docket.update_task_status(docket_test.id('a'), 'in_progress');
select pg_temp.keep('begun');
select docket.update_task_status(docket_test.id('a'), 'done');
select docket.update_task(docket_test.id('a'), '{"title": "Was a task", "metadata": {"k": "w"}}');
select pg_temp.keep('done');

select is(pg_temp.was(s.name), s.task, 'as it was: ' || s.name) from states as s;

set local timezone = 'Asia/Kathmandu';
set local datestyle = 'SQL, DMY';
select is(pg_temp.was('made'), s.task, 'whatever the session prints')
  from states as s
 where s.name = 'made';
reset timezone;
reset datestyle;

select throws_ok(
    $$ select pg_temp.was('before') $$, 'PD404', null, 'before it was made there is none');
select throws_ok(
    $$ select docket.task_as_of('00000000-0000-7000-8000-000000000001', clock_timestamp()) $$,
    'PD404', null, 'nor of a task that never was');
select throws_ok(
    $$ select docket.task_as_of(docket_test.id('a'), null) $$, 'PD404', null, 'nor at no time');
set local role tap_asof_bob;
select throws_ok(
    $$ select pg_temp.was('made') $$, 'PD404', null, 'nor for him who may not see it');

set local role tap_asof_ann;
select results_eq(
    $$ select w.old_value, w.new_value, w.principal, w.reason
         from docket.who_changed(docket_test.id('a'), 'title') as w $$,
    $$ values ('The task', 'Was a task', 'tap_asof_ann', null),
              ('A task', 'The task', 'tap_asof_ann', 'a better name'),
              (null, 'A task', session_user::text collate "default", null) $$,
    'who has changed a column, the latest first: from what, to what and why');
select results_eq(
    $$ select w.new_value
         from docket.who_changed(
                  docket_test.id('a'), 'title',
                  after => (select min(p.audit_id)
                              from docket.who_changed(docket_test.id('a'), 'title', page_size => 1)
                                   as p)) as w $$,
    $$ values ('The task'), ('A task') $$, 'page after page');
select is_empty(
    $$ select from docket.who_changed(docket_test.id('a'), 'no_such_column') $$,
    'nobody has changed a column that is none');
select is(
    (select array_agg(w.new_value order by w.audit_id)
       from docket.who_changed(docket_test.id('a'), 'not_before') as w),
    array['2026-07-01 12:34:56.789012+00', null], 'a column that was emptied is null');
set local role tap_asof_bob;
select is_empty(
    $$ select
         from docket.who_changed((select (s.task).task_id from states as s limit 1), 'title') $$,
    'what one may not see has nobody changed');

-- The journal outlives the task.
reset role;
select docket.purge_task(docket_test.id('a'));
insert into moments values ('purged');
set local role tap_asof_ann;
select is(pg_temp.was('renamed'), s.task, 'also once it has been purged')
  from states as s
 where s.name = 'renamed';
select is(pg_temp.was('done'), s.task, 'up to its last moment')
  from states as s
 where s.name = 'done';
select throws_ok(
    $$ select pg_temp.was('purged') $$, 'PD404', null, 'after which there is none');
set local role tap_asof_auditor;
select throws_ok(
    $$ select pg_temp.was('renamed') $$, 'PD404', null,
    'nor for an auditor who may not see it, though he has the whole journal verified');

select * from finish();
rollback;
