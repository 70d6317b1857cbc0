-- remove_dependency() takes one dependency away, and frees the task that waited for nothing else.

begin;
select plan(8);

select docket_test.graph('diamond');
create role tap_remove_reader;
grant docket_agent to tap_remove_reader;
select docket_test.member('tap_remove_reader', 'reader');
create temporary table ids as
select docket_test.id('a') as a, docket_test.id('b') as b, docket_test.id('d') as d;
grant select on ids to public;

select results_eq(
    $$ select r.task_id, r.depends_on_id, r.dependency_type::text
         from ids as i
        cross join docket.remove_dependency(
                       i.b, i.a, request_id => '11111111-1111-4111-8111-111111111111') as r $$,
    $$ select i.b, i.a, 'blocks' from ids as i $$,
    'what was removed comes back');
select set_eq(
    $$ select docket_test.key(r.task_id)
         from docket.ready_tasks as r
        where r.project_id = docket_test.project_id() $$,
    array['a', 'b'], 'and its task is ready');
select throws_ok(
    $$ select docket.remove_dependency(i.b, i.a) from ids as i $$,
    'PD404', null, 'what is not there can not be removed');
select lives_ok(
    $$ select docket.remove_dependency(
                  i.b, i.a, request_id => '11111111-1111-4111-8111-111111111111') from ids as i $$,
    'unless it is the same request again');
select throws_ok(
    $$ select docket.remove_dependency(i.d, i.b, 'related') from ids as i $$,
    'PD404', format('task %s has no dependency of type related on task %s', i.d, i.b),
    'each type is one of its own')
  from ids as i;
select throws_ok(
    $$ select docket.remove_dependency('00000000-0000-7000-8000-000000000000', i.b)
         from ids as i $$,
    'PD404', 'task 00000000-0000-7000-8000-000000000000 does not exist',
    'a task that there is not has none');
set local role tap_remove_reader;
select throws_ok(
    $$ select docket.remove_dependency(i.d, i.b) from ids as i $$,
    'PD403', null, 'who only reads removes nothing');
reset role;
select is_empty(
    $$ select * from docket.graph_health(docket_test.project_id()) $$, 'the graph is right');

select * from finish();
rollback;
