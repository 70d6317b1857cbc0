-- claim_across_projects(): one project after another, fairly; never one that is hidden.

begin;
select plan(16);

select docket_test.at('2026-01-01 09:00+00');
create temporary table made as
select p.slug, p.project_id
  from unnest(array['one', 'two', 'three', 'paused', 'empty']) as s (slug)
 cross join lateral docket.create_project(s.slug) as p;
select count(*)
  from made as m
 cross join lateral docket.create_tasks(m.project_id, (
           select jsonb_agg(jsonb_build_object(
                      'title', n, 'task_key', m.slug || '-' || n,
                      'tags', case when n = 9 then array['x'] else '{}' end,
                      'needed_capabilities', case when n = 8 then array['gpu'] else '{}' end))
             from generate_series(1, 9) as n))
 where m.slug <> 'empty';
select docket.pause_project(m.project_id) from made as m where m.slug = 'paused';

create function pg_temp.next_from(arguments text default '') returns text
language plpgsql
as $$
declare
    v_keys text;
begin
    perform docket_test.at(docket.clock() + interval '1 second');
    execute 'select string_agg(t.task_key, '','') from docket.claim_across_projects(''ann'''
            || next_from.arguments || ') as t' into v_keys;
    return v_keys;
end;
$$;

select is(
    (select array_agg(pg_temp.next_from()) from generate_series(1, 6)),
    '{one-1,two-1,three-1,one-2,two-2,three-2}', 'each project in its turn, and again');
select is(
    pg_temp.next_from(', max_tasks => 2'), 'one-3,one-4',
    'many tasks of one claim come from one project');
select alike(pg_temp.next_from(', tags_all => ''{x}'''), '%-9', 'narrowed by tags');
select alike(
    pg_temp.next_from(', tags_all => ''{x}'''), '%-9', 'which may pass over whoever has none');
select alike(pg_temp.next_from(', tags_all => ''{x}'''), '%-9', 'until all are found');
select is(pg_temp.next_from(', tags_all => ''{x}'''), null, 'and then there is nothing');
select is(
    (select array_agg(pg_temp.next_from(', max_tasks => 9, capabilities => ''{gpu, tpu}'''))
       from generate_series(1, 3)),
    '{"two-3,two-4,two-5,two-6,two-7,two-8","three-3,three-4,three-5,three-6,three-7,three-8",'
    '"one-5,one-6,one-7,one-8"}',
    'what needs a capability goes to who has it');
select is(pg_temp.next_from(), null, 'nothing is left, least of all of a paused project');

select throws_ok(
    $$ select docket.claim_across_projects('') $$,
    'PD422', null, 'an agent has a name, though there is nothing to take');
select throws_ok(
    $$ select docket.claim_across_projects('ann', max_tasks => 0) $$,
    'PD422', null, 'and takes something');

select docket.resume_project(m.project_id) from made as m where m.slug = 'paused';
select is(
    pg_temp.next_from(format(', project_ids => array[%L::uuid]', (
        select m.project_id from made as m where m.slug = 'empty'))), null,
    'of named projects alone');
select is(pg_temp.next_from(), 'paused-1', 'a resumed project takes part again');

select docket_test.project('theirs');
select docket.create_task(docket_test.project_id(), 'Theirs', task_key => 'theirs-1');
select docket_test.member('docket_agent', 'reader');
set local role docket_agent;
select is(pg_temp.next_from(), null, 'what may only be read is not taken from');
select throws_ok(
    format('select docket.claim_across_projects(''ann'', array[%L::uuid])',
           docket_test.project_id()),
    'PD403', null, 'and is an error when it is named');
reset role;
select throws_ok(
    format('select docket.claim_across_projects(''ann'', array[%L::uuid])', gen_random_uuid()),
    'PD404', null, 'a project that is not there is an error when it is named');
select is(
    (select array_agg(pg_temp.next_from(
                          ', request_id => ''00000000-0000-4000-8000-00000000000a'''))
       from generate_series(1, 2)),
    '{theirs-1,theirs-1}', 'the same request is given the same tasks');

select * from finish();
rollback;
