-- Nothing crosses from one project to another: what may not be seen is as if it did not exist.

begin;
select plan(36);

create role tap_isolation_ann in role docket_app;
create role tap_isolation_bob in role docket_app;
create role tap_isolation_reader in role docket_app;
create role tap_isolation_nobody;
grant docket_reader to tap_isolation_nobody;

-- Each has a project with a task, a workflow and a context of his own.
set local role tap_isolation_bob;
create temporary table bobs as
select p.project_id, t.task_id, w.workflow_id
  from docket_test.project('bobs') as p (project_id)
 cross join lateral docket.create_task(p.project_id, 'Bob''s task', task_key => 'b-1') as t
 cross join lateral docket.create_workflow(p.project_id, 'Bob''s workflow') as w;
select docket.put_context(b.task_id, 'note', '"Bob''s note"') from bobs as b;
select docket.enter_workflow_state('planning', task_id => b.task_id) from bobs as b;
select docket.record_pull_request(b.project_id, 'acme/shop', 1) from bobs as b;

set local role tap_isolation_ann;
create temporary table anns as
select p.project_id, t.task_id
  from docket_test.project('anns') as p (project_id)
 cross join lateral docket.create_task(p.project_id, 'Ann''s task', task_key => 'a-1') as t;

reset role;
grant select on bobs to public;
grant select on anns to public;
select docket_test.member('tap_isolation_reader', 'reader');

-- Reading.
set local role tap_isolation_ann;
select results_eq(
    'select p.slug from docket.list_projects() as p', array['anns'],
    'a principal lists his own projects');
select is_empty(
    $$ select t.tableoid::regclass
         from (select tableoid, project_id from docket.projects
                union all
               select tableoid, project_id from docket.workflows
                union all
               select tableoid, project_id from docket.tasks
                union all
               select tableoid, project_id from docket.workflow_states
                union all
               select tableoid, project_id from docket.pull_requests
                union all
               select tableoid, project_id from docket.task_dependencies
                union all
               select tableoid, project_id from docket.ready_tasks
                union all
               select tableoid, project_id from docket.task_attempts
                union all
               select tableoid, project_id from docket.task_contexts
                union all
               select tableoid, project_id from docket.audit_log) as t
        cross join anns as a
        where t.project_id is distinct from a.project_id $$,
    'in every table he sees the rows of his own project alone, the journal''s too');
select isnt_empty(
    $$ select from docket.audit_log as l, anns as a where l.row_id = a.task_id $$,
    'of which he sees what was written');
select is_empty(
    $$ select from docket.list_tasks((select b.project_id from bobs as b)) $$,
    'a list of another''s project is empty');
select is_empty(
    $$ select from docket.search_tasks((select b.project_id from bobs as b), 'Bob') $$,
    'so is a search');
select is_empty(
    $$ select from docket.list_tasks((select b.project_id from bobs as b), metadata => '{}') $$,
    'so is a list by what only the indexes beside the tasks know');
select is_empty(
    $$ select from docket.task_history((select b.task_id from bobs as b)) $$,
    'so is the history of another''s task');
select is_empty(
    $$ select from docket.latest_contexts((select b.task_id from bobs as b)) $$,
    'so are its contexts');

-- Missing and forbidden are one.
create function pg_temp.missing(statement text) returns text
language plpgsql
as $$
begin
    execute missing.statement;
    return 'went through';
exception
    when others then
        return sqlstate || ' ' || sqlerrm;
end;
$$;

create temporary table calls (call text);
grant select on calls to public;
insert into calls (call)
values ('docket.get_project(%1$L)'), ('docket.get_task(%2$L)'), ('docket.get_workflow(%3$L)'),
       ('docket.task_id(%1$L, ''b-1'')'), ('docket.update_project(%1$L, ''{}'')'),
       ('docket.create_workflow(%1$L, ''x'')'), ('docket.update_workflow(%3$L, ''{}'')'),
       ('docket.create_task(%1$L, ''x'')'), ('docket.create_tasks(%1$L, ''[{"title": "x"}]'')'),
       ('docket.update_task(%2$L, ''{}'')'), ('docket.update_task_status(%2$L, ''completed'')'),
       ('docket.mark_task_completed(%2$L)'), ('docket.delete_task(%2$L)'),
       ('docket.claim_tasks(%1$L, ''agent'')'), ('docket.start_task(%2$L, ''agent'')'),
       ('docket.sweep_leases(%1$L)'), ('docket.put_context(%2$L, ''note'', ''1'')'),
       ('docket.record_pull_request(%1$L, ''acme/shop'', 1)'),
       ('docket.enter_workflow_state(''review'', task_id => %2$L)'),
       ('docket.enter_workflow_state(''review'', workflow_id => %3$L)'),
       ('docket.retry_workflow_step(''error'', task_id => %2$L)');

