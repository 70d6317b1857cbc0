-- Deploy pgdocket:delivery/send_linear to pg
-- requires: delivery/link_linear

begin;
set local role docket_owner;

-- The outbox. A change is handed out under a lease, and what was sent counts as agreed when it is
-- acknowledged, not before: whoever is lost on the way has it handed out again, and what changes
-- meanwhile is the next change.

-- Looks at so many links at once, and hands out what there is to send. Images only are locked, and
-- tasks read as they are: what changes a moment later is seen in the next version.
create function docket_private.lease_linear(
    project_id    uuid,
    max_changes   integer,
    lease_seconds integer,
    rules         jsonb,
    out looked_at integer,
    out leased    uuid[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
      with candidates as materialized (
          select i.linear_sync_id
            from docket.linear_sync as s
            join docket_private.linear_images as i
              on i.linear_sync_id = s.linear_sync_id
             and i.project_id = s.project_id
            join docket.tasks as t
              on t.task_id = s.task_id
             and t.project_id = s.project_id
           where s.project_id = lease_linear.project_id
             and i.examined_version is distinct from t.version
             and s.direction <> 'from_linear'
             and s.removed_at is null
             and t.archived_at is null
             and coalesce(s.next_attempt_at <= docket.clock(), true)
             and coalesce(i.lease_expires_at <= docket.clock(), true)
           order by i.linear_sync_id
           limit lease_linear.max_changes
             for no key update of i skip locked
      ), judged as materialized (
          select i.linear_sync_id, t.version, o.ours,
                 docket_private.linear_sent(o.ours, lease_linear.rules) as said,
                 array(
                     select p.field
                       from jsonb_each_text(docket_private.plan_linear(
                                s, i, o.ours, lease_linear.rules, t.task_id)) as p (field, action)
                      where p.action = 'send') as fields
            from candidates as c
            join docket_private.linear_images as i on i.linear_sync_id = c.linear_sync_id
            join docket.linear_sync as s
              on s.linear_sync_id = i.linear_sync_id
             and s.project_id = i.project_id
            join docket.tasks as t
              on t.task_id = s.task_id
             and t.project_id = s.project_id
           cross join lateral (
               select docket_private.linear_ours(t) as ours
               offset 0
           ) as o
      ), in_order as (
          update docket.linear_sync as s
             set failures        = 0,
                 send_error      = null,
                 next_attempt_at = null
            from judged as j
           where s.linear_sync_id = j.linear_sync_id
             and s.project_id     = lease_linear.project_id
             and s.failures > 0
             and j.fields = '{}'
      ), taken as (
          update docket_private.linear_images as i
             set examined_version = case when j.fields = '{}' then j.version end,
                 linear_change_id = case
                     when j.fields <> '{}' then docket_private.new_id(i.project_id)
                 end,
                 lease_expires_at = case
                     when j.fields <> '{}' then docket.clock()
                          + make_interval(secs => lease_linear.lease_seconds)
                 end,
                 sending          = case when j.fields <> '{}' then jsonb_build_object(
                     'changes', (
                         select jsonb_object_agg(k.key, j.said -> k.key)
                           from unnest(j.fields) as f (field)
                          cross join lateral (
                              select docket_private.linear_key(f.field) as key) as k),
                     'synced', (
                         select jsonb_object_agg(f.field, jsonb_build_object(
                                    'ours', j.ours -> f.field,
                                    'theirs', docket_private.linear_theirs(
                                        j.said, false, lease_linear.rules) -> f.field))
                           from unnest(j.fields) as f (field)))
                 end
            from judged as j
           where i.linear_sync_id = j.linear_sync_id
          returning i.linear_change_id
      )
    select count(*), array_agg(t.linear_change_id) filter (where t.linear_change_id is not null)
      into looked_at, leased
      from taken as t;
end;
$$;

comment on function docket_private.lease_linear(uuid, integer, integer, jsonb) is
    'Looks at the next links of a project that may have something to send. Returns at how many, and the changes that it handed out.';

create function docket.pending_linear_changes(
    project_id    uuid,
    max_changes   integer default 10,
    lease_seconds integer default 300
) returns table (
    linear_change_id uuid,
    linear_sync_id   uuid,
    task_id          uuid,
    task_key         text,
    operation        text,
    issue_id         text,
    identifier       text,
    changes          jsonb,
    failures         integer,
    lease_expires_at timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most   integer := least(greatest(max_changes, 1), 1000);
    v_rules  jsonb;
    v_leased uuid[]  := '{}';
    v_next   record;
begin
    perform docket_private.require_project(pending_linear_changes.project_id);
    v_rules := docket_private.linear_rules(pending_linear_changes.project_id);

    -- Again where what was looked at had nothing to send.
    loop
        v_next := docket_private.lease_linear(
            pending_linear_changes.project_id, v_most - cardinality(v_leased),
            least(greatest(pending_linear_changes.lease_seconds, 1), 86400), v_rules);
        v_leased := v_leased || coalesce(v_next.leased, '{}');
        exit when v_next.looked_at = 0 or cardinality(v_leased) >= v_most;
    end loop;

    return query
    select i.linear_change_id, s.linear_sync_id, s.task_id, t.task_key,
           case when s.issue = '{}' then 'create' else 'update' end, s.issue_id, s.identifier,
           case
               when s.issue = '{}' then
                   jsonb_strip_nulls(i.sending -> 'changes' || jsonb_build_object(
                       'id', s.issue_id, 'team', v_rules #> '{teams,0}'))
               else i.sending -> 'changes'
           end,
           s.failures, i.lease_expires_at
      from docket_private.linear_images as i
      join docket.linear_sync as s
        on s.linear_sync_id = i.linear_sync_id
       and s.project_id = i.project_id
      join docket.tasks as t
        on t.task_id = s.task_id
       and t.project_id = s.project_id
     where i.linear_change_id = any (v_leased)
     order by s.linear_sync_id;
end;
$$;

comment on function docket.pending_linear_changes(uuid, integer, integer) is
'Hands out changes of tasks of project `project_id` that are to be sent to Linear, at most
`max_changes` (1 to 1000), to one sender at a time: for `lease_seconds` nobody else is given them.

`operation` is create or update, `changes` what the issue is to get, in Linear''s words: title,
description, priority (1 to 4), estimate (points), dueDate, state (an id, name or type), labels
(names); for create also id (give it to Linear, and it creates the issue once, however often it is
told) and team (null is left out). Two changes of one issue are never under way at the same time.
Whoever has sent one calls docket.acknowledge_linear_change(), or docket.fail_linear_change(); where
neither comes, it is handed out again when the lease is over.
identifier may be null. Returns changes; raises PD404, PD403, PD422 (settings).';

create function docket_private.hold_linear_change(linear_change_id uuid)
returns docket.linear_sync
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_image docket_private.linear_images;
    v_link  docket.linear_sync;
begin
    select i.* into v_image
      from docket_private.linear_images as i
     where i.linear_change_id = hold_linear_change.linear_change_id;

    if found then
        perform docket_private.require_project(v_image.project_id);
        v_link := docket_private.hold_linear(v_image.linear_sync_id, v_image.project_id);
    end if;

    -- Judged again, now that it is held.
    if not exists (
        select
          from docket_private.linear_images as i
         where i.linear_sync_id   = v_link.linear_sync_id
           and i.linear_change_id = hold_linear_change.linear_change_id
    ) then
        raise exception 'change % is not under way',
                        coalesce(hold_linear_change.linear_change_id::text, 'null')
            using errcode = 'PDLSE',
                  hint    = 'It was acknowledged, has failed, or was handed out again after its lease.';
    end if;

    return v_link;
end;
$$;

comment on function docket_private.hold_linear_change(uuid) is
    'The link of a change that is under way, held as by hold_linear(). Raises PDLSE, PD403.';

create function docket.acknowledge_linear_change(
    linear_change_id uuid,
    issue            jsonb,
    request_id       uuid default null
) returns docket.linear_sync
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'acknowledge_linear_change');
    v_image  docket_private.linear_images;
    v_link   docket.linear_sync;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.linear_sync, v_answer);
    end if;

    v_link := docket_private.hold_linear_change(acknowledge_linear_change.linear_change_id);
    select i.* into strict v_image
      from docket_private.linear_images as i
     where i.linear_sync_id = v_link.linear_sync_id
       and i.project_id     = v_link.project_id;

    if issue ->> 'id' is distinct from v_link.issue_id or issue ->> 'updatedAt' is null then
        raise exception 'that is not how Linear answers a change of issue %', v_link.issue_id
            using errcode = 'PD422',
                  hint    = 'Give the issue as the API returns it, with at least id and updatedAt.';
    end if;

    -- What was sent is what it has, unless the answer says something else.
    v_link := docket_private.learn_issue(
        v_link, v_image.sending -> 'changes' || issue, issue ->> 'updatedAt', 0,
        array(select k.field from jsonb_object_keys(v_image.sending -> 'synced') as k (field)));

    update docket_private.linear_images as i
       set synced           = i.synced || (i.sending -> 'synced'),
           linear_change_id = null,
           sending          = null,
           lease_expires_at = null
     where i.linear_sync_id = v_link.linear_sync_id
       and i.project_id     = v_link.project_id;

    update docket.linear_sync as s
       set failures        = 0,
           send_error      = null,
           next_attempt_at = null,
           sent_at         = docket.clock()
     where s.linear_sync_id = v_link.linear_sync_id
       and s.project_id     = v_link.project_id;

    v_link := docket_private.settle_linear(v_link);

    perform docket_private.remember(request_id, to_jsonb(v_link));
    return v_link;
exception
    when invalid_datetime_format or datetime_field_overflow then
        raise exception 'issue % was changed at no time', left(issue ->> 'id', 100)
            using errcode = 'PD422',
                  hint    = 'updatedAt is a time in ISO 8601, as Linear tells it.';
end;
$$;

comment on function docket.acknowledge_linear_change(uuid, jsonb, uuid) is
'Says that change `linear_change_id` (docket.pending_linear_changes()) was sent: from now on both sides
agree in it.

`issue` is the issue as Linear answered, with at least id and updatedAt; better also with identifier
and url. What has changed here or there since it was handed out stays a change. The same
`request_id` again returns the first answer.
Returns the link. Raises PDLSE (it is not under way any more), PD403, PD422.';

create function docket.fail_linear_change(
    linear_change_id uuid,
    error            text,
    retry_after      interval default null,
    request_id       uuid     default null
) returns docket.linear_sync
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb   := docket_private.replay(request_id, 'fail_linear_change');
    v_seconds numeric := (docket_private.setting('linear_retry_seconds') #>> '{}')::numeric;
    v_link    docket.linear_sync;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.linear_sync, v_answer);
    end if;

    v_link := docket_private.hold_linear_change(fail_linear_change.linear_change_id);

    update docket_private.linear_images as i
       set linear_change_id = null,
           sending          = null,
           lease_expires_at = null
     where i.linear_sync_id = v_link.linear_sync_id
       and i.project_id     = v_link.project_id;

    update docket.linear_sync as s
       set failures        = s.failures + 1,
           send_error      = left(coalesce(nullif(error, ''), 'no reason was given'), 10000),
           next_attempt_at = docket.clock() + coalesce(
                                 fail_linear_change.retry_after,
                                 make_interval(secs => least(
                                     v_seconds * 2 ^ least(s.failures, 20), 3600)::integer))
     where s.linear_sync_id = v_link.linear_sync_id
       and s.project_id     = v_link.project_id
    returning s.* into strict v_link;

    perform docket_private.remember(request_id, to_jsonb(v_link));
    return v_link;
end;
$$;

comment on function docket.fail_linear_change(uuid, text, interval, uuid) is
'Says that change `linear_change_id` (docket.pending_linear_changes()) could not be sent, and why
(`error`). It is handed out again after `retry_after`; null: after the setting linear_retry_seconds,
twice as long with each further failure, at most after an hour. docket.retry_linear_sync() does not
wait.

The same `request_id` again returns the first answer. Returns the link. Raises PDLSE (it is not
under way any more), PD403.';

revoke all on function docket_private.lease_linear(uuid, integer, integer, jsonb) from public;
revoke all on function docket_private.hold_linear_change(uuid) from public;
revoke all on function docket.pending_linear_changes(uuid, integer, integer) from public;
revoke all on function docket.acknowledge_linear_change(uuid, jsonb, uuid) from public;
revoke all on function docket.fail_linear_change(uuid, text, interval, uuid) from public;
grant execute on function
    docket.pending_linear_changes(uuid, integer, integer),
    docket.acknowledge_linear_change(uuid, jsonb, uuid),
    docket.fail_linear_change(uuid, text, interval, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
