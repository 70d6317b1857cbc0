-- Events of GitHub come twice and in any order, and tell the same in the end.

begin;
select plan(33);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

-- A pull request as GitHub tells it, with what differs.
create function pg_temp.pull_request(told jsonb) returns jsonb
language sql
as $$
    select jsonb_build_object(
        'number', 7, 'state', 'open', 'draft', false, 'merged', false, 'merged_at', null,
        'title', 'Add a cart', 'body', null, 'html_url', 'https://host/pull/7',
        'user', '{"login": "ada"}'::jsonb, 'head', '{"ref": "cart", "sha": "c1"}'::jsonb,
        'base', '{"ref": "main", "sha": "b1"}'::jsonb, 'mergeable', null,
        'mergeable_state', 'unknown', 'auto_merge', null, 'commits', 1, 'changed_files', 2,
        'additions', 10, 'deletions', 3, 'requested_reviewers', '[]'::jsonb,
        'requested_teams', '[]'::jsonb, 'created_at', '2026-01-01T08:00:00Z',
        'updated_at', '2026-01-01T08:00:00Z', 'closed_at', null) || pull_request.told;
$$;

create function pg_temp.send(event text, payload jsonb, delivery text default null)
returns docket.webhook_deliveries
language sql
as $$
    select r.*
      from docket.ingest_github(
               docket_test.project_id(), send.event,
               coalesce(send.delivery, gen_random_uuid()::text),
               '{"repository": {"full_name": "acme/shop", "pushed_at": 1767254400}}'::jsonb
               || send.payload) as r;
$$;

create function pg_temp.tell(action text, told jsonb) returns text
language sql
as $$
    select (pg_temp.send('pull_request', jsonb_build_object(
                'action', tell.action,
                'pull_request', pg_temp.pull_request(tell.told)))).delivery_status::text;
$$;

create function pg_temp.known() returns docket.pull_requests
language sql
as $$
    select p.*
      from docket.pull_requests as p
     where p.project_id = docket_test.project_id()
       and p.number     = 7;
$$;

-- From draft to open.
select is(pg_temp.tell('opened', '{"draft": true}'), 'processed', 'an event is taken in');
select results_eq(
    $$ select k.repository, k.title, k.status::text, k.author, k.head_branch, k.head_commit,
              k.base_branch, k.commits, k.changed_files, k.additions, k.deletions, k.opened_at
         from pg_temp.known() as k $$,
    $$ values ('acme/shop', 'Add a cart', 'draft', 'ada', 'cart', 'c1', 'main', 1, 2, 10, 3,
               '2026-01-01 08:00+00'::timestamptz) $$,
    'a draft is known with all that is told of it');
select pg_temp.tell('ready_for_review', '{"updated_at": "2026-01-01T08:05:00Z"}');
select is((pg_temp.known()).status::text, 'open', 'it is open');
select pg_temp.tell('opened', '{"draft": true, "title": "Old"}');
select results_eq(
    $$ select k.status::text, k.title from pg_temp.known() as k $$,
    $$ values ('open', 'Add a cart') $$,
    'what was told before changes nothing when it comes late');

-- Conflicts.
select pg_temp.tell('synchronize', '{"updated_at": "2026-01-01T08:10:00Z", "mergeable": false,
                                     "mergeable_state": "dirty"}');
select ok((pg_temp.known()).has_conflict, 'a conflict is known');
select pg_temp.tell('edited', '{"updated_at": "2026-01-01T08:11:00Z", "title": "Add the cart"}');
select results_eq(
    $$ select k.has_conflict, k.merge_status, k.title from pg_temp.known() as k $$,
    $$ values (true, 'dirty', 'Add the cart') $$,
    'and stays while GitHub does not know better');
select pg_temp.tell('synchronize', '{"updated_at": "2026-01-01T08:12:00Z", "mergeable": true,
                                     "mergeable_state": "blocked"}');
select results_eq(
    $$ select k.has_conflict, k.merge_status from pg_temp.known() as k $$,
    $$ values (false, 'blocked') $$,
    'until it does');

-- Merged by itself.
select pg_temp.tell('auto_merge_enabled', '{"updated_at": "2026-01-01T08:13:00Z",
    "auto_merge": {"enabled_by": {"login": "grace"}, "merge_method": "squash"}}');