select is_empty(
    $$ select c.call, forbidden.said
         from calls as c
        cross join bobs as b
        cross join lateral (
                  select replace(replace(replace(
                             pg_temp.missing('select ' || format(
                                 c.call, b.project_id, b.task_id, b.workflow_id)),
                             b.project_id::text, 'P'), b.task_id::text, 'T'),
                             b.workflow_id::text, 'W') as said) as forbidden
        cross join lateral (
                  select replace(replace(replace(
                             pg_temp.missing('select ' || format(c.call, m.p, m.t, m.w)),
                             m.p::text, 'P'), m.t::text, 'T'), m.w::text, 'W') as said
                    from (select gen_random_uuid() as p, gen_random_uuid() as t,
                                 gen_random_uuid() as w) as m) as missing
        where forbidden.said <> missing.said
           or forbidden.said !~ '^PD404 ' $$,
    'each function says of another''s project, task or workflow what it says of none: PD404');

select throws_ok(
    $$ select docket.create_task(
                  (select a.project_id from anns as a), 'x',
                  workflow_id => (select b.workflow_id from bobs as b)) $$,
    'PD404', 'the workflow of a task does not exist in this project',
    'a task of his own can not join another''s workflow');
select throws_like(
    $$ select docket.create_task(
                  (select a.project_id from anns as a), 'x',
                  parent_task_id => (select b.task_id from bobs as b)) $$,
    'task "%" does not exist', 'nor be a subtask of another''s task');
select throws_like(
    $$ select docket.create_task(
                  (select a.project_id from anns as a), 'x',
                  depends_on => array[(select b.task_id from bobs as b)]) $$,
    'task "%" does not exist', 'nor wait for one');
select throws_ok(
    $$ select docket.update_task(
                  (select a.task_id from anns as a),
                  jsonb_build_object('parent_task_id', (select b.task_id from bobs as b))) $$,
    'PD404', 'the parent of task a-1 does not exist in this project',
    'nor become one later');

-- Writing past the functions.
select throws_ok(
    'update docket.tasks set title = ''taken''',
    '42501', 'permission denied for table tasks', 'nobody writes a table past the functions');
select throws_ok(
    'delete from docket.projects',
    '42501', 'permission denied for table projects', 'nor deletes from one');

-- A definer's rights reach no further than the principal's.
reset role;
grant docket_owner to tap_isolation_ann;
set local role tap_isolation_ann;
select is_empty(
    $$ select from docket.tasks as t join bobs as b on b.task_id = t.task_id $$,
    'even as a member of docket_owner a principal sees his own rows alone');
update docket.tasks
   set title = 'taken';
reset role;
select is(
    (select t.title
       from docket.tasks as t
       join bobs as b on b.task_id = t.task_id), 'Bob''s task',
    'and changes his own alone');
set local role tap_isolation_ann;
select throws_ok(
    $$ insert into docket.tasks (project_id, title, task_key)
       select b.project_id, 'planted', 'p-1' from bobs as b $$,
    '42501', 'new row violates row-level security policy for table "tasks"',
    'and plants nothing with another');
reset role;

-- Constraints say it too, whoever writes: they join by project.
select throws_ok(
    $$ insert into docket.tasks (project_id, title, parent_task_id)
       select a.project_id, 'planted', b.task_id from anns as a, bobs as b $$,
    '23503', null, 'no foreign key joins two projects, not even for a superuser');

-- A reader.
set local role tap_isolation_reader;
select results_eq(
    $$ select t.title from docket.list_tasks((select a.project_id from anns as a)) as t $$,
    array['taken'],
    'a reader reads');
select is_empty(
    $$ select c.call, r.said
         from calls as c
        cross join anns as a
        cross join lateral pg_temp.missing('select ' || format(
                  c.call, a.project_id, a.task_id, null::uuid)) as r (said)
        where c.call !~ 'get_|task_id\(%1|workflow_id|update_workflow'
          and r.said <> format('PD403 project %s may be read by tap_isolation_reader, not changed',
                               a.project_id) $$,
    'and changes nothing: each function that writes says PD403');

