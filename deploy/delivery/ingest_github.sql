-- Deploy pgdocket:delivery/ingest_github to pg
-- requires: delivery/commit_checks
-- requires: delivery/webhook_deliveries

begin;
set local role docket_owner;

-- Lock order: the graph's key, shared, because a merge may satisfy dependents, then the
-- repository's stream, then pull requests and their tasks.

-- A text that sorts by when something was told and, at the same time, by rank and content.
create function docket_private.told_key(
    told_at text,
    rank    integer,
    told    jsonb
) returns text
language sql
stable
begin atomic
    select coalesce(
               to_char(told_key.told_at::timestamptz at time zone 'UTC',
                       'YYYY-MM-DD"T"HH24:MI:SS.US'), '')
           || ' ' || told_key.rank || ' ' || md5(told_key.told::text);
end;

comment on function docket_private.told_key(text, integer, jsonb) is
    'When something was told, and what, as a text: of two the greater counts, whichever comes first.';

-- The fields that a pull request of GitHub's has, each with its key. What is absent is not told:
-- the pull request within a review lacks half of them. What GitHub has not found out yet, whether
-- it conflicts, is not told either.
create function docket_private.github_facts(pull_request jsonb) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pr        jsonb   := github_facts.pull_request;
    v_is_merged boolean := coalesce((v_pr ->> 'merged')::boolean, false)
                           or v_pr ->> 'merged_at' is not null;
    v_status    text    := case
                               when v_is_merged                 then 'merged'
                               when v_pr ->> 'state' = 'closed' then 'closed'
                               when (v_pr ->> 'draft')::boolean then 'draft'
                               when v_pr ? 'draft'              then 'open'
                           end;
    v_key       text;