select results_eq(
    $$ select k.auto_merge_method::text, k.auto_merge_by from pg_temp.known() as k $$,
    $$ values ('squash', 'grace') $$,
    'that it will be merged by itself is known');
select pg_temp.tell('auto_merge_disabled', '{"updated_at": "2026-01-01T08:14:00Z"}');
select is((pg_temp.known()).auto_merge_method::text, null, 'and that it will not');

-- Reviews: the pull request within them lacks half of its fields.
create function pg_temp.review(
    id integer, who text, state text, at text, action text default 'submitted')
returns text
language sql
as $$
    select (pg_temp.send('pull_request_review', jsonb_build_object(
                'action', review.action,
                'review', jsonb_build_object(
                    'id', review.id, 'user', jsonb_build_object('login', review.who),
                    'state', review.state, 'submitted_at', review.at, 'commit_id', 'c1',
                    'body', null, 'html_url', 'https://host/review'),
                'pull_request', pg_temp.pull_request(jsonb_build_object('updated_at', review.at))
                    - array['draft', 'merged', 'mergeable', 'mergeable_state', 'commits',
                            'additions', 'deletions', 'changed_files']))).delivery_status::text;
$$;
select pg_temp.tell('review_requested', '{"updated_at": "2026-01-01T08:15:00Z",
                                          "requested_reviewers": [{"login": "grace"}]}');
select is((pg_temp.known()).review_status::text, 'pending', 'a review is asked for');
select pg_temp.review(1, 'grace', 'changes_requested', '2026-01-01T08:20:00Z');
select results_eq(
    $$ select k.review_status::text, k.commits, k.status::text from pg_temp.known() as k $$,
    $$ values ('changes_requested', 1, 'open') $$,
    'changes are requested, and what a review does not tell stays');
select pg_temp.review(2, 'linus', 'approved', '2026-01-01T08:21:00Z');
select is((pg_temp.known()).review_status::text, 'changes_requested', 'one approves, one does not');
select pg_temp.review(3, 'grace', 'commented', '2026-01-01T08:22:00Z');
select is((pg_temp.known()).review_status::text, 'changes_requested', 'a comment decides nothing');
select pg_temp.review(4, 'grace', 'approved', '2026-01-01T08:23:00Z');
select is((pg_temp.known()).review_status::text, 'approved', 'the last word of each counts');
select pg_temp.review(2, 'linus', 'dismissed', '2026-01-01T08:21:00Z', 'dismissed');
select pg_temp.review(2, 'linus', 'approved', '2026-01-01T08:21:00Z');
select results_eq(
    $$ select r.reviewer, r.review_state
         from docket.list_reviews((pg_temp.known()).pull_request_id) as r $$,
    $$ values ('grace', 'changes_requested'), ('linus', 'dismissed'), ('grace', 'commented'),
              ('grace', 'approved') $$,
    'what is dismissed stays so');

-- Checks, by the commit.
create function pg_temp.check_run(name text, sha text, conclusion text, at text) returns text
language sql
as $$
    select (pg_temp.send('check_run', jsonb_build_object(
                'action', 'completed',
                'check_run', jsonb_build_object(
                    'id', 1, 'name', check_run.name, 'head_sha', check_run.sha,
                    'status', case when check_run.conclusion is null then 'in_progress'
                                   else 'completed' end,
                    'conclusion', check_run.conclusion, 'started_at', '2026-01-01T08:30:00Z',
                    'completed_at', check_run.at, 'app', '{"slug": "ci"}'::jsonb,
                    'pull_requests', '[]'::jsonb)))).delivery_status::text;
$$;
select pg_temp.check_run('unit', 'c1', null, null);
select is((pg_temp.known()).checks_status::text, 'pending', 'a check runs');
select pg_temp.check_run('unit', 'c1', 'failure', '2026-01-01T08:31:00Z');
select pg_temp.check_run('lint', 'c1', 'success', '2026-01-01T08:31:00Z');
select is((pg_temp.known()).checks_status::text, 'failure', 'one of two fails');
select pg_temp.check_run('unit', 'c1', null, null);
select is((pg_temp.known()).checks_status::text, 'failure', 'its beginning comes late');
select pg_temp.check_run('unit', 'c1', 'success', '2026-01-01T08:40:00Z');
select is((pg_temp.known()).checks_status::text, 'success', 'it was run again');
select pg_temp.send('status', '{"sha": "c1", "context": "deploy", "state": "pending",
                                "updated_at": "2026-01-01T08:41:00Z"}');
