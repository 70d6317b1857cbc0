-- Deploy pgdocket:delivery/commit_checks to pg
-- requires: delivery/task_pull_requests

begin;
set local role docket_owner;

-- What a host tells around pull requests arrives twice and in any order. So every row here has
-- told_key, a text that sorts by when the host said it and, where it said two things at the same
-- time, by what it said: the greatest wins, whichever comes first.

create table docket.commit_checks (
    commit_check_id uuid                 not null,
    project_id      uuid                 not null,
    repository      text                 not null,
    commit_hash     text                 not null,
    source          text                 not null,
    name            text                 not null,
    check_status    docket.checks_status not null,
    conclusion      text,
    url             text,
    started_at      timestamptz,
    completed_at    timestamptz,
    told_key        text                 not null,
    version         bigint               not null default 1,
    created_at      timestamptz          not null default docket.clock(),
    updated_at      timestamptz          not null default docket.clock(),
    created_by      text                 not null default docket.principal(),
    updated_by      text                 not null default docket.principal(),

    constraint commit_checks_pkey primary key (commit_check_id, project_id),
    constraint commit_checks_name_key unique (project_id, repository, commit_hash, source, name),
    constraint commit_checks_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint commit_checks_texts_bounded
        check (length(repository) between 1 and 255
               and length(commit_hash) between 1 and 64
               and length(source) between 1 and 63
               and length(name) between 1 and 1024
               and length(conclusion) <= 255
               and length(url) <= 4096)
);

comment on table docket.commit_checks is
    'What checks say of commits, the last of each: pull requests are judged by those of their head.';
comment on column docket.commit_checks.commit_check_id is
    'The check of the commit.';
comment on column docket.commit_checks.repository is
    'The repository as its host names it, such as owner/name.';
comment on column docket.commit_checks.commit_hash is
    'The commit.';
comment on column docket.commit_checks.source is
    'What kind of check it is: check_run, check_suite, status or workflow_run.';
comment on column docket.commit_checks.name is
    'What it is called, with the app that makes it.';
comment on column docket.commit_checks.check_status is
    'What it says.';
comment on column docket.commit_checks.conclusion is
    'What it says in the words of its host.';
comment on column docket.commit_checks.url is
    'Where it can be seen.';
comment on column docket.commit_checks.started_at is
    'When it began.';
comment on column docket.commit_checks.completed_at is
    'When it was over.';
comment on column docket.commit_checks.told_key is
    'When it was told, and what: of two the greater counts.';
comment on constraint commit_checks_texts_bounded on docket.commit_checks is
    'names, commits and addresses of checks are bounded';

create table docket.pull_request_reviews (
    pull_request_review_id uuid        not null,
    project_id             uuid        not null,
    pull_request_id        uuid        not null,
    host_review_id         text        not null,
    reviewer               text        not null,
    review_state           text        not null,
    commit_hash            text,
    body                   text,
    url                    text,
    submitted_at           timestamptz,
    told_key               text        not null,
    version                bigint      not null default 1,
    created_at             timestamptz not null default docket.clock(),
    updated_at             timestamptz not null default docket.clock(),
    created_by             text        not null default docket.principal(),
    updated_by             text        not null default docket.principal(),

    constraint pull_request_reviews_pkey primary key (pull_request_review_id, project_id),
    constraint pull_request_reviews_host_key unique (pull_request_id, project_id, host_review_id),
    constraint pull_request_reviews_pull_request_fkey
        foreign key (pull_request_id, project_id) references docket.pull_requests
        on delete cascade,
    constraint pull_request_reviews_state_known
        check (review_state in ('approved', 'changes_requested', 'commented', 'dismissed',
                                'pending')),
    constraint pull_request_reviews_texts_bounded
        check (length(host_review_id) between 1 and 255
               and length(reviewer) between 1 and 255
               and length(commit_hash) <= 64
               and length(url) <= 4096)
);

create index pull_request_reviews_project_idx
    on docket.pull_request_reviews (project_id, pull_request_review_id);

comment on table docket.pull_request_reviews is
    'What reviewers said of pull requests.';
comment on column docket.pull_request_reviews.pull_request_review_id is
    'The review.';
