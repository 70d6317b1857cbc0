-- Deploy pgdocket:delivery/pull_requests to pg
-- requires: graph/task_nodes
-- requires: projects/write_workflows

begin;
set local role docket_owner;

create domain docket.pull_request_status as text
    constraint pull_request_status_known check (value in ('draft', 'open', 'merged', 'closed'));

comment on domain docket.pull_request_status is
    'draft: not to be merged yet; open: proposed; merged and closed (without being merged): it is over.';

create domain docket.checks_status as text
    constraint checks_status_known check (value in ('pending', 'success', 'failure'));

comment on domain docket.checks_status is
    'What the checks of a head commit say in sum.';

create domain docket.review_status as text
    constraint review_status_known check (value in ('pending', 'approved', 'changes_requested'));

comment on domain docket.review_status is
    'What the reviewers say in sum.';

create domain docket.merge_method as text
    constraint merge_method_known check (value in ('merge', 'squash', 'rebase'));

comment on domain docket.merge_method is
    'How a pull request is merged.';

-- A conflict is a flag and no status: it comes and goes while the pull request is open, and a host
-- that has not found out yet must not clear it.
create table docket.pull_requests (
    pull_request_id   uuid                       not null,
    project_id        uuid                       not null,
    repository        text                       not null,
    number            bigint                     not null,
    title             text                       not null default '',
    description       text,
    url               text,
    author            text,
    status            docket.pull_request_status not null default 'open',
    has_conflict      boolean                    not null default false,
    head_branch       text,
    head_commit       text,
    base_branch       text,
    base_commit       text,
    merge_commit      text,
    commits           integer,
    changed_files     integer,
    additions         integer,
    deletions         integer,
    checks_status     docket.checks_status,
    review_status     docket.review_status,
    merge_status      text,
    auto_merge_method docket.merge_method,
    auto_merge_by     text,
    is_queued         boolean                    not null default false,
    opened_at         timestamptz,
    merged_at         timestamptz,
    merged_by         text,
    closed_at         timestamptz,
    metadata          jsonb                      not null default '{}',
    version           bigint                     not null default 1,
    created_at        timestamptz                not null default docket.clock(),
    updated_at        timestamptz                not null default docket.clock(),
    created_by        text                       not null default docket.principal(),
    updated_by        text                       not null default docket.principal(),

    constraint pull_requests_pkey primary key (pull_request_id, project_id),
    constraint pull_requests_number_key unique (project_id, repository, number),
    constraint pull_requests_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint pull_requests_repository_bounded check (length(repository) between 1 and 255),
    constraint pull_requests_number_positive check (number > 0),
    constraint pull_requests_title_bounded check (length(title) <= 1024),
    constraint pull_requests_counts_not_negative
        check (least(commits, changed_files, additions, deletions) >= 0),
    constraint pull_requests_merged_has_time check ((status = 'merged') = (merged_at is not null)),
    constraint pull_requests_over_has_time
        check ((status in ('merged', 'closed')) = (closed_at is not null)),
    constraint pull_requests_merged_has_no_conflict check (status <> 'merged' or not has_conflict),
    constraint pull_requests_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

create index pull_requests_status_idx
    on docket.pull_requests (project_id, status, pull_request_id);

-- Checks are reported by commit.
create index pull_requests_head_commit_idx
    on docket.pull_requests (project_id, head_commit) where head_commit is not null;

comment on table docket.pull_requests is
    'Pull requests of a project''s repositories, as their host last told.';
comment on column docket.pull_requests.pull_request_id is
    'The pull request.';
comment on column docket.pull_requests.repository is
    'The repository as its host names it, such as owner/name.';
comment on column docket.pull_requests.number is
    'Its number in the repository.';
comment on column docket.pull_requests.title is
    'What it is called.';
comment on column docket.pull_requests.description is
    'What it says of itself.';
comment on column docket.pull_requests.url is
    'Where it can be seen.';
comment on column docket.pull_requests.author is
    'Who proposed it, as the host names him.';
comment on column docket.pull_requests.status is
    'Where it stands.';
comment on column docket.pull_requests.has_conflict is
    'Whether it is known to conflict with its base.';
comment on column docket.pull_requests.head_branch is
    'The branch with the changes.';
comment on column docket.pull_requests.head_commit is
    'The last commit of that branch, which checks and reviews are about.';
comment on column docket.pull_requests.base_branch is
    'The branch to merge into.';
comment on column docket.pull_requests.base_commit is
    'The commit of that branch which it is compared with.';
comment on column docket.pull_requests.merge_commit is
    'The commit that merged it.';
comment on column docket.pull_requests.commits is
    'How many commits it has.';
comment on column docket.pull_requests.changed_files is
    'How many files it changes.';
comment on column docket.pull_requests.additions is
    'How many lines it adds.';
comment on column docket.pull_requests.deletions is
    'How many lines it removes.';
comment on column docket.pull_requests.checks_status is
    'What its checks say in sum; null: there are none, or nothing is known.';
comment on column docket.pull_requests.review_status is
    'What its reviewers say in sum; null: nothing is known.';
comment on column docket.pull_requests.merge_status is
    'Whether it could be merged, in the words of its host (clean, blocked, behind, unstable, dirty).';
comment on column docket.pull_requests.auto_merge_method is
    'How it will be merged by itself as soon as it may; null: it will not.';
comment on column docket.pull_requests.auto_merge_by is
    'Who asked for that.';
comment on column docket.pull_requests.is_queued is
    'Whether it stands in the merge queue of its repository.';
comment on column docket.pull_requests.opened_at is
    'When it was proposed.';
comment on column docket.pull_requests.merged_at is
    'When it was merged.';
comment on column docket.pull_requests.merged_by is
    'Who merged it.';
comment on column docket.pull_requests.closed_at is
    'When it was merged or closed.';

comment on constraint pull_requests_repository_bounded on docket.pull_requests is
    'a repository''s name has 1 to 255 characters';
comment on constraint pull_requests_number_positive on docket.pull_requests is
    'numbers count from 1';
comment on constraint pull_requests_title_bounded on docket.pull_requests is
    'a title has at most 1024 characters';
comment on constraint pull_requests_counts_not_negative on docket.pull_requests is
    'commits, changed_files, additions and deletions are not negative';
comment on constraint pull_requests_merged_has_time on docket.pull_requests is
    'merged_at is set when, and only when, it is merged';
comment on constraint pull_requests_over_has_time on docket.pull_requests is
    'closed_at is set when, and only when, it is merged or closed';
comment on constraint pull_requests_merged_has_no_conflict on docket.pull_requests is
    'what is merged has no conflict';
comment on constraint pull_requests_metadata_is_object on docket.pull_requests is
    'metadata is a JSON object';

call docket_private.add_touch('docket.pull_requests');
call docket_private.add_journal('docket.pull_requests', 'pull_request_id');
call docket_private.add_isolation('docket.pull_requests');

grant select on docket.pull_requests
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

-- The fields that a host tells, all of them.
create function docket_private.pull_request_fields() returns text[]
language sql
immutable
begin atomic
    select array[
        'title', 'description', 'url', 'author', 'status', 'has_conflict', 'head_branch',
        'head_commit', 'base_branch', 'base_commit', 'merge_commit', 'commits', 'changed_files',
        'additions', 'deletions', 'checks_status', 'review_status', 'merge_status',
        'auto_merge_method', 'auto_merge_by', 'is_queued', 'opened_at', 'merged_at', 'merged_by',
        'closed_at', 'metadata'];
end;

comment on function docket_private.pull_request_fields() is
    'The columns of a pull request that docket.record_pull_request() may be given.';

-- Makes what its status says true of the times, where the host did not tell.
create function docket_private.time_pull_request() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.status = 'merged' then
        new.merged_at    := coalesce(new.merged_at, docket.clock());
        new.closed_at    := coalesce(new.closed_at, new.merged_at);
        new.has_conflict := false;
        new.is_queued    := false;
    elsif new.status = 'closed' then
        new.closed_at := coalesce(new.closed_at, docket.clock());
        new.is_queued := false;
    else
        new.closed_at := null;
    end if;
    return new;
end;
$$;

comment on function docket_private.time_pull_request() is
    'Sets when a pull request was merged or closed, and forgets it when it is open again.';

create trigger pull_requests_time
    before insert or update of status, merged_at, closed_at, has_conflict, is_queued
    on docket.pull_requests
    for each row execute function docket_private.time_pull_request();

create function docket.record_pull_request(
    project_id uuid,
    repository text,
    number     bigint,
    changes    jsonb default '{}',
    request_id uuid  default null
) returns docket.pull_requests
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'record_pull_request');
    v_known      docket.pull_requests;
    v_new        docket.pull_requests;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.pull_requests, v_answer);
    end if;

    perform docket_private.require_project(record_pull_request.project_id);
    perform docket_private.require_keys(
        record_pull_request.changes, docket_private.pull_request_fields(),
        'what is told of a pull request');

    -- A merge may satisfy dependents of the tasks that it is about: the graph's key comes first.
    if record_pull_request.changes ?| array['status', 'merged_at'] then
        perform docket_private.share_graph(record_pull_request.project_id);
    end if;

    begin
        -- Two who tell of a new one at once: the second waits here for the first, and goes on
        -- with its row.
        insert into docket.pull_requests (pull_request_id, project_id, repository, number)
        values (
            docket_private.new_id(record_pull_request.project_id), record_pull_request.project_id,
            record_pull_request.repository, record_pull_request.number)
            on conflict on constraint pull_requests_number_key do nothing;

        select p.* into strict v_known
          from docket.pull_requests as p
         where p.project_id = record_pull_request.project_id
           and p.repository = record_pull_request.repository
           and p.number     = record_pull_request.number
           for no key update;

        v_new := jsonb_populate_record(v_known, record_pull_request.changes);

        if v_known.status = 'merged' and v_new.status <> 'merged' then
            raise exception 'pull request %#% is merged and can not become %',
                            v_known.repository, v_known.number, v_new.status
                using errcode = 'PDTRN';
        end if;

        update docket.pull_requests as p
           set title             = v_new.title,
               description       = v_new.description,
               url               = v_new.url,
               author            = v_new.author,
               status            = v_new.status,
               has_conflict      = v_new.has_conflict,
               head_branch       = v_new.head_branch,
               head_commit       = v_new.head_commit,
               base_branch       = v_new.base_branch,
               base_commit       = v_new.base_commit,
               merge_commit      = v_new.merge_commit,
               commits           = v_new.commits,
               changed_files     = v_new.changed_files,
               additions         = v_new.additions,
               deletions         = v_new.deletions,
               checks_status     = v_new.checks_status,
               review_status     = v_new.review_status,
               merge_status      = v_new.merge_status,
               auto_merge_method = v_new.auto_merge_method,
               auto_merge_by     = v_new.auto_merge_by,
               is_queued         = v_new.is_queued,
               opened_at         = v_new.opened_at,
               merged_at         = v_new.merged_at,
               merged_by         = v_new.merged_by,
               closed_at         = v_new.closed_at,
               metadata          = v_new.metadata
         where p.pull_request_id = v_known.pull_request_id
           and p.project_id      = v_known.project_id
        returning p.* into v_new;
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'pull request %#% is refused: %',
                            coalesce(left(record_pull_request.repository, 100), '?'),
                            coalesce(record_pull_request.number::text, '?'),
                            coalesce(
                                docket_private.constraint_text('pull_requests', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_new));
    return v_new;