begin
    -- A merge is for ever: it is greater than whatever else is told, and whenever.
    v_key := v_is_merged::integer || ' ' || docket_private.told_key(
        v_pr ->> 'updated_at',
        coalesce(array_position(array['draft', 'open', 'closed', 'merged'], v_status), 0), v_pr);

    return (
        select coalesce(
                   jsonb_object_agg(f.name, jsonb_build_object('v', f.value, 'k', v_key)), '{}')
          from (values
              ('title', v_pr ? 'title', to_jsonb(left(v_pr ->> 'title', 1024))),
              ('description', v_pr ? 'body', v_pr -> 'body'),
              ('url', v_pr ? 'html_url', v_pr -> 'html_url'),
              ('author', v_pr ? 'user', v_pr #> '{user,login}'),
              ('status', v_status is not null, to_jsonb(v_status)),
              ('has_conflict',
               v_pr ->> 'mergeable' is not null or v_pr ->> 'mergeable_state' = 'dirty',
               to_jsonb(v_pr ->> 'mergeable' is not distinct from 'false'
                        or v_pr ->> 'mergeable_state' = 'dirty')),
              ('merge_status', coalesce(v_pr ->> 'mergeable_state', 'unknown') <> 'unknown',
               v_pr -> 'mergeable_state'),
              ('head_branch', v_pr #> '{head,ref}' is not null, v_pr #> '{head,ref}'),
              ('head_commit', v_pr #> '{head,sha}' is not null, v_pr #> '{head,sha}'),
              ('base_branch', v_pr #> '{base,ref}' is not null, v_pr #> '{base,ref}'),
              ('base_commit', v_pr #> '{base,sha}' is not null, v_pr #> '{base,sha}'),
              ('merge_commit', v_is_merged and v_pr ? 'merge_commit_sha',
               v_pr -> 'merge_commit_sha'),
              ('commits', v_pr ? 'commits', v_pr -> 'commits'),
              ('changed_files', v_pr ? 'changed_files', v_pr -> 'changed_files'),
              ('additions', v_pr ? 'additions', v_pr -> 'additions'),
              ('deletions', v_pr ? 'deletions', v_pr -> 'deletions'),
              ('auto_merge_method', v_pr ? 'auto_merge', v_pr #> '{auto_merge,merge_method}'),
              ('auto_merge_by', v_pr ? 'auto_merge', v_pr #> '{auto_merge,enabled_by,login}'),
              ('opened_at', v_pr ? 'created_at', v_pr -> 'created_at'),
              ('merged_at', v_pr ->> 'merged_at' is not null, v_pr -> 'merged_at'),
              ('merged_by', v_is_merged and v_pr ? 'merged_by', v_pr #> '{merged_by,login}'),
              ('closed_at', v_pr ->> 'closed_at' is not null, v_pr -> 'closed_at'),
              ('requested', v_pr ? 'requested_reviewers',
               to_jsonb(jsonb_array_length(v_pr -> 'requested_reviewers')
                        + coalesce(jsonb_array_length(v_pr -> 'requested_teams'), 0))))
              as f (name, is_told, value)
         where f.is_told);
end;
$$;

comment on function docket_private.github_facts(jsonb) is
    'What a pull request of GitHub''s tells, by field: value (v) and told_key (k).';

create function docket_private.queue_fact(
    is_queued boolean,
    told_at   text,
    action    text
) returns jsonb
language sql
stable
begin atomic
    -- That it has left is told later than that it has come.
    select jsonb_build_object('is_queued', jsonb_build_object(
               'v', queue_fact.is_queued,
               'k', '0 ' || docket_private.told_key(
                        queue_fact.told_at, (not queue_fact.is_queued)::integer,
                        to_jsonb(queue_fact.action))));
end;

comment on function docket_private.queue_fact(boolean, text, text) is
    'Whether a pull request stands in the merge queue, as a fact with its told_key.';

create function docket_private.learn_facts(
    project_id uuid,
    repository text,
    number     bigint,
    facts      jsonb
) returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pull_request docket.pull_requests;
begin
    -- Makes it where it is not known, and locks it.
    v_pull_request := docket.record_pull_request(
        learn_facts.project_id, learn_facts.repository, learn_facts.number);

    insert into docket_private.pull_request_facts as f (pull_request_id, project_id, facts)
    values (v_pull_request.pull_request_id, learn_facts.project_id, learn_facts.facts)
        on conflict on constraint pull_request_facts_pkey
        do update set facts = f.facts || coalesce((
                      select jsonb_object_agg(n.name, n.fact)
                        from jsonb_each(excluded.facts) as n (name, fact)
                       where coalesce(
                                 n.fact ->> 'k' collate "C" > f.facts -> n.name ->> 'k', true)),
                      '{}');

    return v_pull_request.pull_request_id;
end;
$$;

comment on function docket_private.learn_facts(uuid, text, bigint, jsonb) is
    'Takes over what is told of a pull request where nothing greater has been, makes it where it is not known, and returns its id.';

-- The row follows from all that was told, whichever way it came.
create function docket_private.settle_pull_requests(
    project_id       uuid,
    pull_request_ids uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pull_request docket.pull_requests;
    v_facts        jsonb;
    v_checks       text;
    v_reviews      text;
begin
    for v_pull_request in
        select p.*
          from docket.pull_requests as p
         where p.pull_request_id = any (settle_pull_requests.pull_request_ids)
           and p.project_id      = settle_pull_requests.project_id
         order by p.pull_request_id
    loop
        v_facts := (
            select jsonb_object_agg(e.name, e.fact -> 'v')
              from docket_private.pull_request_facts as f
             cross join lateral jsonb_each(f.facts) as e (name, fact)
             where f.pull_request_id = v_pull_request.pull_request_id
               and f.project_id      = v_pull_request.project_id);

        v_checks := (
            select case
                       when bool_or(c.check_status = 'failure') then 'failure'
                       when bool_or(c.check_status = 'pending') then 'pending'
                       when bool_and(c.check_status = 'success') then 'success'
                   end
              from docket.commit_checks as c
             where c.project_id  = v_pull_request.project_id
               and c.repository  = v_pull_request.repository
               and c.commit_hash = coalesce(
                                       v_facts ->> 'head_commit', v_pull_request.head_commit));

        -- Of each reviewer the last that he decided.
        v_reviews := (
            select case
                       when bool_or(r.review_state = 'changes_requested') then 'changes_requested'
                       when bool_or(r.review_state = 'approved')          then 'approved'
                       when count(*) > 0                                  then 'pending'
                   end
              from (
                  select distinct on (v.reviewer) v.review_state
                    from docket.pull_request_reviews as v
                   where v.pull_request_id = v_pull_request.pull_request_id
                     and v.project_id      = v_pull_request.project_id
                   order by v.reviewer, v.review_state in ('commented', 'pending'),
                            v.submitted_at desc nulls last, v.host_review_id desc
              ) as r);
        if v_reviews is null and (v_facts ->> 'requested')::integer > 0 then
            v_reviews := 'pending';
        end if;

        perform docket.record_pull_request(
            v_pull_request.project_id, v_pull_request.repository, v_pull_request.number,
            coalesce(v_facts - 'requested', '{}')
            || jsonb_build_object('checks_status', v_checks, 'review_status', v_reviews));
    end loop;
end;
$$;

comment on function docket_private.settle_pull_requests(uuid, uuid[]) is
    'Writes into pull requests what follows from what was told of them, of their checks and reviews.';

create function docket_private.learn_check(
    project_id uuid,
    repository text,
    event      text,
    payload    jsonb
) returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- A status is told in the payload itself.
    v_told  jsonb := coalesce(payload -> event, payload);
    v_state text  := coalesce(v_told ->> 'conclusion', v_told ->> 'state', v_told ->> 'status');
    v_check docket.commit_checks;
begin
    -- A suite that no run has come of says nothing, and some never get one.
    if event = 'check_suite' and v_told ->> 'conclusion' is null
       and v_told ->> 'latest_check_runs_count' = '0' then
        return null;
    end if;

    v_check.source      := event;
    v_check.commit_hash := coalesce(v_told ->> 'head_sha', v_told ->> 'sha');
    v_check.name        := left(case event
        when 'check_run'    then concat_ws('/', v_told #>> '{app,slug}', v_told ->> 'name')
        when 'check_suite'  then coalesce(v_told #>> '{app,slug}', v_told ->> 'id')
        when 'workflow_run' then coalesce(v_told ->> 'path', v_told ->> 'workflow_id')
        else                     v_told ->> 'context'
    end, 1024);
    v_check.conclusion   := v_state;
    v_check.check_status := case
        when v_state in ('success', 'neutral', 'skipped') then 'success'
        when v_state in ('failure', 'error', 'cancelled', 'timed_out', 'action_required', 'stale',
                         'startup_failure')               then 'failure'
        else                                                   'pending'
    end;
    v_check.url          := coalesce(v_told ->> 'html_url', v_told ->> 'target_url');
    v_check.started_at   := coalesce(
        v_told ->> 'started_at', v_told ->> 'run_started_at')::timestamptz;
    v_check.completed_at := (v_told ->> 'completed_at')::timestamptz;
    v_check.told_key     := docket_private.told_key(
        coalesce(v_told ->> 'updated_at', v_told ->> 'completed_at', v_told ->> 'started_at',
                 v_told ->> 'created_at'),
        array_position(array['pending', 'success', 'failure'], v_check.check_status::text),
        v_told - 'updated_at');

    insert into docket.commit_checks as c (
        commit_check_id, project_id, repository, commit_hash, source, name, check_status,
        conclusion, url, started_at, completed_at, told_key)
    values (
        docket_private.new_id(learn_check.project_id), learn_check.project_id,
        learn_check.repository, v_check.commit_hash, v_check.source, v_check.name,
        v_check.check_status, v_check.conclusion, v_check.url, v_check.started_at,
        v_check.completed_at, v_check.told_key)
        on conflict on constraint commit_checks_name_key
        do update set check_status = excluded.check_status,
                      conclusion   = excluded.conclusion,
                      url          = excluded.url,
                      started_at   = excluded.started_at,
                      completed_at = excluded.completed_at,
                      told_key     = excluded.told_key
            where excluded.told_key collate "C" > c.told_key;

    return v_check.commit_hash;
end;
$$;

comment on function docket_private.learn_check(uuid, text, text, jsonb) is
    'Takes over what GitHub tells of a check, where nothing greater has been told; returns the commit, or null where it says nothing.';

create function docket_private.learn_review(
    project_id      uuid,
    pull_request_id uuid,
    payload         jsonb
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_review jsonb := payload -> 'review';
    v_state  text  := lower(v_review ->> 'state');
begin
    insert into docket.pull_request_reviews as r (
        pull_request_review_id, project_id, pull_request_id, host_review_id, reviewer,
        review_state, commit_hash, body, url, submitted_at, told_key)
    values (
        docket_private.new_id(learn_review.project_id), learn_review.project_id,
        learn_review.pull_request_id, v_review ->> 'id',
        coalesce(v_review #>> '{user,login}', 'ghost'), v_state, v_review ->> 'commit_id',
        v_review ->> 'body', v_review ->> 'html_url',
        (v_review ->> 'submitted_at')::timestamptz,
        -- A dismissal is for ever.
        (v_state = 'dismissed')::integer || ' ' || docket_private.told_key(
            payload #>> '{pull_request,updated_at}', 0, v_review))
        on conflict on constraint pull_request_reviews_host_key
        do update set review_state = excluded.review_state,
                      commit_hash  = excluded.commit_hash,
                      body         = excluded.body,
                      url          = excluded.url,
                      submitted_at = excluded.submitted_at,
                      told_key     = excluded.told_key
            where excluded.told_key collate "C" > r.told_key;
end;
$$;

comment on function docket_private.learn_review(uuid, uuid, jsonb) is
    'Takes over a review that GitHub tells of, where nothing greater has been told.';

create function docket_private.learn_push(
    project_id uuid,
    repository text,
    payload    jsonb
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pushed text := payload #>> '{repository,pushed_at}';
begin
    insert into docket.pushes (
        push_id, project_id, repository, ref, before_commit, after_commit, is_forced, commits,
        pusher, url, pushed_at)
    values (
        docket_private.new_id(learn_push.project_id), learn_push.project_id,
        learn_push.repository, payload ->> 'ref', payload ->> 'before', payload ->> 'after',
        coalesce((payload ->> 'forced')::boolean, false),
        coalesce(jsonb_array_length(payload -> 'commits'), 0), payload #>> '{pusher,name}',
        payload ->> 'compare',
        -- Seconds since 1970 in a push, a text everywhere else.
        case
            when v_pushed ~ '^\d{1,12}$' then to_timestamp(v_pushed::double precision)
            else coalesce(v_pushed, payload #>> '{head_commit,timestamp}')::timestamptz
        end)
        on conflict on constraint pushes_told_key do nothing;
end;
$$;

comment on function docket_private.learn_push(uuid, text, jsonb) is
    'Keeps a push that GitHub tells of.';

create function docket_private.take_in_github(
    project_id uuid,
    event      text,
    payload    jsonb
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_repository text  := payload #>> '{repository,full_name}';
    v_action     text  := payload ->> 'action';
    v_number     text;
    v_commit     text;
    v_id         uuid;
    v_ids        uuid[];
begin
    if v_repository is null
       or event not in ('pull_request', 'pull_request_review', 'check_suite', 'check_run',
                        'status', 'push', 'merge_group', 'workflow_run') then
        return null;
    end if;

    perform docket_private.share_graph(take_in_github.project_id);
    insert into docket_private.webhook_streams as s (project_id, repository)
    values (take_in_github.project_id, v_repository)
        on conflict on constraint webhook_streams_pkey
        do update set deliveries = s.deliveries + 1;

    if event in ('pull_request', 'pull_request_review') then
        v_id := docket_private.learn_facts(
            take_in_github.project_id, v_repository,
            (payload #>> '{pull_request,number}')::bigint,
            docket_private.github_facts(payload -> 'pull_request')
            || case
                   when v_action in ('enqueued', 'dequeued')
                       then docket_private.queue_fact(
                                v_action = 'enqueued',
                                payload #>> '{pull_request,updated_at}', v_action)
                   else '{}'
               end);
        if event = 'pull_request_review' then
            perform docket_private.learn_review(take_in_github.project_id, v_id, payload);
        end if;
    elsif event = 'merge_group' then
        -- The queue's branch is named after the pull request.
        v_number := substring(payload #>> '{merge_group,head_ref}' from '/pr-(\d{1,12})-');
        if v_number is null then
            return null;
        end if;
        v_id := docket_private.learn_facts(
            take_in_github.project_id, v_repository, v_number::bigint,
            docket_private.queue_fact(
                v_action is distinct from 'destroyed',
                payload #>> '{merge_group,head_commit,timestamp}', v_action));
        v_commit := payload #>> '{merge_group,head_sha}';
    elsif event = 'push' then
        perform docket_private.learn_push(take_in_github.project_id, v_repository, payload);
        return jsonb_build_object('ref', payload -> 'ref', 'commit', payload -> 'after');
    else
        v_commit := docket_private.learn_check(
            take_in_github.project_id, v_repository, event, payload);
        if v_commit is null then
            return null;
        end if;
    end if;

    v_ids := array(
        select p.pull_request_id
          from docket.pull_requests as p
         where p.project_id  = take_in_github.project_id
           and p.repository  = v_repository
           and p.head_commit = v_commit
         union
        select v_id
         where v_id is not null);
    perform docket_private.settle_pull_requests(take_in_github.project_id, v_ids);

    return jsonb_strip_nulls(jsonb_build_object(
        'pull_requests', nullif(to_jsonb(v_ids), '[]'), 'commit', v_commit));
end;
$$;

comment on function docket_private.take_in_github(uuid, text, jsonb) is
    'Takes in an event of GitHub''s, and returns what it was about; null: nothing that is kept here.';

-- Processes a delivery that is stored; what can't be taken in is kept with the reason.
create function docket_private.process_github(
    delivery docket.webhook_deliveries,
    payload  jsonb
) returns docket.webhook_deliveries
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_outcome jsonb;
    v_error   text;
begin
    begin
        v_outcome := docket_private.take_in_github(
            delivery.project_id, delivery.event, process_github.payload);
    exception
        when data_exception or integrity_constraint_violation or sqlstate 'PD422'
             or sqlstate 'PDTRN' then
            v_error := sqlerrm;
    end;

    return docket_private.settle_delivery(delivery, v_outcome, v_error);
end;
$$;

comment on function docket_private.process_github(docket.webhook_deliveries, jsonb) is
    'Takes in what GitHub delivered, and writes down what became of it.';

create function docket.ingest_github(
    project_id  uuid,
    event       text,
    delivery_id text,
    payload     jsonb,
    body        bytea default null
) returns docket.webhook_deliveries
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_delivery docket.webhook_deliveries;
begin
    perform docket_private.require_project(ingest_github.project_id);

    if jsonb_typeof(payload) is distinct from 'object'
       or coalesce(length(event), 0) not between 1 and 255
       or coalesce(length(delivery_id), 0) not between 1 and 255 then
        raise exception 'this is no delivery of GitHub''s'
            using errcode = 'PD422',
                  hint    = 'event is the header X-GitHub-Event, delivery_id X-GitHub-Delivery, payload the object that was sent.';
    end if;

    -- A merge may satisfy dependents: the graph's key comes before any row.
    perform docket_private.share_graph(ingest_github.project_id);

    v_delivery := docket_private.keep_delivery(
        ingest_github.project_id, 'github', delivery_id, event, payload, body);

    if v_delivery.times_processed > 0 and v_delivery.delivery_status <> 'failed' then
        return v_delivery;
    end if;

    return docket_private.process_github(v_delivery, ingest_github.payload);
end;
$$;

comment on function docket.ingest_github(uuid, text, text, jsonb, bytea) is
'Takes in a webhook of GitHub''s: pull requests with their checks, reviews, merge and queue, and pushes.

`event` is the header X-GitHub-Event (pull_request, pull_request_review, check_suite, check_run,
status, workflow_run, merge_group and push; others are kept and ignored), `delivery_id`
X-GitHub-Delivery, `payload` the object that was sent, `body` its bytes where they are to be kept as
they were. Whoever has the bytes verifies the signature before (pgdocket.webhooks in Python). The
same `delivery_id` again is only counted; events in whatever order have the same result: what was
told later counts, a field that is absent is not told, and a conflict stays until GitHub has found
out that there is none. Checks are joined by the commit. What can not be taken in is kept as failed,
and can be replayed.
Returns the delivery. Raises PD404, PD403, PD413, PD422.';

revoke all on function docket_private.told_key(text, integer, jsonb) from public;
revoke all on function docket_private.github_facts(jsonb) from public;
revoke all on function docket_private.queue_fact(boolean, text, text) from public;
revoke all on function docket_private.learn_facts(uuid, text, bigint, jsonb) from public;
revoke all on function docket_private.settle_pull_requests(uuid, uuid[]) from public;
revoke all on function docket_private.learn_check(uuid, text, text, jsonb) from public;
revoke all on function docket_private.learn_review(uuid, uuid, jsonb) from public;
revoke all on function docket_private.learn_push(uuid, text, jsonb) from public;
revoke all on function docket_private.take_in_github(uuid, text, jsonb) from public;
revoke all on function docket_private.process_github(docket.webhook_deliveries, jsonb)
  from public;
revoke all on function docket.ingest_github(uuid, text, text, jsonb, bytea) from public;
grant execute on function
    docket.ingest_github(uuid, text, text, jsonb, bytea)
   to docket_admin, docket_app, docket_agent;

commit;
