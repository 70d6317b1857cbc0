-- Deploy pgdocket:delivery/link_linear to pg
-- requires: context/update_task_status
-- requires: delivery/ingest_github
-- requires: delivery/linear_fields

begin;
set local role docket_owner;

-- Lock order: the graph's key, shared, because a status may satisfy dependents, then the task, then
-- its image.

-- The link of a task, with the task and its image held.
create function docket_private.hold_linear(
    linear_sync_id uuid,
    project_id     uuid
) returns docket.linear_sync
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_link docket.linear_sync;
begin
    perform docket_private.share_graph(hold_linear.project_id);

    perform
       from docket.tasks as t
      where t.task_id = (
                select s.task_id
                  from docket.linear_sync as s
                 where s.linear_sync_id = hold_linear.linear_sync_id)
        and t.project_id = hold_linear.project_id
        for no key update;

    perform
       from docket_private.linear_images as i
      where i.linear_sync_id = hold_linear.linear_sync_id
        and i.project_id     = hold_linear.project_id
        for no key update;

    select s.* into v_link
      from docket.linear_sync as s
     where s.linear_sync_id = hold_linear.linear_sync_id
       and s.project_id     = hold_linear.project_id;

    if not found then
        raise exception 'link % to Linear does not exist',
                        coalesce(hold_linear.linear_sync_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_linear_sync() lists those of a project.';
    end if;

    return v_link;
end;
$$;

comment on function docket_private.hold_linear(uuid, uuid) is
    'A link, with its task and what is known of both locked, in this order. Raises PD404.';

create function docket_private.find_linear(linear_sync_id uuid) returns docket.linear_sync
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project uuid := (
        select s.project_id
          from docket.linear_sync as s
         where s.linear_sync_id = find_linear.linear_sync_id);
begin
    if v_project is not null then
        perform docket_private.require_project(v_project);
    end if;

    return docket_private.hold_linear(find_linear.linear_sync_id, v_project);
end;
$$;

comment on function docket_private.find_linear(uuid) is
    'A link that the caller may change, held as by hold_linear(). Raises PD404, PD403.';

-- Takes over what is told of an issue, key by key, where nothing greater has been told.
create function docket_private.learn_issue(
    link       docket.linear_sync,
    told       jsonb,
    told_at    text,
    rank       integer,
    fields     text[],
    is_removed boolean default null
) returns docket.linear_sync
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key   text := docket_private.told_key(told_at, rank, told);
    v_at    text := left(docket_private.told_key(told_at, 0, 'null'), 26);
    v_image docket_private.linear_images;
    v_news  jsonb;
    v_link  docket.linear_sync;
begin
    select i.* into strict v_image
      from docket_private.linear_images as i
     where i.linear_sync_id = link.linear_sync_id
       and i.project_id     = link.project_id;

    v_news := (
        select jsonb_object_agg(n.key, n.value)
          from jsonb_each(learn_issue.told || case
                   when learn_issue.is_removed is null then '{}'
                   else jsonb_build_object('-', learn_issue.is_removed)
               end) as n (key, value)
         where coalesce(v_key collate "C" > v_image.told ->> n.key, true));

    update docket_private.linear_images as i
       set told    = i.told || coalesce((
                         select jsonb_object_agg(k.key, v_key)
                           from jsonb_object_keys(v_news) as k (key)), '{}'),
           changed = i.changed || coalesce((
                         select jsonb_object_agg(f.field, v_at || 'Z')
                           from unnest(learn_issue.fields) as f (field)
                          where coalesce(v_at collate "C" || 'Z' > i.changed ->> f.field, true)),
                         '{}')
     where i.linear_sync_id = link.linear_sync_id
       and i.project_id     = link.project_id;

    update docket.linear_sync as s
       set issue       = s.issue || coalesce(v_news - '-', '{}'),
           identifier  = left(coalesce(v_news ->> 'identifier', s.identifier), 255),
           url         = left(coalesce(v_news ->> 'url', s.url), 10000),
           removed_at  = case (v_news ->> '-')::boolean
                             when true  then learn_issue.told_at::timestamptz
                             when false then null
                             else            s.removed_at
                         end,
           received_at = docket.clock()
     where s.linear_sync_id = link.linear_sync_id
       and s.project_id     = link.project_id
    returning s.* into strict v_link;

    return v_link;
end;
$$;

comment on function docket_private.learn_issue(docket.linear_sync, jsonb, text, integer, text[], boolean) is
    'Takes over what Linear told of an issue at a time; fields are those that it then changed. Returns the link.';

-- Writes into the task what is to be taken, and remembers what both now agree in. What can not be
-- taken stays to be taken: the next event, or a retry, tries it again.
create function docket_private.settle_linear(link docket.linear_sync) returns docket.linear_sync
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rules    jsonb := docket_private.linear_rules(link.project_id);
    v_theirs   jsonb := docket_private.linear_theirs(
        link.issue, link.removed_at is not null, v_rules);
    v_image    docket_private.linear_images;
    v_task     docket.tasks;
    v_plan     jsonb;
    v_has_more boolean;
    v_changes  jsonb;
    v_failed   text[] := '{}';
    v_error    text;
    v_link     docket.linear_sync;
begin
    select t.* into strict v_task
      from docket.tasks as t
     where t.task_id    = link.task_id
       and t.project_id = link.project_id;

    -- What is on its way has arrived where the issue has it, whether or not that was acknowledged.
    update docket_private.linear_images as i
       set synced = i.synced || coalesce((
               select jsonb_object_agg(e.field, e.image)
                 from jsonb_each(i.sending -> 'synced') as e (field, image)
                where e.image -> 'theirs' = v_theirs -> e.field), '{}')
     where i.linear_sync_id = link.linear_sync_id
       and i.project_id     = link.project_id
    returning i.* into strict v_image;
    v_plan := coalesce(
        docket_private.plan_linear(
            link, v_image, docket_private.linear_ours(v_task), v_rules, v_task.task_id),
        '{}');

    v_has_more := jsonb_path_exists(v_plan, '$.* ? (@ == "send")');

    v_changes := (
        select jsonb_object_agg(docket_private.linear_column(p.field), case
                   when p.field = 'due_date' and v_theirs ->> p.field is not null
                       then to_jsonb((v_theirs ->> p.field) || 'T00:00:00Z')
                   else v_theirs -> p.field
               end)
          from jsonb_each_text(v_plan) as p (field, action)
         where p.action = 'take'
           and p.field <> 'status');
    -- Who has started it there has it here.
    if v_plan ->> 'status' = 'take' and v_theirs ->> 'status' = 'in_progress'
       and v_task.assigned_to is null and link.issue #>> '{assignee,name}' is not null then
        v_changes := coalesce(v_changes, '{}')
                     || jsonb_build_object('assigned_to', link.issue #> '{assignee,name}');
    end if;

    if v_changes is not null then
        begin
            perform docket.update_task(v_task.task_id, v_changes);
        exception
            when data_exception or integrity_constraint_violation
                 or sqlstate 'PD422' or sqlstate 'PD413' then
                v_error  := sqlerrm;
                v_failed := array(
                    select p.field
                      from jsonb_each_text(v_plan) as p (field, action)
                     where p.field <> 'status');
        end;
    end if;

    if v_plan ->> 'status' = 'take' then
        begin
            -- Where no way leads there at once, one leads through pending.
            if not exists (
                select
                  from docket.task_transitions as t
                 where t.from_status = v_task.status
                   and t.to_status   = v_theirs ->> 'status'
            ) then
                perform docket.update_task_status(v_task.task_id, 'pending');
            end if;
            perform docket.update_task_status(v_task.task_id, v_theirs ->> 'status');
        exception
            when integrity_constraint_violation
                 or sqlstate 'PDTRN' or sqlstate 'PDGAT' or sqlstate 'PD409' then
                v_error  := concat_ws('; ', v_error, sqlerrm);
                v_failed := v_failed || array['status'];
        end;
    end if;

    select t.* into strict v_task
      from docket.tasks as t
     where t.task_id    = link.task_id
       and t.project_id = link.project_id;

    update docket_private.linear_images as i
       set synced           = i.synced || coalesce((
                                  select jsonb_object_agg(p.field, jsonb_build_object(
                                             'ours', o.ours -> p.field,
                                             'theirs', v_theirs -> p.field))
                                    from jsonb_each_text(v_plan) as p (field, action)
                                   cross join docket_private.linear_ours(v_task) as o (ours)
                                   where p.action in ('agree', 'take')
                                     and p.field <> all (v_failed)), '{}'),
           examined_version = case when v_has_more then null else v_task.version end
     where i.linear_sync_id = link.linear_sync_id
       and i.project_id     = link.project_id;

    -- Where nothing is left to be sent nothing has failed.
    update docket.linear_sync as s
       set conflicts       = array(
                                 select p.field
                                   from jsonb_each_text(v_plan) as p (field, action)
                                  where p.action = 'conflict'
                                  order by p.field),
           receive_error   = left(v_error, 10000),
           failures        = case when v_has_more then s.failures else 0 end,
           send_error      = case when v_has_more then s.send_error end,
           next_attempt_at = case when v_has_more then s.next_attempt_at end
     where s.linear_sync_id = link.linear_sync_id
       and s.project_id     = link.project_id
    returning s.* into strict v_link;

    return v_link;
end;
$$;

comment on function docket_private.settle_linear(docket.linear_sync) is
    'Does to a task what follows from what Linear told, and keeps what could not be done and what is to be decided. Whoever calls it holds the task and its image. Returns the link.';

-- As if what the other side has had been known for long: then only this one has changed.
create function docket_private.take_side(
    link   docket.linear_sync,
    fields text[],
    side   text
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_task   docket.tasks;
    v_theirs jsonb := docket_private.linear_theirs(
        link.issue, link.removed_at is not null, docket_private.linear_rules(link.project_id));
begin
    if side is null or side not in ('ours', 'theirs') then
        raise exception '% is no side', coalesce(quote_literal(left(side, 100)), 'null')
            using errcode = 'PD422',
                  hint    = 'ours (the task''s) or theirs (Linear''s).';
    end if;

    select t.* into strict v_task
      from docket.tasks as t
     where t.task_id    = link.task_id
       and t.project_id = link.project_id;

    update docket_private.linear_images as i
       set synced = i.synced || coalesce((
               select jsonb_object_agg(f.field, case side
                          when 'ours' then jsonb_build_object('theirs', v_theirs -> f.field)
                          else             jsonb_build_object('ours', o.ours -> f.field)
                      end)
                 from unnest(take_side.fields) as f (field)
                cross join docket_private.linear_ours(v_task) as o (ours)
                where v_theirs ? f.field), '{}')
     where i.linear_sync_id = link.linear_sync_id
       and i.project_id     = link.project_id;
end;
$$;

comment on function docket_private.take_side(docket.linear_sync, text[], text) is
    'Decides for fields whose change counts: ours or theirs. Raises PD422.';

create function docket_private.insert_linear(
    task_id    uuid,
    project_id uuid,
    issue_id   text,
    direction  text,
    policies   jsonb
) returns docket.linear_sync
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_link docket.linear_sync;
begin
    insert into docket.linear_sync as s (
        linear_sync_id, project_id, task_id, issue_id, direction, policies)
    values (
        docket_private.new_id(insert_linear.project_id), insert_linear.project_id,
        insert_linear.task_id, insert_linear.issue_id, insert_linear.direction,
        coalesce(insert_linear.policies, '{}'))
    returning s.* into v_link;

    insert into docket_private.linear_images (linear_sync_id, project_id)
    values (v_link.linear_sync_id, v_link.project_id);

    return v_link;
end;
$$;

comment on function docket_private.insert_linear(uuid, uuid, text, text, jsonb) is
    'Links a task to an issue.';

create function docket.link_linear_issue(
    task_id    uuid,
    issue      jsonb default null,
    direction  text  default null,
    policies   jsonb default null,
    take       text  default null,
    request_id uuid  default null
) returns docket.linear_sync
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer    jsonb := docket_private.replay(request_id, 'link_linear_issue');
    v_task      docket.tasks;
    v_link      docket.linear_sync;
    v_issue     text  := issue ->> 'id';
    v_direction docket.sync_direction;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.linear_sync, v_answer);
    end if;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id = link_linear_issue.task_id
       and t.archived_at is null;
    if not found then
        raise exception 'task % does not exist', coalesce(link_linear_issue.task_id::text, 'null')
            using errcode = 'PD404';
    end if;
    perform docket_private.require_project(v_task.project_id);

    if issue is not null and coalesce(length(v_issue), 0) not between 1 and 255 then
        raise exception 'this is no issue of Linear''s'
            using errcode = 'PD422',
                  hint    = 'Give an object with at least its id, such as the API returns; null: it is to be created there.';
    end if;
    perform docket_private.require_linear_policies(coalesce(policies, '{}'));

    perform docket_private.share_graph(v_task.project_id);
    perform
       from docket.tasks as t
      where t.task_id    = v_task.task_id
        and t.project_id = v_task.project_id
        for no key update;

    select s.* into v_link
      from docket.linear_sync as s
     where s.task_id    = v_task.task_id
       and s.project_id = v_task.project_id;

    begin
        v_direction := coalesce(
            link_linear_issue.direction, v_link.direction,
            docket_private.linear_rules(v_task.project_id) ->> 'direction');

        if v_link.linear_sync_id is null then
            v_link := docket_private.insert_linear(
                v_task.task_id, v_task.project_id, coalesce(v_issue, gen_random_uuid()::text),
                v_direction, policies);
        elsif v_link.issue_id <> v_issue then
            raise exception 'task % is issue % already', v_task.task_key,
                            coalesce(v_link.identifier, v_link.issue_id)
                using errcode = 'PD409',
                      hint    = 'docket.unlink_linear_issue() takes the link away.';
        else
            update docket.linear_sync as s
               set direction = v_direction,
                   policies  = coalesce(link_linear_issue.policies, s.policies)
             where s.linear_sync_id = v_link.linear_sync_id
               and s.project_id     = v_link.project_id;
        end if;
    exception
        when unique_violation then
            raise exception 'issue % is another task already', left(v_issue, 100)
                using errcode = 'PD409';
        when check_violation then
            raise exception '% is no direction', quote_literal(left(
                                link_linear_issue.direction, 100))
                using errcode = 'PD422',
                      hint    = 'to_linear, from_linear or bidirectional.';
    end;

    v_link := docket_private.hold_linear(v_link.linear_sync_id, v_link.project_id);
    if v_issue is null and v_link.issue = '{}' and v_link.direction = 'from_linear' then
        raise exception 'no issue is created in Linear for what is only taken from there'
            using errcode = 'PD422',
                  hint    = 'Say which issue it is, or link it in another direction.';
    end if;

    if issue is not null then
        v_link := docket_private.learn_issue(v_link, issue, issue ->> 'updatedAt', 0, '{}');
    end if;
    if take is not null then
        perform docket_private.take_side(
            v_link,
            array(select k.field
                    from jsonb_object_keys(docket_private.linear_ours(v_task)) as k (field)),
            take);
    end if;
    v_link := docket_private.settle_linear(v_link);

    perform docket_private.remember(request_id, to_jsonb(v_link));
    return v_link;
exception
    when invalid_datetime_format or datetime_field_overflow then
        raise exception 'issue % was changed at no time', left(v_issue, 100)
            using errcode = 'PD422',
                  hint    = 'updatedAt is a time in ISO 8601, as Linear tells it.';
end;
$$;

comment on function docket.link_linear_issue(uuid, jsonb, text, jsonb, text, uuid) is
'Says which issue of Linear''s a task is, or changes how the two are kept alike.

`issue` is the issue as Linear''s API or a webhook tells it, with at least its id, better with its
fields and updatedAt; null: it is to be created there (docket.pending_linear_changes() hands it
out). `direction` is to_linear, from_linear or bidirectional (null: the setting linear_direction),
`policies` an object that says by field whose change counts: ours, theirs, newest, manual, or ignore
(the setting linear_policies for the others). Where the two differ now, `take` says which is right,
ours or theirs; null: the policies decide, and newest asks, because nothing is known of when.
The same `request_id` again returns the first answer.
Returns the link. Raises PD404, PD403, PD409 (it is another issue, or that another task), PD422.';

create function docket.unlink_linear_issue(
    linear_sync_id uuid,
    request_id     uuid default null
) returns docket.linear_sync
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'unlink_linear_issue');
    v_link   docket.linear_sync;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.linear_sync, v_answer);
    end if;

    v_link := docket_private.find_linear(unlink_linear_issue.linear_sync_id);
    delete from docket.linear_sync as s
     where s.linear_sync_id = v_link.linear_sync_id
       and s.project_id     = v_link.project_id;

    perform docket_private.remember(request_id, to_jsonb(v_link));
    return v_link;