end;
$$;

comment on function docket.record_pull_request(uuid, text, bigint, jsonb, uuid) is
'Records what is known of a pull request: makes it, or changes the given fields.

`repository` and `number` name it within the project; `changes` is an object of new values, and a
field that is not in it stays as it is: title, description, url, author, status (draft, open,
merged, closed), has_conflict, head_branch, head_commit, base_branch, base_commit, merge_commit,
commits, changed_files, additions, deletions, checks_status (pending, success, failure),
review_status (pending, approved, changes_requested), merge_status, auto_merge_method (merge,
squash, rebase), auto_merge_by, is_queued, opened_at, merged_at, merged_by, closed_at, metadata.
When it was merged or closed is now where it is not told. The same `request_id` again returns the
first answer.
Returns the pull request as it now stands. Raises PD404, PD403, PD422, PDTRN (it is merged already
and would be something else).';

create function docket.get_pull_request(pull_request_id uuid) returns docket.pull_requests
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pull_request docket.pull_requests;
begin
    select p.* into v_pull_request
      from docket.pull_requests as p
     where p.pull_request_id = get_pull_request.pull_request_id;

    if not found then
        raise exception 'pull request % does not exist',
                        coalesce(get_pull_request.pull_request_id::text, 'null')
            using errcode = 'PD404';
    end if;

    return v_pull_request;
