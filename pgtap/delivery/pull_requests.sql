-- What a host tells of a pull request is kept, in any order and as often as it is told.

begin;
select plan(27);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');

select results_eq(
    $$ select p.repository, p.number, p.status::text, p.has_conflict, p.title, p.version,
              p.opened_at, p.closed_at
         from docket.record_pull_request(docket_test.project_id(), 'acme/shop', 7) as p $$,
    $$ values ('acme/shop', 7::bigint, 'open', false, '', 1::bigint, null::timestamptz,
               null::timestamptz) $$,
    'its repository and number are enough');

select results_eq(
    $$ select p.title, p.status::text, p.author, p.head_branch, p.head_commit, p.base_branch,
              p.commits, p.changed_files, p.additions, p.deletions, p.checks_status::text,
              p.review_status::text, p.merge_status, p.auto_merge_method::text, p.auto_merge_by
         from docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 7,
                  '{"title": "Add a cart", "status": "draft", "author": "ada",
                    "head_branch": "cart", "head_commit": "c0ffee", "base_branch": "main",
                    "commits": 3, "changed_files": 5, "additions": 120, "deletions": 7,
                    "checks_status": "pending", "review_status": "approved",
                    "merge_status": "blocked", "auto_merge_method": "squash",
                    "auto_merge_by": "grace"}') as p $$,
    $$ values ('Add a cart', 'draft', 'ada', 'cart', 'c0ffee', 'main', 3, 5, 120, 7, 'pending',
               'approved', 'blocked', 'squash', 'grace') $$,
    'branches, sizes, checks, reviews and how it will be merged are kept');
create temporary table known as
select p.pull_request_id, p.version
  from docket.list_pull_requests(docket_test.project_id()) as p;

select results_eq(
    $$ select p.pull_request_id = k.pull_request_id, p.status::text, p.author, p.has_conflict
         from known as k
        cross join lateral docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 7,
                  '{"status": "open", "has_conflict": true}') as p $$,
    $$ values (true, 'open', 'ada', true) $$,
    'what is told again is the same pull request, and what is not told stays');
select results_eq(
    $$ select p.has_conflict, p.checks_status::text
         from docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 7,
                  '{"checks_status": null, "merge_status": "unknown"}') as p $$,
    $$ values (true, null) $$,
    'null empties a field, and a host that knows nothing new clears no conflict');
select is(
    (select (docket.get_pull_request(k.pull_request_id)).version from known as k),
    (select (docket.record_pull_request(
                docket_test.project_id(), 'acme/shop', 7, '{"author": "ada"}')).version),
    'what changes nothing makes no new version');

-- The end.
select results_eq(
    $$ select p.status::text, p.closed_at, p.merged_at
         from docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 7, '{"status": "closed"}') as p $$,
    $$ values ('closed', '2026-01-01 09:00+00'::timestamptz, null::timestamptz) $$,
    'closing has a time');
select results_eq(
    $$ select p.status::text, p.closed_at
         from docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 7, '{"status": "open"}') as p $$,
    $$ values ('open', null::timestamptz) $$,
    'what is opened again has none');
select docket_test.pass('1 hour');
select results_eq(
    $$ select p.status::text, p.merged_at, p.closed_at, p.merged_by, p.merge_commit, p.has_conflict
         from docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 7,
                  '{"status": "merged", "merged_by": "grace", "merge_commit": "d00d"}') as p $$,
    $$ values ('merged', '2026-01-01 10:00+00'::timestamptz, '2026-01-01 10:00+00'::timestamptz,
               'grace', 'd00d', false) $$,
    'merging has its time and person, and ends the conflict');
select throws_ok(
    $$ select docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 7, '{"status": "open"}') $$,
    'PDTRN', 'pull request acme/shop#7 is merged and can not become open',
    'what is merged stays merged');