end;
$$;

comment on function docket.unlink_linear_issue(uuid, uuid) is
'Takes the link `linear_sync_id` away: the task and the issue stay as they are, each by itself.

The same `request_id` again returns the first answer. Returns the link as it was. Raises PD404,
PD403.';

create function docket.resolve_linear_conflict(
    linear_sync_id uuid,
    take           text,
    field          text default null,
    request_id     uuid default null
) returns docket.linear_sync
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'resolve_linear_conflict');
    v_link   docket.linear_sync;
    v_fields text[];
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.linear_sync, v_answer);
    end if;

    v_link   := docket_private.find_linear(resolve_linear_conflict.linear_sync_id);
    v_fields := array(
        select f.field
          from unnest(v_link.conflicts) as f (field)
         where resolve_linear_conflict.field is null
            or f.field = resolve_linear_conflict.field);
    if v_fields = '{}' then
        raise exception 'there is no conflict%',
                        coalesce(' of ' || quote_literal(left(field, 100)), '')
            using errcode = 'PD409',
                  hint    = 'docket.list_linear_conflicts() lists them.';
    end if;

    perform docket_private.take_side(v_link, v_fields, take);
    v_link := docket_private.settle_linear(v_link);

    perform docket_private.remember(request_id, to_jsonb(v_link));
    return v_link;