end;
$$;

comment on function docket.get_pull_request(uuid) is
    'One pull request by its id, `pull_request_id`. Returns the pull request. Raises PD404.';

create function docket.list_pull_requests(
    project_id uuid,
    status     text    default null,
    after      uuid    default null,
    page_size  integer default 100
) returns setof docket.pull_requests
language sql
stable
begin atomic
    select p.*
      from docket.pull_requests as p
     where p.project_id = list_pull_requests.project_id
       and (list_pull_requests.status is null or p.status = list_pull_requests.status)
       and (list_pull_requests.after is null or p.pull_request_id > list_pull_requests.after)
     order by p.pull_request_id
     limit least(greatest(list_pull_requests.page_size, 1), 1000);
end;

comment on function docket.list_pull_requests(uuid, text, uuid, integer) is
'The pull requests of a project, the first recorded first; of one `status` only, where it is given.

`after` is the id of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns pull requests; raises nothing.';

revoke all on function docket_private.pull_request_fields() from public;
revoke all on function docket_private.time_pull_request() from public;
revoke all on function docket.record_pull_request(uuid, text, bigint, jsonb, uuid) from public;
revoke all on function docket.get_pull_request(uuid) from public;
revoke all on function docket.list_pull_requests(uuid, text, uuid, integer) from public;
grant execute on function docket.record_pull_request(uuid, text, bigint, jsonb, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.get_pull_request(uuid),
    docket.list_pull_requests(uuid, text, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
