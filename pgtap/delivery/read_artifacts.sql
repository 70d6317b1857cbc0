-- Artifacts are found by what they are, and proven to be what they were.

begin;
select plan(17);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');

create temporary table claimed as
select c.attempt_id from docket.start_task(docket_test.id('b'), 'ada') as c;
select docket.put_artifact(
           docket_test.id(t.key), p.path, convert_to(p.path || n.n, 'UTF8'), p.type,
           attempt_id => case t.key when 'b' then (select c.attempt_id from claimed as c) end)
  from (values ('a'), ('b')) as t (key)
 cross join (values ('x.py', 'source_code'), ('y.md', 'documentation')) as p (path, type)
 cross join generate_series(1, 2) as n (n)
 order by t.key, p.path, n.n;

create function pg_temp.listed(
    key text default null, type text default null, path text default null,
    hash bytea default null, attempt uuid default null, latest boolean default false
) returns bigint
language sql
as $$
    select count(*)
      from docket.list_artifacts(
               docket_test.project_id(),
               case when listed.key <> '' then docket_test.id(listed.key) end,
               listed.type, listed.path, listed.hash, listed.attempt,
               latest_only => listed.latest) as a
$$;
select is(pg_temp.listed(), 8::bigint, 'all of them');
select is(pg_temp.listed(key => 'a'), 4::bigint, 'those of a task');
select is(pg_temp.listed(type => 'Documentation'), 4::bigint, 'of a type');
select is(pg_temp.listed(path => 'x.py'), 4::bigint, 'of a path');
select is(pg_temp.listed(key => 'a', path => 'x.py', latest => true), 1::bigint,
    'of a task and a path');
select is(pg_temp.listed(hash => sha256('x.py2')), 2::bigint, 'with some content');
select is(pg_temp.listed(attempt => (select c.attempt_id from claimed as c)), 4::bigint,
    'of an attempt');
select is(pg_temp.listed(latest => true), 4::bigint, 'only the latest');
select is(pg_temp.listed(key => 'a', type => 'documentation', latest => true), 1::bigint,
    'and all of it together');
select results_eq(
    $$ with recursive pages as (
           select 1 as page, p.ids
             from (select array_agg(a.artifact_id) as ids
                     from docket.list_artifacts(docket_test.project_id(), page_size => 3) as a) as p
            union all
           select g.page + 1, n.ids
             from pages as g
            cross join lateral (
                      select array_agg(a.artifact_id) as ids
                        from docket.list_artifacts(
                                 docket_test.project_id(), after => g.ids[cardinality(g.ids)],
                                 page_size => 3) as a
                  ) as n
            where n.ids is not null
       )
       select u.id from pages as p cross join unnest(p.ids) as u (id) $$,
    $$ select a.artifact_id from docket.code_artifacts as a order by a.artifact_id $$,
    'page by page');
select throws_ok(
    $$ select docket.get_artifact(gen_random_uuid()) $$,
    'PD404', null, 'one that is none is not found');
select is_empty(
    $$ select from docket.artifact_content(gen_random_uuid()) $$, 'and has no content');

-- Proof, in steps.
select results_eq(
    $$ select v.checked, v.byte_size, v.next_after, v.wrong
         from docket.verify_artifacts(docket_test.project_id()) as v $$,
    $$ values (8::bigint, 40::bigint, null::uuid, '[]'::jsonb) $$, 'all is what it was');
select results_eq(
    $$ with recursive steps as (
           select v.*
             from docket.verify_artifacts(docket_test.project_id(), max_artifacts => 5,
                                          max_bytes => 15) as v
            union all
           select v.*
             from steps as s
            cross join lateral docket.verify_artifacts(
                      docket_test.project_id(), s.next_after, 5, 15) as v
            where s.next_after is not null
       )
       select s.checked, s.next_after is null from steps as s $$,
    $$ values (3::bigint, false), (3, false), (2, true) $$, 'in steps as well');
alter table docket.artifact_contents drop constraint artifact_contents_hash_exact;
alter table docket.code_artifacts drop constraint code_artifacts_content_fkey;
update docket.artifact_contents as c set content = 'y.py2' where c.content_hash = sha256('x.py2');
update docket.artifact_contents as c set content = 'y' where c.content_hash = sha256('x.py1');
update docket.code_artifacts as a
   set content_size = 6
 where a.content_hash = sha256('y.md2') and a.task_id = docket_test.id('a');
delete from docket.artifact_contents as c where c.content_hash = sha256('y.md1');
select results_eq(
    $$ select w.wrong ->> 'file_path', (w.wrong ->> 'version_no')::integer, w.wrong ->> 'problem'
         from docket.verify_artifacts(docket_test.project_id()) as v
        cross join lateral jsonb_array_elements(v.wrong) as w (wrong) $$,
    $$ values ('x.py', 1, 'its content has another SHA-256'),
              ('x.py', 2, 'its content has another SHA-256'),
              ('y.md', 1, 'its content is not there'),
              ('y.md', 2, 'its size is another'),
              ('x.py', 1, 'its content has another SHA-256'),
              ('x.py', 2, 'its content has another SHA-256'),
              ('y.md', 1, 'its content is not there') $$,
    'and every one that is not is named');
select is(
    (select v.wrong #>> '{0,artifact_id}'
       from docket.verify_artifacts(docket_test.project_id(), max_artifacts => 1) as v),
    (select min(a.artifact_id::text) from docket.code_artifacts as a), 'by its id');
select results_eq(
    $$ select v.checked, v.byte_size, v.next_after, v.wrong
         from docket.verify_artifacts(gen_random_uuid()) as v $$,
    $$ values (0::bigint, 0::bigint, null::uuid, '[]'::jsonb) $$,
    'where nothing is, nothing is wrong');

select * from finish();
rollback;