end;
$$;

comment on function docket.resolve_linear_conflict(uuid, text, text, uuid) is
'Decides a conflict of the link `linear_sync_id`: `take` ours, and what the task has is sent, or
theirs, and the task gets what the issue has. Of one `field`, or (null) of all that are in conflict.

The same `request_id` again returns the first answer. Returns the link. Raises PD404, PD403, PD409
(there is no conflict), PD422.';

create function docket.retry_linear_sync(
    linear_sync_id uuid,
    request_id     uuid default null
) returns docket.linear_sync
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'retry_linear_sync');
    v_link   docket.linear_sync;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.linear_sync, v_answer);
    end if;

    v_link := docket_private.find_linear(retry_linear_sync.linear_sync_id);
    update docket.linear_sync as s
       set next_attempt_at = null
     where s.linear_sync_id = v_link.linear_sync_id
       and s.project_id     = v_link.project_id;
    v_link := docket_private.settle_linear(v_link);

    perform docket_private.remember(request_id, to_jsonb(v_link));
    return v_link;
end;
$$;

comment on function docket.retry_linear_sync(uuid, uuid) is
'Tries anew what failed with the link `linear_sync_id`: takes over at once what Linear told and could
not be taken, and lets what could not be sent be handed out without waiting.

The same `request_id` again returns the first answer. Returns the link. Raises PD404, PD403.';