select results_eq(
    $$ select c.source, c.name, c.check_status::text
         from docket.list_checks((pg_temp.known()).pull_request_id) as c $$,
    $$ values ('check_run', 'ci/lint', 'success'), ('check_run', 'ci/unit', 'success'),
              ('status', 'deploy', 'pending') $$,
    'the checks of the head are listed');

-- A force push: other commits, of which nothing is known.
select is(
    (select d.outcome
       from pg_temp.send('push', '{"ref": "refs/heads/cart", "before": "c1", "after": "c2",
                                   "forced": true, "commits": [{}, {}]}') as d),
    '{"ref": "refs/heads/cart", "commit": "c2"}', 'a push is kept');
select results_eq(
    $$ select p.ref, p.is_forced, p.commits, p.pushed_at
         from docket.list_pushes(docket_test.project_id()) as p $$,
    $$ values ('refs/heads/cart', true, 2, '2026-01-01 08:00+00'::timestamptz) $$,
    'with what it threw away');
select pg_temp.check_run('unit', 'c2', 'timed_out', '2026-01-01T08:50:00Z');
select is((pg_temp.known()).checks_status::text, 'pending',
    'a commit that is not the head is none');
select pg_temp.tell('synchronize', '{"updated_at": "2026-01-01T08:49:00Z",
                                     "head": {"ref": "cart", "sha": "c2"}}');
select is((pg_temp.known()).checks_status::text, 'failure', 'until it is, whichever came first');

-- The merge queue, and the merge.
select pg_temp.send('merge_group', '{"action": "checks_requested", "merge_group": {
    "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-b1", "head_sha": "q1",
    "head_commit": {"timestamp": "2026-01-01T08:55:00Z"}}}');
select ok((pg_temp.known()).is_queued, 'it stands in the queue');
select docket.link_pull_request(docket_test.id('a'), (pg_temp.known()).pull_request_id);
select pg_temp.tell('closed', '{"updated_at": "2026-01-01T08:58:00Z", "state": "closed",
    "merged": true, "merged_at": "2026-01-01T08:58:00Z", "closed_at": "2026-01-01T08:58:00Z",
    "merged_by": {"login": "grace"}, "merge_commit_sha": "m1"}');
select results_eq(
    $$ select k.status::text, k.merged_by, k.merge_commit, k.merged_at, k.is_queued
         from pg_temp.known() as k $$,
    $$ values ('merged', 'grace', 'm1', '2026-01-01 08:58+00'::timestamptz, false) $$,
    'it is merged');
select is(
    (select t.merged_at from docket.get_task(docket_test.id('a')) as t),
    '2026-01-01 08:58+00'::timestamptz, 'and so is its task');
select is(
    pg_temp.tell('closed', '{"updated_at": "2026-01-01T08:59:00Z", "state": "closed"}'),
    'processed', 'what is told of it afterwards');
select is((pg_temp.known()).status::text, 'merged', 'does not undo the merge');

-- Deliveries.
select results_eq(
    $$ select d.times_received, d.times_processed, d.delivery_status::text
         from generate_series(1, 2) as n
        cross join lateral pg_temp.send('star', jsonb_build_object('n', n), 'twice') as d $$,
    $$ values (1, 1, 'ignored'), (2, 1, 'ignored') $$,
    'what comes twice is counted, and what is not for us ignored');
create temporary table failed as
select d.* from pg_temp.send('pull_request', '{"pull_request": {"number": 0}}') as d;
select results_eq(
    $$ select f.delivery_status::text, f.error,
              convert_from(f.body, 'UTF8')::jsonb -> 'pull_request'
         from failed as f $$,
    $$ values ('failed', 'pull request acme/shop#0 is refused: numbers count from 1',
               '{"number": 0}'::jsonb) $$,
    'what can not be taken in is kept, with the reason');
select results_eq(
    $$ select r.delivery_status::text, r.times_processed, r.times_received
         from failed as f
        cross join lateral docket.replay_webhook(f.webhook_delivery_id) as r $$,
    $$ values ('failed', 2, 1) $$,
    'and can be tried again');
select throws_ok(
    $$ select docket.ingest_github(docket_test.project_id(), 'push', '', '{}') $$,
    'PD422', 'this is no delivery of GitHub''s', 'a delivery without an id is none');

select * from finish();
rollback;