select results_eq(
    $$ select p.merged_at, p.closed_at
         from docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 8,
                  '{"status": "merged", "merged_at": "2025-12-31 10:00+00"}') as p $$,
    $$ values ('2025-12-31 10:00+00'::timestamptz, '2025-12-31 10:00+00'::timestamptz) $$,
    'a time that is told is taken');

-- Finding them.
select results_eq(
    $$ select p.number from docket.list_pull_requests(docket_test.project_id()) as p $$,
    array[7, 8]::bigint[], 'they are listed');
select docket.record_pull_request(docket_test.project_id(), 'acme/shop', 9);
select results_eq(
    $$ select p.number from docket.list_pull_requests(docket_test.project_id(), 'merged') as p $$,
    array[7, 8]::bigint[], 'by status');
select results_eq(
    $$ select n.number
         from docket.list_pull_requests(docket_test.project_id(), page_size => 1) as p
        cross join lateral docket.list_pull_requests(
                  docket_test.project_id(), after => p.pull_request_id) as n $$,
    array[8, 9]::bigint[], 'by pages');
select throws_ok(
    $$ select docket.get_pull_request('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'pull request 00000000-0000-7000-8000-000000000000 does not exist',
    'one that does not exist is said so');
select is(
    (select count(distinct p.pull_request_id)
       from (values ('acme/shop'), ('acme/site')) as r (repository)
      cross join lateral docket.record_pull_request(
                docket_test.project_id(), r.repository, 7) as p), 2::bigint,
    'each repository has its own numbers');

-- Refusals.
select throws_ok(
    $$ select docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 10, '{"status": "conflict"}') $$,
    'PD422', null, 'a status that is none is refused');
select throws_ok(
    $$ select docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 10, '{"state": "open"}') $$,
    'PD422', 'what is told of a pull request has no field state', 'so is a field that is none');
select throws_ok(
    $$ select docket.record_pull_request(docket_test.project_id(), 'acme/shop', 0) $$,
    'PD422', 'pull request acme/shop#0 is refused: numbers count from 1', 'so is number 0');
select throws_ok(
    $$ select docket.record_pull_request(docket_test.project_id(), '', 1) $$,
    'PD422', 'pull request #1 is refused: a repository''s name has 1 to 255 characters',
    'so is a repository without a name');
select throws_ok(
    $$ select docket.record_pull_request(docket_test.project_id(), null, 1) $$,
    'PD422', null, 'or none at all');
select throws_ok(
    $$ select docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 10, '{"additions": -1}') $$,
    'PD422',
    'pull request acme/shop#10 is refused: commits, changed_files, additions and deletions are not negative',
    'so are fewer than no lines');
select throws_ok(
    $$ select docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 10, '{"commits": "many"}') $$,
    'PD422', null, 'and what is no number');
select throws_ok(
    $$ select docket.record_pull_request(
                  docket_test.project_id(), 'acme/shop', 10, '{"merged_at": "2026-01-01"}') $$,
    'PD422',
    'pull request acme/shop#10 is refused: merged_at is set when, and only when, it is merged',
    'what is open was not merged');
select throws_ok(
    $$ select docket.record_pull_request(gen_random_uuid(), 'acme/shop', 10) $$,
    'PD404', null, 'the project exists');
select is_empty(
    $$ select from docket.list_pull_requests(docket_test.project_id()) as p where p.number = 10 $$,
    'what is refused leaves nothing');

-- The same request twice.
select is(
    (select count(distinct p.title)
       from (values ('{"title": "one"}'::jsonb), ('{"title": "two"}')) as twice (changes)
      cross join lateral docket.record_pull_request(
                docket_test.project_id(), 'acme/shop', 11, twice.changes,
                '00000000-0000-4000-8000-000000000001') as p), 1::bigint,
    'the same request twice is answered once');

select isnt_empty(
    $$ select
         from docket.audit_log as l
        where l.table_name = 'pull_requests'
          and l.project_id = docket_test.project_id()
          and l.operation = 'update'
          and l.new_values ->> 'status' = 'merged' $$,
    'the journal has its merge');

select * from finish();
rollback;