-- Judged by the task as it is at this moment; where it has not changed since it was looked at last,
-- there is nothing to judge.
create function docket_private.linear_status_of(
    link docket.linear_sync,
    task docket.tasks
) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_image docket_private.linear_images;
begin
    select i.* into strict v_image
      from docket_private.linear_images as i
     where i.linear_sync_id = link.linear_sync_id
       and i.project_id     = link.project_id;

    return case
               when link.conflicts <> '{}' then 'conflict'
               when link.receive_error is not null or link.send_error is not null then 'failed'
               when link.removed_at is not null then 'removed'
               when v_image.lease_expires_at > docket.clock() then 'sending'
               when v_image.examined_version = task.version then 'synced'
               when jsonb_path_exists(
                        docket_private.plan_linear(
                            link, v_image, docket_private.linear_ours(task),
                            docket_private.linear_rules(link.project_id), task.task_id),
                        '$.* ? (@ == "send")') then 'pending'
               else 'synced'
           end;
end;
$$;

comment on function docket_private.linear_status_of(docket.linear_sync, docket.tasks) is
    'How a task and its issue stand to each other: conflict, failed, removed, sending, pending or synced.';

create function docket.get_linear_sync(task_id uuid) returns setof docket.linear_sync
language sql
stable
rows 1
begin atomic
    select s.*
      from docket.linear_sync as s
     where s.task_id = get_linear_sync.task_id;