comment on column docket.pull_request_reviews.pull_request_id is
    'The pull request.';
comment on column docket.pull_request_reviews.host_review_id is
    'The host''s id of the review.';
comment on column docket.pull_request_reviews.reviewer is
    'Who reviewed, as the host names him.';
comment on column docket.pull_request_reviews.review_state is
    'What he said: approved, changes_requested, commented; dismissed: it counts no longer.';
comment on column docket.pull_request_reviews.commit_hash is
    'The commit that was looked at.';
comment on column docket.pull_request_reviews.body is
    'What he wrote.';
comment on column docket.pull_request_reviews.url is
    'Where it can be seen.';
comment on column docket.pull_request_reviews.submitted_at is
    'When he said it.';
comment on column docket.pull_request_reviews.told_key is
    'When it was told, and what: of two the greater counts.';
comment on constraint pull_request_reviews_state_known on docket.pull_request_reviews is
    'a review is approved, changes_requested, commented, dismissed or pending';
comment on constraint pull_request_reviews_texts_bounded on docket.pull_request_reviews is
    'names, ids and addresses of reviews are bounded';

create table docket.pushes (
    push_id       uuid        not null,
    project_id    uuid        not null,
    repository    text        not null,
    ref           text        not null,
    before_commit text        not null,
    after_commit  text        not null,
    is_forced     boolean     not null,
    commits       integer     not null,
    pusher        text,
    url           text,
    pushed_at     timestamptz not null,
    created_at    timestamptz not null default docket.clock(),
    created_by    text        not null default docket.principal(),

    constraint pushes_pkey primary key (push_id, project_id),
    constraint pushes_told_key
        unique (project_id, repository, ref, pushed_at, before_commit, after_commit),
    constraint pushes_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint pushes_texts_bounded
        check (length(repository) between 1 and 255
               and length(ref) between 1 and 1024
               and length(before_commit) between 1 and 64
               and length(after_commit) between 1 and 64
               and length(pusher) <= 255
               and length(url) <= 4096),
    constraint pushes_commits_not_negative check (commits >= 0)
);

comment on table docket.pushes is
    'Where branches and tags were moved to. Rows are added, never changed.';
comment on column docket.pushes.push_id is
    'The push.';
comment on column docket.pushes.repository is
    'The repository as its host names it, such as owner/name.';
comment on column docket.pushes.ref is
    'What was moved, such as refs/heads/main.';
comment on column docket.pushes.before_commit is
    'Where it stood; all zeros: it was made.';
comment on column docket.pushes.after_commit is
    'Where it stands; all zeros: it was removed.';
comment on column docket.pushes.is_forced is
    'Whether what it had was thrown away.';
comment on column docket.pushes.commits is
    'How many commits the host told of.';
comment on column docket.pushes.pusher is
    'Who did it, as the host names him.';
comment on column docket.pushes.url is
    'Where the difference can be seen.';
comment on column docket.pushes.pushed_at is
    'When.';
comment on constraint pushes_texts_bounded on docket.pushes is
    'names, commits and addresses of pushes are bounded';
comment on constraint pushes_commits_not_negative on docket.pushes is
    'a push has no commits or some';

-- What a host said of each field of a pull request last, by told_key.
create table docket_private.pull_request_facts (
    pull_request_id uuid  not null,
    project_id      uuid  not null,
    facts           jsonb not null default '{}',

    constraint pull_request_facts_pkey primary key (pull_request_id, project_id),
    constraint pull_request_facts_pull_request_fkey
        foreign key (pull_request_id, project_id) references docket.pull_requests
        on delete cascade
);

comment on table docket_private.pull_request_facts is
    'What a host said last of each field of a pull request: value and told_key, by field.';
comment on column docket_private.pull_request_facts.pull_request_id is
    'The pull request.';
comment on column docket_private.pull_request_facts.facts is
    'By field: v is the value, k the told_key; of two the greater counts.';

-- Who takes in what a host tells of a repository holds its row: of a check of a commit and a pull
-- request that gets that commit at the same time, the later sees the earlier.
create table docket_private.webhook_streams (
    project_id uuid   not null,
    repository text   not null,
    deliveries bigint not null default 1,

    constraint webhook_streams_pkey primary key (project_id, repository),
    constraint webhook_streams_project_fkey
        foreign key (project_id) references docket.projects on delete cascade
);

