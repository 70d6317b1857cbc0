-- A workflow template makes the workflow, its tasks and their graph at once; what becomes of them
-- tells how good it is.

begin;
select plan(21);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Before', task_key => 'before');

create temporary table made as
select t.template_id
  from docket.put_template(docket_test.project_id(), 'release', 'workflow', '{
      "name": "Release {{version}}", "requirements": {"version": "{{version}}"},
      "tasks": [
          {"task_key": "build", "title": "Build {{version}}", "priority": "{{priority}}",
           "depends_on": ["before"]},
          {"task_key": "test", "title": "Test it", "depends_on": ["build"],
           "tags": ["{{version}}"]},
          {"title": "Unit tests", "parent": "test"},
          {"title": "Ship", "depends_on": [{"task": "test", "satisfied_by": "validated"}, "build"]}
      ]}',
      '{"required": ["version"], "properties": {"version": {"type": "string"},
        "priority": {"default": 8}}}') as t;

create temporary table first as
select t.*
  from docket.instantiate_workflow(
           (select m.template_id from made as m), '{"version": "1.0"}',
           request_id => '00000000-0000-4000-8000-0000000000a1') as t;

select results_eq(
    $$ select f.task_key, f.title, f.priority::integer, docket_test.key(f.parent_task_id), f.tags
         from first as f order by f.task_id $$,
    $$ values ('one-1', 'Build 1.0', 8, null::text, '{}'::text[]),
              ('one-2', 'Test it', 5, null, '{1.0}'), ('one-3', 'Unit tests', 5, 'one-2', '{}'),
              ('one-4', 'Ship', 5, null, '{}') $$,
    'its tasks, with keys of the project');
select results_eq(
    $$ select docket_test.key(d.task_id), docket_test.key(d.depends_on_id), d.satisfied_by::text
         from docket.task_dependencies as d
        where d.project_id = docket_test.project_id()
        order by 1, 2 $$,
    $$ values ('one-1', 'before', 'completed'), ('one-2', 'one-1', 'completed'),
              ('one-4', 'one-1', 'completed'), ('one-4', 'one-2', 'validated') $$,
    'and what they wait for, in the template and in the project');
select results_eq(
    $$ select w.name, w.requirements, (select count(*) from first as f
                                        where f.workflow_id = w.workflow_id)
         from docket.list_workflows(docket_test.project_id()) as w $$,
    $$ values ('Release 1.0', '{"version": "1.0"}'::jsonb, 4::bigint) $$, 'in a workflow');
select set_eq(
    $$ select t.task_id
         from docket.instantiate_workflow(
                  (select m.template_id from made as m), '{"version": "1.0"}',
                  request_id => '00000000-0000-4000-8000-0000000000a1') as t $$,
    $$ select f.task_id from first as f $$, 'the same request makes it once');
select throws_ok(
    $$ select docket.instantiate_workflow((select m.template_id from made as m),
                                          '{"version": "1.0"}') $$,
    'PD409', 'workflow "Release 1.0" exists already in this project', 'nor can it be there twice');
select is(
    (select count(*) from docket.instantiate_workflow(
         (select m.template_id from made as m), '{"version": "1.0"}', 'Another')),
    4::bigint, 'but under another name');
select throws_ok(
    $$ select docket.instantiate_workflow((select m.template_id from made as m)) $$,
    'PD422', null, 'variables that are missing');
select docket.put_template(docket_test.project_id(), 'bad', 'workflow', w.body)
  from (values ('{"name": "b", "tasks": [{"title": "x"}, {"title": ""}]}')) as w (body);
select throws_ok(
    $$ select docket.instantiate_workflow(t.template_id)
         from docket.get_template(docket_test.project_id(), 'bad') as t $$,
    'PD422', 'task number 2 has a title of 0 characters', 'a task that can not be');
select is_empty(
    $$ select from docket.list_workflows(docket_test.project_id()) as w where w.name = 'b' $$,
    'all or none');
select docket.put_template(docket_test.project_id(), 'bad', 'workflow',
    '{"name": "b", "tasks": [{"title": "x", "task_key": "k"}, {"title": "y", "task_key": "k"}]}');
