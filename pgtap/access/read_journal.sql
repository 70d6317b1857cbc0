-- history() has what happened to a row, changes() what happened to everything that one may see.

begin;
select plan(21);

create role tap_reads_ann in role docket_app;
create role tap_reads_bob in role docket_app;
create role tap_reads_ops in role docket_admin;
select docket_test.project('one');
select docket_test.member('tap_reads_ann');

select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');
set local role tap_reads_ann;
select set_config('docket.reason', 'better', true);
select docket.update_task(docket_test.id('a'), '{"title": "The task"}');
select set_config('docket.reason', '', true);
select docket.update_task(docket_test.id('a'), '{"title": "This task"}');

select results_eq(
    $$ select h.operation, h.changes -> 'title', h.principal, h.reason
         from docket.history('tasks', docket_test.id('a')::text) as h $$,
    $$ values ('insert', '[null, "A task"]'::jsonb, session_user::text collate "default", null),
              ('update', '["A task", "The task"]', 'tap_reads_ann', 'better'),
              ('update', '["The task", "This task"]', 'tap_reads_ann', null) $$,
    'the changes of one row, the oldest first: what, who and why');
select is(
    (select count(*)
       from docket.history('tasks', upper(docket_test.id('a')::text), page_size => 2)),
    2::bigint, 'a page has its size');
select is(
    (select h.changes #>> '{title,1}'
       from docket.history(
                'tasks', docket_test.id('a')::text,
                after => (select max(p.audit_id)
                            from docket.history('tasks', docket_test.id('a')::text, page_size => 2)
                                 as p)) as h),
    'This task', 'the next page follows it');
select is_empty(
    $$ select from docket.history('workflows', docket_test.id('a')::text) $$,
    'an id of one table is none of another');
select is_empty(
    $$ select from docket.history('tasks', 'no id at all') $$, 'what is no id finds nothing');
select is_empty(
    $$ select from docket.history('settings', 'max_context_bytes') $$,
    'what belongs to no project is hidden from who works in projects');
set local role tap_reads_bob;
select is_empty(
    $$ select from docket.history('tasks', docket_test.id('a')::text) $$,
    'nobody reads the history of what he may not see');
set local role tap_reads_ops;
select is(
    (select array_agg(h.operation) from docket.history('settings', 'max_context_bytes') as h),
    array['insert'], 'a row whose key is no id is found by that');

-- The stream ends before the oldest transaction that runs, and so before this one: rows are given
-- transactions of long ago.
reset role;
update docket.audit_log as l
   set transaction_id = case when l.table_name = 'tasks' then '4' else '3' end::xid8
 where l.project_id = docket_test.project_id()
   and not (l.table_name = 'tasks' and l.new_values ->> 'title' = 'This task');
set local role tap_reads_ann;
create temporary table seen as
select row_number() over () as position, c.* from docket.changes() as c;
select results_eq(
    $$ select s.operation, s.changes #>> '{title,1}'
         from seen as s
        where s.table_name = 'tasks'
        order by s.position $$,
    $$ values ('insert', 'A task'), ('insert', 'Another'), ('update', 'The task') $$,
    'all changes in their order, but those of a transaction that still runs');
select is(
    (select array_agg(split_part(s.place, ':', 1)::bigint order by s.position) from seen as s),
    (select array_agg(split_part(s.place, ':', 1)::bigint
                      order by split_part(s.place, ':', 1)::bigint) from seen as s),
    'one transaction after the other');
select is(
    (select array_agg(distinct s.project_id) from seen as s), array[docket_test.project_id()],
    'of one''s own projects only');
select is(
    (select s.row_id from seen as s where s.changes #>> '{title,1}' = 'The task'),
    docket_test.id('a')::text, 'each names its row');

create function pg_temp.in_pages(size integer) returns text[]
language plpgsql
as $$
declare
    v_place text := '0:0';
    v_found text[] := '{}';
    v_page  text[];
begin
    loop
        v_page := array(select c.place from docket.changes(v_place, size) as c);
        exit when v_page = '{}';
        v_found := v_found || v_page;
        v_place := v_page[cardinality(v_page)];
    end loop;
    return v_found;
end;
$$;
select is(
    pg_temp.in_pages(1), (select array_agg(s.place order by s.position) from seen as s),
    'pages of one row are the same stream');
select is(
    pg_temp.in_pages(2), (select array_agg(s.place order by s.position) from seen as s),
    'so are pages of two');
select is_empty(
    'select from docket.changes(docket.changes_end())', 'behind the end there is nothing');
select ok(
    (select bool_and(split_part(s.place, ':', 1)::xid8
                     < split_part(docket.changes_end(), ':', 1)::xid8) from seen as s),
    'and everything before it');
select isnt_empty('select from docket.changes(null)', 'no place is the beginning');
select throws_ok(
    $$ select docket.changes('nowhere') $$, 'PD422', '"nowhere" is no place in the journal',
    'what is no place is refused');
select throws_ok(
    $$ select docket.changes('1:' || repeat('9', 100)) $$, 'PD422', null,
    'so is a number that no place can have');

set local role tap_reads_bob;
select is_empty(
    $$ select from docket.changes() $$, 'who sees no project sees no change');
set local role tap_reads_ops;
select isnt_empty(
    $$ select from docket.changes() as c where c.project_id is null $$,
    'an operator sees the changes that belong to no project, too');

select * from finish();
rollback;
