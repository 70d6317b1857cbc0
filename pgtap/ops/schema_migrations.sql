-- What is deployed can be read, and not changed, by those who use the docket.

begin;
select plan(9);

select results_eq(
    $$ select m.migration_no, m.change, m.change_id, m.script_hash, m.note, m.deployed_at
         from docket.schema_migrations as m
        order by m.migration_no $$,
    $$ select row_number() over (order by c.committed_at), c.change, c.change_id, c.script_hash,
              c.note, c.committed_at
         from sqitch.changes as c
        where c.project = 'pgdocket'
        order by c.committed_at $$,
    'every change that the registry has is a row, the first deployed first');
select is(
    (select m.change
       from docket.schema_migrations as m
      where m.migration_no = 1), 'platform/roles', 'beginning with the roles');

insert into sqitch.tags (
    tag_id, tag, project, change_id, committer_name, committer_email, planned_at, planner_name,
    planner_email)
select 'id of ' || t.tag, t.tag, 'pgdocket', m.change_id, 'Ann', 'ann@example.com', now(), 'Ann',
       'ann@example.com'
  from docket.schema_migrations as m
 cross join (values ('@b'), ('@a')) as t (tag)
 where m.migration_no = 1;
select results_eq(
    $$ select m.tags from docket.schema_migrations as m where m.migration_no <= 2
        order by m.migration_no $$,
    $$ values (array['@b', '@a']), ('{}') $$,
    'with its tags, in the order in which they were set');
select matches(
    (select m.deployed_by from docket.schema_migrations as m where m.migration_no = 1),
    '^.+ <.+@.+>$', 'and who deployed it');

insert into sqitch.projects (project, creator_name, creator_email)
values ('other', 'Ann', 'ann@example.com');
insert into sqitch.changes (
    change_id, change, project, committer_name, committer_email, planned_at, planner_name,
    planner_email)
values ('x', 'secret', 'other', 'Ann', 'ann@example.com', now(), 'Ann', 'ann@example.com');
select is_empty(
    $$ select from docket.schema_migrations as m where m.change = 'secret' $$,
    'other plans of the same database are not shown');

set local role docket_reader;
select isnt_empty('select from docket.schema_migrations', 'who may only read can read it');
select throws_ok(
    'select from sqitch.changes', '42501', null, 'without a right on the registry itself');
select throws_ok(
    'delete from docket.schema_migrations', '55000', null, 'and nothing can be changed through it');
reset role;

revoke select on sqitch.tags from docket_owner;
select throws_ok(
    'select from docket.schema_migrations',
    'PD403', 'docket_owner may not read the registry of changes',
    'a registry that is out of reach is named');

select * from finish();
rollback;
