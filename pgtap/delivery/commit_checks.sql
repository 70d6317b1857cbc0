-- What is told of commits, reviews and pushes is within what can be meant, and read by pages.

begin;
select plan(14);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
create temporary table proposed as
select p.pull_request_id
  from docket.record_pull_request(
           docket_test.project_id(), 'acme/shop', 7, '{"head_commit": "c1"}') as p;

create function pg_temp.check_of(
    commit_hash text, name text, fields jsonb default '{}') returns void
language sql
as $$
    insert into docket.commit_checks
    select c.*
      from jsonb_populate_record(
               null::docket.commit_checks,
               jsonb_build_object(
                   'commit_check_id', gen_random_uuid(), 'project_id', docket_test.project_id(),
                   'repository', 'acme/shop', 'commit_hash', check_of.commit_hash,
                   'source', 'status', 'name', check_of.name, 'check_status', 'success',
                   'told_key', '1', 'version', 1, 'created_at', docket.clock(),
                   'updated_at', docket.clock(), 'created_by', 'x', 'updated_by', 'x')
               || check_of.fields) as c;
$$;

select lives_ok(
    $$ select pg_temp.check_of('c1', n.name) from unnest(array['a', 'b']) as n (name) $$,
    'two checks of one commit');
select pg_temp.check_of('c2', 'a');
select pg_temp.check_of('c1', 'c', '{"check_status": "failure"}');
select throws_ok(
    $$ select pg_temp.check_of('c1', 'a') $$, '23505', null, 'each is there once');
select throws_ok(
    $$ select pg_temp.check_of('c1', '') $$, '23514', null, 'each has a name');
select results_eq(
    $$ select c.name
         from proposed as p
        cross join lateral docket.list_checks(p.pull_request_id) as c $$,
    array['a', 'b', 'c'], 'those of the head are listed');
select results_eq(
    $$ select c.name
         from proposed as p
        cross join lateral docket.list_checks(p.pull_request_id, 'failure') as c $$,
    array['c'], 'those that fail');
select results_eq(
    $$ select c.name
         from proposed as p
        cross join lateral docket.list_checks(p.pull_request_id, after => 'status/a') as c $$,
    array['b', 'c'], 'by pages');

create function pg_temp.review(reviewer text, state text) returns void
language sql
as $$
    insert into docket.pull_request_reviews (
        pull_request_review_id, project_id, pull_request_id, host_review_id, reviewer,
        review_state, told_key)
    select docket_private.new_id(docket_test.project_id()), docket_test.project_id(),
           p.pull_request_id, review.reviewer, review.reviewer, review.state, '1'
      from proposed as p;
$$;
select pg_temp.review('ada', 'approved');
select pg_temp.review('grace', 'commented');
select throws_ok(
    $$ select pg_temp.review('linus', 'liked') $$, '23514', null, 'a review says one of five');
select throws_ok(
    $$ select pg_temp.review('ada', 'approved') $$, '23505', null, 'and is there once');
select results_eq(
    $$ select n.reviewer
         from proposed as p
        cross join lateral docket.list_reviews(p.pull_request_id, page_size => 1) as r
        cross join lateral docket.list_reviews(
                  p.pull_request_id, r.pull_request_review_id) as n $$,
    array['grace'], 'reviews are listed by pages');

insert into docket.pushes (
    push_id, project_id, repository, ref, before_commit, after_commit, is_forced, commits,
    pushed_at)
select docket_private.new_id(docket_test.project_id(), n), docket_test.project_id(), 'acme/shop',
       'refs/heads/' || n, 'c0', 'c1', false, 1, docket.clock()
  from generate_series(1, 3) as n;
select results_eq(
    $$ select p.ref
         from docket.list_pushes(docket_test.project_id(), ref => 'refs/heads/2') as p $$,
    array['refs/heads/2'], 'pushes are listed by ref');
select is_empty(
    $$ select from docket.list_pushes(docket_test.project_id(), 'acme/site') $$,
    'by repository');
select results_eq(
    $$ select n.ref
         from docket.list_pushes(docket_test.project_id(), page_size => 1) as p
        cross join lateral docket.list_pushes(docket_test.project_id(), after => p.push_id) as n $$,
    array['refs/heads/2', 'refs/heads/3'], 'by pages');
select throws_ok(
    $$ insert into docket.pushes
       select p.* from docket.list_pushes(docket_test.project_id(), page_size => 1) as p $$,
    '23505', null, 'each is there once');
select isnt_empty(
    $$ select from docket.audit_log as l
        where l.table_name in ('commit_checks', 'pull_request_reviews', 'pushes')
        group by l.project_id
       having count(distinct l.table_name) = 3 $$,
    'the journal has them');

select * from finish();
rollback;