select throws_ok(
    $$ select docket.instantiate_workflow(t.template_id)
         from docket.get_template(docket_test.project_id(), 'bad') as t $$,
    'PD422', 'the template has two tasks "k"', 'two of one name');
select docket.put_template(docket_test.project_id(), 'bad', 'workflow',
    '{"name": "b", "tasks": [{"title": "x", "task_key": "k", "depends_on": ["k2"]},
                             {"title": "y", "task_key": "k2", "depends_on": ["k"]}]}');
select throws_ok(
    $$ select docket.instantiate_workflow(t.template_id)
         from docket.get_template(docket_test.project_id(), 'bad') as t $$,
    'PDCYC', null, 'a cycle');
select docket.put_template(docket_test.project_id(), 'say', 'prompt', 'Say {{what}}');
select throws_ok(
    $$ select docket.instantiate_workflow(t.template_id)
         from docket.get_template(docket_test.project_id(), 'say') as t $$,
    'PD422', 'a template of kind prompt makes no workflow', 'a prompt makes none');

-- The prompt was used for two tasks; one was completed at once, one has failed.
select docket.create_tasks(docket_test.project_id(), '[
    {"task_key": "g", "title": "Good", "estimated_effort": 2},
    {"task_key": "f", "title": "Bad"}]');
select is(
    (select u.variables ->> 'token'
       from docket.get_template(docket_test.project_id(), 'say') as t
      cross join lateral docket.record_template_use(
                t.template_id, docket_test.id('g'), '{"what": "hi", "token": "x1"}',
                request_id => '00000000-0000-4000-8000-0000000000b1') as u),
    '********', 'a use is written down, without secrets');
select is(
    (select u.variables ->> 'what'
       from docket.get_template(docket_test.project_id(), 'say') as t
      cross join lateral docket.record_template_use(
                t.template_id, docket_test.id('g'), '{"what": "ho"}',
                request_id => '00000000-0000-4000-8000-0000000000b1') as u),
    'hi', 'the same request once');
select docket.record_template_use(t.template_id, docket_test.id('f'), '{"what": "hi"}')
  from docket.get_template(docket_test.project_id(), 'say') as t;
select throws_ok(
    format('select docket.record_template_use(%L, %L, %L)', t.template_id, w.task_id, w.variables),
    w.state, null, 'refused: ' || w.what)
  from docket.get_template(docket_test.project_id(), 'say') as t
 cross join (values (gen_random_uuid(), '{"what": "x"}', 'PD404', 'a task that does not exist'),
                    (docket_test.id('f'), '{}', 'PD422', 'without its variables'))
            as w (task_id, variables, state, what);
select docket.complete_task((docket.start_task(docket_test.id('g'), 'ann')).attempt_id,
                            actual_effort => 3);
select docket.update_task_status(docket_test.id('f'), 'cancelled');
select results_eq(
    $$ select e.template_key, e.uses, e.tasks, e.completed, e.failed, e.cancelled, e.success_rate,
              e.first_time, e.attempts, e.effort_ratio
         from docket.template_effectiveness(docket_test.project_id()) as e $$,
    $$ values ('release', 2::bigint, 8::bigint, 0::bigint, 0::bigint, 0::bigint, null::numeric,
               0::bigint, 0::bigint, null::numeric),
              ('say', 2, 2, 1, 0, 1, 0.5, 1, 1, 1.5) $$,
    'what became of it');
select results_eq(
    $$ select e.template_key, e.uses
         from docket.template_effectiveness(
                  docket_test.project_id(), (select m.template_id from made as m)) as e $$,
    $$ values ('release', 2::bigint) $$, 'of one template');
select is_empty(
    $$ select
         from docket.template_effectiveness(docket_test.project_id(), since => '2026-01-02') $$,
    'since a time');
select is(
    (select count(*) from docket.list_template_uses((select m.template_id from made as m),
                                                    page_size => 1)),
    1::bigint, 'uses by pages');

select docket_test.member('docket_agent');
grant select on made to docket_agent;
set local role docket_agent;
select lives_ok(
    $$ select docket.instantiate_workflow((select m.template_id from made as m),
                                          '{"version": "2.0"}') $$,
    'an agent may do it');
reset role;

select * from finish();
rollback;
