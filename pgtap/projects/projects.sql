-- A project has a slug that is its own in its organization, and its members see it.

begin;
select plan(16);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

select results_eq(
    $$ select p.slug, p.name, p.description, p.repository_url, p.settings, p.metadata,
              p.archived_at, p.version, p.created_at, p.updated_at, p.created_by
         from docket.projects as p
        where p.project_id = docket_test.project_id() $$,
    $$ values ('one', 'One', null::text, null::text, '{}'::jsonb, '{}'::jsonb, null::timestamptz,
               1::bigint, '2026-01-01 09:00+00'::timestamptz, '2026-01-01 09:00+00'::timestamptz,
               docket.principal()) $$,
    'a project is born with what was given and with sensible defaults');

create function pg_temp.insert_project(slug text, name text, settings jsonb, metadata jsonb)
returns void
language sql
as $$
    insert into docket.projects (organization_id, slug, name, settings, metadata)
    select p.organization_id, insert_project.slug, insert_project.name, insert_project.settings,
           insert_project.metadata
      from docket.projects as p
     where p.project_id = docket_test.project_id()
$$;

select throws_ok(
    $$ select pg_temp.insert_project('one', 'One', '{}', '{}') $$,
    '23505', null, 'a slug is unique in its organization');
select throws_ok(
    $$ select pg_temp.insert_project(w.slug, 'x', '{}', '{}')
         from (values ('Upper')) as w (slug) $$,
    '23514', null, 'a slug has no capital letters');
select throws_ok(
    $$ select pg_temp.insert_project('two words', 'x', '{}', '{}') $$,
    '23514', null, 'nor spaces');
select throws_ok(
    $$ select pg_temp.insert_project('-dash', 'x', '{}', '{}') $$,
    '23514', null, 'nor a dash in front');
select throws_ok(
    $$ select pg_temp.insert_project(repeat('x', 64), 'x', '{}', '{}') $$,
    '23514', null, 'nor more than 63 characters');
select throws_ok(
    $$ select pg_temp.insert_project(E'two\nlines', 'x', '{}', '{}') $$,
    '23514', null, 'nor a second line');
select lives_ok(
    $$ select pg_temp.insert_project('0.a_b-' || repeat('x', 57), 'x', '{}', '{}') $$,
    'digits, dots, dashes and underscores are well');
select throws_ok(
    $$ select pg_temp.insert_project('two', '', '{}', '{}') $$,
    '23514', null, 'a name is not empty');
select throws_ok(
    $$ select pg_temp.insert_project('two', repeat('x', 256), '{}', '{}') $$,
    '23514', null, 'nor longer than 255 characters');
select throws_ok(
    $$ select pg_temp.insert_project('two', 'x', '[]', '{}') $$,
    '23514', null, 'settings are an object');
select throws_ok(
    $$ select pg_temp.insert_project('two', 'x', '{}', '"x"') $$,
    '23514', null, 'metadata is one too');

select results_eq(
    $$ select l.operation::text, l.new_values ->> 'slug'
         from docket.audit_log as l
        where l.row_id = docket_test.project_id()
          and l.table_name = 'projects' $$,
    $$ values ('insert', 'one') $$,
    'its birth is in the journal');
select isnt_empty(
    $$ select
         from docket_private.project_access as a
        where a.project_id = docket_test.project_id()
          and a.principal = docket.principal()
          and a.access = 'admin' $$,
    'its maker may do everything in it');

select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_workflow(docket_test.project_id(), 'A workflow');
select docket.put_context(docket_test.id('a'), 'note', '1');
select docket.claim_tasks(docket_test.project_id(), 'agent');
delete from docket.projects as p
 where p.project_id = docket_test.project_id();
select is_empty(
    $$ select t.project_id
         from (select project_id from docket.tasks
                union all
               select project_id from docket.workflows
                union all
               select project_id from docket.task_contexts
                union all
               select project_id from docket.task_attempts
                union all
               select project_id from docket.ready_tasks
                union all
               select project_id from docket_private.task_search
                union all
               select project_id from docket_private.task_counters
                union all
               select project_id from docket_private.project_graphs
                union all
               select project_id from docket_private.organization_projects) as t
        where t.project_id = docket_test.project_id() $$,
    'a project that is removed leaves no row behind');
select isnt_empty(
    $$ select
         from docket.audit_log as l
        where l.project_id = docket_test.project_id()
          and l.table_name = 'tasks'
          and l.operation = 'delete' $$,
    'but its history stays');

select * from finish();
rollback;
