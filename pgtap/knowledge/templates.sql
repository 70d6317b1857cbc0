-- A template keeps each of its versions, and each of its uses is for a task or a workflow.

begin;
select plan(12);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A', task_key => 'a');

select throws_ok(
    $$ select 'story'::docket.template_kind $$, '23514', null, 'there are four kinds');

insert into docket.templates (template_id, project_id, template_key, kind, title, body)
values (docket_private.new_id(docket_test.project_id()), docket_test.project_id(), 't', 'prompt',
        'T', 'Hello {{name}}');
create temporary table made as
select t.template_id from docket.templates as t where t.project_id = docket_test.project_id();

select throws_ok(
    format('insert into docket.templates (template_id, project_id, template_key, kind, title, body,'
           ' variables) values (%L, %L, %L, %L, %L, %L, %L)',
           gen_random_uuid(), docket_test.project_id(), w.key, 'code', w.title, 'B', w.variables),
    w.state, null, 'refused: ' || w.what)
  from (values ('t', 'T', '{}', '23505', 'a key that is taken'), ('', 'T', '{}', '23514', 'no key'),
               ('u', '', '{}', '23514', 'no title'),
               ('u', 'T', '[]', '23514', 'variables that are no schema'))
       as w (key, title, variables, state, what);

update docket.templates as t
   set body = 'Bye {{name}}'
 where t.project_id = docket_test.project_id();
update docket.templates as t
   set body = 'Bye {{name}}'
 where t.project_id = docket_test.project_id();
select results_eq(
    $$ select v.version, v.body
         from docket.template_versions as v
        where v.project_id = docket_test.project_id()
        order by v.version $$,
    $$ values (1::bigint, 'Hello {{name}}'), (2, 'Bye {{name}}') $$,
    'each change is a version, and no change is none');

create function pg_temp.used(version bigint, task_id uuid, workflow_id uuid) returns void
language sql
as $$
    insert into docket.template_usage_history (
        usage_id, project_id, template_id, version, task_id, workflow_id, variables)
    select docket_private.new_id(docket_test.project_id()), docket_test.project_id(),
           m.template_id, used.version, used.task_id, used.workflow_id, '{}'
      from made as m;
$$;
select lives_ok(
    $$ select pg_temp.used(1, docket_test.id('a'), null) $$, 'any version can be used for a task');
select lives_ok(
    $$ select pg_temp.used(2, null, w.workflow_id)
         from docket.create_workflow(docket_test.project_id(), 'w') as w $$,
    'or for a workflow');
select throws_ok(
    $$ select pg_temp.used(3, docket_test.id('a'), null) $$, '23503', null, 'one that there is');
select throws_ok(
    $$ select pg_temp.used(1, null, null) $$, '23514', null, 'and not for nothing');
select is(
    (select count(*) from docket.audit_log as l
      where l.table_name in ('templates', 'template_usage_history')), 4::bigint,
    'the journal has all of it');
select docket.purge_task(docket_test.id('a'));
select is(
    (select count(*) from docket.template_usage_history as u
      where u.project_id = docket_test.project_id()), 1::bigint,
    'with the task its uses go');

select * from finish();
rollback;
