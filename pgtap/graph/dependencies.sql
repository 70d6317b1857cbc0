-- What a task depends on, and what depends on it, by pages and by type.

begin;
select plan(11);

select docket_test.graph('layered');
select docket.add_dependency(docket_test.id('b1'), docket_test.id('c1'), 'related');
select docket.add_dependency(docket_test.id('b1'), docket_test.id('a1'), 'suggests');
create role tap_list_stranger;
grant docket_reader to tap_list_stranger;
create temporary table ids as select docket_test.id('b1') as b1;
grant select on ids to public;

create function pg_temp.named(dependencies docket.task_dependencies[]) returns text
language sql
as $$
    select string_agg(
               docket_test.key(d.task_id) || '>' || docket_test.key(d.depends_on_id), ' '
               order by place)
      from unnest(named.dependencies) with ordinality as d (
               task_id, project_id, depends_on_id, dependency_type, strength, metadata, created_at,
               created_by, place);
$$;

select is(
    (select pg_temp.named(array_agg(d)) from docket.dependencies(docket_test.id('b1')) as d),
    'b1>a1 b1>a1 b1>a2 b1>c1', 'a task''s dependencies, of all types');
select is(
    (select pg_temp.named(array_agg(d))
       from docket.dependencies(docket_test.id('b1'), 'depends_on') as d),
    'b1>a1 b1>a2', 'or of one');
select is(
    (select pg_temp.named(array_agg(d))
       from docket.dependencies(docket_test.id('b1'), page_size => 1) as d),
    'b1>a1 b1>a1', 'a page does not part dependencies on one task');
select is(
    (select pg_temp.named(array_agg(d))
       from docket.dependencies(docket_test.id('b1'), null, docket_test.id('a1'), 1) as d),
    'b1>a2', 'the next begins after it');
select is(
    (select pg_temp.named(array_agg(d)) from docket.dependents(docket_test.id('b1')) as d),
    'c1>b1 c2>b1', 'what depends on a task');
select is(
    (select pg_temp.named(array_agg(d))
       from docket.dependents(docket_test.id('a1'), 'blocks', docket_test.id('b1'), 1) as d),
    'b2>a1', 'in pages, and of one type');
select throws_ok(
    $$ select docket.dependents(docket_test.id('a1'), 'needs') $$,
    'PD422', null, 'an unknown type is refused');
select results_eq(
    $$ select docket_test.key(i) from docket.get_task_dependencies(docket_test.id('b1')) as i $$,
    array['a1', 'a2'], 'the ids that it waits for');
update docket.tasks set status = 'completed' where task_id = docket_test.id('a1');
select results_eq(
    $$ select docket_test.key(i) from docket.get_task_dependencies(docket_test.id('b1')) as i $$,
    array['a1', 'a2'], 'whether they are completed or not');

set local role tap_list_stranger;
select is_empty('select docket.dependencies(i.b1) from ids as i', 'a stranger sees none');
select is_empty('select docket.dependents(i.b1) from ids as i', 'either way');
reset role;

select * from finish();
rollback;