set local role tap_isolation_nobody;
select throws_ok(
    $$ select docket.create_task((select a.project_id from anns as a), 'x') $$,
    '42501', null, 'the role of readers may not even call what writes');
select is_empty('select from docket.list_tasks((select a.project_id from anns as a))',
    'and who is no member reads nothing');

-- Operators.
set local role docket_admin;
select set_eq(
    'select p.slug from docket.list_projects() as p where p.slug in (''anns'', ''bobs'')',
    array['anns', 'bobs'],
    'an operator sees every project');
select lives_ok(
    $$ select docket.update_task((select b.task_id from bobs as b), '{"priority": "high"}') $$,
    'and may change every one');

reset role;
delete from docket.members as m
 using bobs as b, docket.projects as p
 where p.project_id = b.project_id
   and m.organization_id = p.organization_id;
set local role docket_admin;
select isnt_empty(
    $$ select from docket.get_task((select b.task_id from bobs as b)) $$,
    'also one that has lost its last member');

set local role tap_isolation_bob;
select is_empty(
    'select from docket.list_projects()',
    'who is no member any more sees nothing from then on');
select throws_like(
    $$ select docket.get_task((select b.task_id from bobs as b)) $$,
    'task % does not exist', 'not even what he made');

-- A narrower rule can be put on top: who is no operator sees the tasks that he made himself.
reset role;
update docket.members set access = 'writer' where principal = 'tap_isolation_reader';
set local role docket_owner;
create policy tap_creator_or_operator on docket.tasks as restrictive
    using (created_by = (select docket.principal()) or (select docket_private.is_operator()));
set local role tap_isolation_reader;
select docket.create_task(a.project_id, 'The reader''s', task_key => 'r-1') from anns as a;
select results_eq(
    'select t.task_key from docket.tasks as t', $$ values ('r-1') $$,
    'a policy of creators and operators hides from a member what others made');
set local role docket_admin;
select set_eq(
    'select t.task_key from docket.tasks as t join anns as a on a.project_id = t.project_id',
    array['a-1', 'r-1'], 'and from no operator');
set local role docket_owner;
drop policy tap_creator_or_operator on docket.tasks;

-- The functions see what the principal sees, and he is not always the one who logged in.
create function docket.tap_seen() returns text[]
language sql
stable
security definer
begin atomic
    select array_agg(t.task_key order by t.task_key) from docket.tasks as t;
end;
grant execute on function docket.tap_seen() to public;
reset role;
delete from docket.tasks as t where t.task_key = 'r-1';
create role tap_isolation_gate in role docket_app;
grant docket_gateway to tap_isolation_gate;
grant tap_isolation_bob to tap_isolation_ann;
insert into docket.members (organization_id, project_id, principal, access)
select p.organization_id, p.project_id, m.principal, 'writer'
  from (
      select a.project_id, 'tap_isolation_gate' from anns as a
       union all
      select b.project_id, 'tap_isolation_bob' from bobs as b
  ) as m (project_id, principal)
  join docket.projects as p on p.project_id = m.project_id
    on conflict do nothing;

set local session authorization tap_isolation_ann;
select is(docket.tap_seen(), '{a-1}', 'a function sees what the session''s user may see');
set local role tap_isolation_bob;
select is(docket.tap_seen(), '{b-1}', 'in another role what that one may, and nothing else');
reset role;
select set_config('docket.actor', 'tap_isolation_bob', true);
select is(docket.tap_seen(), '{a-1}', 'of whoever speaks for another without the right, his own');
reset session authorization;
set local session authorization tap_isolation_gate;
select is(docket.tap_seen(), '{b-1}', 'of a gateway what he may it speaks for, and not its own');
select set_config('docket.actor', '', true);
select is(docket.tap_seen(), '{a-1}', 'and its own when it speaks for nobody');
reset session authorization;

-- The policies are on every table and can not be forgotten by its owner.
reset role;
select is_empty(
    $$ select c.oid::regclass
         from pg_catalog.pg_class as c
         join pg_catalog.pg_attribute as a
           on a.attrelid = c.oid
          and a.attname = 'project_id'
        where c.relnamespace in ('docket'::regnamespace, 'docket_private'::regnamespace)
          and c.relkind in ('r', 'p')
          and not (c.relrowsecurity and c.relforcerowsecurity) $$,
    'row-level security is enabled and forced on every table with a project_id');

select * from finish();
rollback;