end;

comment on function docket.get_linear_sync(uuid) is
'Which issue of Linear''s task `task_id` is, with all that Linear told of it.

Returns the link, or no row where there is none; raises nothing.';

create function docket.list_linear_sync(
    project_id uuid,
    status     text    default null,
    after      uuid    default null,
    page_size  integer default 100
) returns table (
    linear_sync_id  uuid,
    task_id         uuid,
    task_key        text,
    issue_id        text,
    identifier      text,
    url             text,
    direction       docket.sync_direction,
    sync_status     text,
    conflicts       text[],
    receive_error   text,
    send_error      text,
    failures        integer,
    next_attempt_at timestamptz,
    received_at     timestamptz,
    sent_at         timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.require_project(list_linear_sync.project_id, to_write => false);

    return query
    select s.linear_sync_id, s.task_id, t.task_key, s.issue_id, s.identifier, s.url, s.direction,
           j.sync_status, s.conflicts, s.receive_error, s.send_error, s.failures,
           s.next_attempt_at, s.received_at, s.sent_at
      from docket.linear_sync as s
     cross join lateral (
         select k.*
           from docket.tasks as k
          where k.task_id    = s.task_id
            and k.project_id = s.project_id
         offset 0
     ) as t
     cross join lateral (
         select docket_private.linear_status_of(s, t::docket.tasks) as sync_status
         offset 0
     ) as j
     where s.project_id = list_linear_sync.project_id
       and (list_linear_sync.after is null or s.linear_sync_id > list_linear_sync.after)
       and (list_linear_sync.status is null or j.sync_status = list_linear_sync.status)
     order by s.linear_sync_id
     limit least(greatest(list_linear_sync.page_size, 1), 1000);
end;
$$;

comment on function docket.list_linear_sync(uuid, text, uuid, integer) is
'The tasks of project `project_id` that are issues of Linear''s, the first linked first; those of one
`status` only, where it is given: conflict (somebody has to decide), failed (see receive_error and
send_error), removed (the issue is gone), sending (handed out and not acknowledged), pending (there
is something to send) or synced.

`after` is the id of the last row of the previous page, `page_size` is in rows (1 to 1000).
identifier, url, receive_error, send_error, next_attempt_at, received_at and sent_at may be null.
Returns links; raises PD404.';

create function docket.list_linear_conflicts(
    project_id uuid,
    after      text    default null,
    page_size  integer default 100
) returns table (
    linear_sync_id    uuid,
    task_id           uuid,
    task_key          text,
    identifier        text,
    url               text,
    field             text,
    ours              jsonb,
    theirs            jsonb,
    agreed            jsonb,
    ours_changed_at   timestamptz,
    theirs_changed_at timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rules jsonb;
begin
    perform docket_private.require_project(list_linear_conflicts.project_id, to_write => false);
    v_rules := docket_private.linear_rules(list_linear_conflicts.project_id);

    return query
    select s.linear_sync_id, s.task_id, t.task_key, s.identifier, s.url, f.field,
           docket_private.linear_ours(t::docket.tasks) -> f.field,
           docket_private.linear_theirs(s.issue, s.removed_at is not null, v_rules) -> f.field,
           i.synced #> array[f.field, 'ours'],
           docket_private.changed_here_at(s.task_id, f.field),
           (i.changed ->> f.field)::timestamptz
      from docket.linear_sync as s
     cross join lateral unnest(s.conflicts) as f (field)
     cross join lateral (
         select k.*
           from docket.tasks as k
          where k.task_id    = s.task_id
            and k.project_id = s.project_id
         offset 0
     ) as t
      join docket_private.linear_images as i
        on i.linear_sync_id = s.linear_sync_id
       and i.project_id = s.project_id
     where s.project_id = list_linear_conflicts.project_id
       and s.conflicts <> '{}'
       and (list_linear_conflicts.after is null
            or s.linear_sync_id::text || '/' || f.field > list_linear_conflicts.after)
     order by s.linear_sync_id::text || '/' || f.field
     limit least(greatest(list_linear_conflicts.page_size, 1), 1000);
end;
$$;

comment on function docket.list_linear_conflicts(uuid, text, integer) is
'What was changed in project `project_id` and in Linear, and is to be decided: field by field, what
the task has (ours), what the issue has (theirs), both as tasks have it, and what they last agreed
in. docket.resolve_linear_conflict() decides.

`after` is linear_sync_id and field of the last row of the previous page, with a slash between,
`page_size` is in rows (1 to 1000). identifier, url, ours, theirs, agreed and theirs_changed_at may
be null. Returns conflicts; raises PD404, PD422 (settings).';

revoke all on function docket_private.hold_linear(uuid, uuid) from public;
revoke all on function docket_private.find_linear(uuid) from public;
revoke all on function docket_private.learn_issue(docket.linear_sync, jsonb, text, integer, text[], boolean)
  from public;
revoke all on function docket_private.settle_linear(docket.linear_sync) from public;
revoke all on function docket_private.take_side(docket.linear_sync, text[], text) from public;
revoke all on function docket_private.insert_linear(uuid, uuid, text, text, jsonb) from public;
revoke all on function docket_private.linear_status_of(docket.linear_sync, docket.tasks)
  from public;
revoke all on function docket.link_linear_issue(uuid, jsonb, text, jsonb, text, uuid) from public;
revoke all on function docket.unlink_linear_issue(uuid, uuid) from public;
revoke all on function docket.resolve_linear_conflict(uuid, text, text, uuid) from public;
revoke all on function docket.retry_linear_sync(uuid, uuid) from public;
revoke all on function docket.get_linear_sync(uuid) from public;
revoke all on function docket.list_linear_sync(uuid, text, uuid, integer) from public;
revoke all on function docket.list_linear_conflicts(uuid, text, integer) from public;
grant execute on function
    docket.link_linear_issue(uuid, jsonb, text, jsonb, text, uuid),
    docket.unlink_linear_issue(uuid, uuid),
    docket.resolve_linear_conflict(uuid, text, text, uuid),
    docket.retry_linear_sync(uuid, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.get_linear_sync(uuid),
    docket.list_linear_sync(uuid, text, uuid, integer),
    docket.list_linear_conflicts(uuid, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
