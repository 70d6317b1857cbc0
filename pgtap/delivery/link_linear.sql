-- A task is linked with an issue, and what they differ in is decided by a policy or by somebody.

begin;
select plan(28);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_tasks(docket_test.project_id(), (
    select jsonb_agg(jsonb_build_object('title', 'Ours', 'task_key', k))
      from unnest('{a,b,c,d,e}'::text[]) as k));

create function pg_temp.issue(id text, told jsonb default '{}') returns jsonb
language sql
as $$
    select jsonb_build_object('id', issue.id, 'title', 'Theirs', 'priority', 3,
                              'updatedAt', '2026-01-01T08:00:00Z') || issue.told;
$$;
create function pg_temp.title(key text) returns text
language sql
as $$
    select t.title from docket.get_task(docket_test.id(title.key)) as t;
$$;
create function pg_temp.status(key text) returns text
language sql
as $$
    select l.sync_status
      from docket.list_linear_sync(docket_test.project_id()) as l
     where l.task_key = status.key;
$$;

-- What is refused.
select throws_ok(
    $$ select docket.link_linear_issue('00000000-0000-7000-8000-000000000001') $$,
    'PD404', null, 'a task that is not there has no issue');
select throws_ok(
    $$ select docket.link_linear_issue(docket_test.id('a'), '{"title": "?"}') $$,
    'PD422', 'this is no issue of Linear''s', 'an issue has an id');
select throws_ok(
    $$ select docket.link_linear_issue(docket_test.id('a'), direction => 'up') $$,
    'PD422', '''up'' is no direction', 'a direction is one of three');
select throws_ok(
    $$ select docket.link_linear_issue(docket_test.id('a'), direction => 'from_linear') $$,
    'PD422', null, 'no issue is created for what is only taken from there');
select throws_ok(
    $$ select docket.link_linear_issue(docket_test.id('a'), policies => '{"title": "mine"}') $$,
    'PD422', 'that is no policy: title: "mine"', 'a policy is one of five');
select throws_ok(
    $$ select docket.link_linear_issue(docket_test.id('a'), '{"id": "x", "updatedAt": "x"}') $$,
    'PD422', 'issue x was changed at no time', 'a time is a time');
select throws_ok(
    $$ select docket.link_linear_issue(docket_test.id('a'), pg_temp.issue('x'), take => 'both') $$,
    'PD422', '''both'' is no side', 'one side is taken');

-- The first time that two meet.
create temporary table linked as
select s.* from docket.link_linear_issue(docket_test.id('a'), pg_temp.issue('1')) as s;
select results_eq(
    $$ select l.conflicts, pg_temp.title('a'), pg_temp.status('a') from linked as l $$,
    $$ values ('{title}'::text[], 'Ours', 'conflict') $$,
    'what they differ in is asked, because nothing is known of when');
select docket.link_linear_issue(docket_test.id('b'), pg_temp.issue('2'), take => 'theirs');
select results_eq(
    $$ select pg_temp.title('b'), pg_temp.status('b') $$, $$ values ('Theirs', 'synced') $$,
    'unless it is said that the issue is right');
select docket.link_linear_issue(docket_test.id('c'), pg_temp.issue('3'), take => 'ours');
select results_eq(
    $$ select pg_temp.title('c'), pg_temp.status('c') $$, $$ values ('Ours', 'pending') $$,
    'or the task');
select docket.link_linear_issue(
    docket_test.id('d'), pg_temp.issue('4'), policies => '{"title": "theirs"}');
select is(pg_temp.title('d'), 'Theirs', 'or a policy does');
select throws_ok(
    $$ select docket.link_linear_issue(docket_test.id('e'), pg_temp.issue('1')) $$,
    'PD409', 'issue 1 is another task already', 'an issue is one task');
select throws_ok(
    $$ select docket.link_linear_issue(docket_test.id('a'), pg_temp.issue('5')) $$,
    'PD409', null, 'a task is one issue');
select is(
    (select s.direction::text
       from docket.link_linear_issue(docket_test.id('d'), direction => 'to_linear') as s),
    'to_linear', 'what is linked may be linked in another way');
select is(
    (select s.policies from docket.get_linear_sync(docket_test.id('d')) as s),
    '{"title": "theirs"}', 'and keeps what is not said again');

-- Conflicts are decided.
select results_eq(
    $$ select c.task_key, c.field, c.ours, c.theirs
         from docket.list_linear_conflicts(docket_test.project_id()) as c $$,
    $$ values ('a', 'title', '"Ours"'::jsonb, '"Theirs"'::jsonb) $$, 'conflicts are listed');
select throws_ok(
    $$ select docket.resolve_linear_conflict(l.linear_sync_id, 'mine') from linked as l $$,
    'PD422', null, 'a conflict is decided for a side');
select throws_ok(
    $$ select docket.resolve_linear_conflict(l.linear_sync_id, 'ours', 'status')
         from linked as l $$,
    'PD409', 'there is no conflict of ''status''', 'what is none is not decided');
select is(
    (select r.conflicts
       from linked as l
      cross join docket.resolve_linear_conflict(
                l.linear_sync_id, 'ours', request_id => '00000000-0000-7000-8000-000000000009')
                as r),
    '{}', 'ours');
select is(
    (select r.conflicts
       from linked as l
      cross join docket.resolve_linear_conflict(
                l.linear_sync_id, 'ours', request_id => '00000000-0000-7000-8000-000000000009')
                as r),
    '{}', 'once, however often it is asked');
select results_eq(
    $$ select p.task_key, p.changes
         from docket.pending_linear_changes(docket_test.project_id()) as p
        where p.task_key = 'a' $$,
    $$ values ('a', '{"title": "Ours"}'::jsonb) $$, 'is sent');
select docket.link_linear_issue(docket_test.id('e'), pg_temp.issue('6', '{"priority": 1}'));
select docket.resolve_linear_conflict(s.linear_sync_id, 'theirs', 'title')
  from docket.get_linear_sync(docket_test.id('e')) as s;
select results_eq(
    $$ select t.title, t.priority::integer, s.conflicts
         from docket.get_task(docket_test.id('e')) as t
        cross join docket.get_linear_sync(docket_test.id('e')) as s $$,
    $$ values ('Theirs', 5, '{priority}'::text[]) $$, 'theirs is taken, field by field');
select docket.update_task(docket_test.id('e'), '{"priority": 10}');
select results_eq(
    $$ select s.conflicts
         from docket.get_linear_sync(docket_test.id('e')) as e
        cross join docket.retry_linear_sync(e.linear_sync_id) as s $$,
    $$ values ('{}'::text[]) $$, 'what has become the same is no conflict any more');

-- Pages, and the end.
select results_eq(
    $$ select n.task_key
         from docket.list_linear_sync(docket_test.project_id(), page_size => 1) as l
        cross join lateral docket.list_linear_sync(
                  docket_test.project_id(), after => l.linear_sync_id) as n $$,
    array['b', 'c', 'd', 'e'], 'links are listed by pages');
select results_eq(
    $$ select s.issue_id
         from linked as l
        cross join docket.unlink_linear_issue(l.linear_sync_id) as s $$,
    array['1'], 'a link is taken away');
select is_empty(
    $$ select * from docket.get_linear_sync(docket_test.id('a')) $$, 'and the task is by itself');
select throws_ok(
    $$ select docket.retry_linear_sync(l.linear_sync_id) from linked as l $$,
    'PD404', null, 'what is gone is gone');
select throws_ok(
    $$ select docket.unlink_linear_issue(null) $$,
    'PD404', 'link null to Linear does not exist', 'and nothing is nothing');

select * from finish();
rollback;