comment on table docket_private.webhook_streams is
    'The repositories that hosts tell of: whoever takes in one delivery holds the row.';
comment on column docket_private.webhook_streams.repository is
    'The repository as its host names it.';
comment on column docket_private.webhook_streams.deliveries is
    'How many were taken in.';

call docket_private.add_touch('docket.commit_checks');
call docket_private.add_journal('docket.commit_checks', 'commit_check_id');
call docket_private.add_isolation('docket.commit_checks');
call docket_private.add_touch('docket.pull_request_reviews');
call docket_private.add_journal('docket.pull_request_reviews', 'pull_request_review_id');
call docket_private.add_isolation('docket.pull_request_reviews');
call docket_private.add_journal('docket.pushes', 'push_id');
call docket_private.add_isolation('docket.pushes');
call docket_private.add_isolation('docket_private.pull_request_facts');
call docket_private.add_isolation('docket_private.webhook_streams');

create function docket.list_checks(
    pull_request_id uuid,
    status          text    default null,
    after           text    default null,
    page_size       integer default 100
) returns setof docket.commit_checks
language sql
stable
begin atomic
    select c.*
      from docket.pull_requests as p
      join docket.commit_checks as c
        on c.project_id  = p.project_id
       and c.repository  = p.repository
       and c.commit_hash = p.head_commit
     where p.pull_request_id = list_checks.pull_request_id
       and (list_checks.status is null or c.check_status = list_checks.status)
       and (list_checks.after is null or c.source || '/' || c.name > list_checks.after)
     order by c.source || '/' || c.name
     limit least(greatest(list_checks.page_size, 1), 1000);
end;

comment on function docket.list_checks(uuid, text, text, integer) is
'The checks of the head commit of pull request `pull_request_id`; with one `status` only (pending,
success, failure), where it is given.

`after` is source and name of the last row of the previous page, with a slash between, `page_size`
is in rows (1 to 1000). Returns checks by source and name; raises nothing.';

create function docket.list_reviews(
    pull_request_id uuid,
    after           uuid    default null,
    page_size       integer default 100
) returns setof docket.pull_request_reviews
language sql
stable
begin atomic
    select r.*
      from docket.pull_request_reviews as r
     where r.pull_request_id = list_reviews.pull_request_id
       and (list_reviews.after is null or r.pull_request_review_id > list_reviews.after)
     order by r.pull_request_review_id
     limit least(greatest(list_reviews.page_size, 1), 1000);
end;

comment on function docket.list_reviews(uuid, uuid, integer) is
'What reviewers said of pull request `pull_request_id`, the first told first.

`after` is the id of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns reviews; raises nothing.';

create function docket.list_pushes(
    project_id uuid,
    repository text    default null,
    ref        text    default null,
    after      uuid    default null,
    page_size  integer default 100
) returns setof docket.pushes
language sql
stable
begin atomic
    select p.*
      from docket.pushes as p
     where p.project_id = list_pushes.project_id
       and (list_pushes.repository is null or p.repository = list_pushes.repository)
       and (list_pushes.ref is null or p.ref = list_pushes.ref)
       and (list_pushes.after is null or p.push_id > list_pushes.after)
     order by p.push_id
     limit least(greatest(list_pushes.page_size, 1), 1000);
end;

comment on function docket.list_pushes(uuid, text, text, uuid, integer) is
'Where the branches and tags of project `project_id` were moved, the first told first: of one
`repository`, of one `ref` (refs/heads/main), where these are given.

`after` is the id of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns pushes; raises nothing.';

revoke all on function docket.list_checks(uuid, text, text, integer) from public;
revoke all on function docket.list_reviews(uuid, uuid, integer) from public;
revoke all on function docket.list_pushes(uuid, text, text, uuid, integer) from public;
grant execute on function
    docket.list_checks(uuid, text, text, integer),
    docket.list_reviews(uuid, uuid, integer),
    docket.list_pushes(uuid, text, text, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.commit_checks, docket.pull_request_reviews, docket.pushes
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
