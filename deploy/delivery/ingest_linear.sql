-- Deploy pgdocket:delivery/ingest_linear to pg
-- requires: delivery/link_linear
-- requires: delivery/webhook_deliveries

begin;
set local role docket_owner;

-- An issue that is not known yet becomes a task, where it is of a team whose issues do.
create function docket_private.adopt_issue(
    project_id uuid,
    payload    jsonb,
    rules      jsonb
) returns docket.linear_sync
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_issue  jsonb := payload -> 'data';
    v_theirs jsonb;
    v_task   docket.tasks;
begin
    if rules ->> 'direction' = 'to_linear'
       or not rules -> 'teams' ?| array_remove(
              array['*', v_issue ->> 'teamId', v_issue #>> '{team,id}', v_issue #>> '{team,key}'],
              null) then
        return null;
    end if;

    v_theirs := docket_private.linear_theirs(v_issue, payload ->> 'action' = 'remove', rules);
    select t.* into strict v_task
      from docket.create_tasks(
               adopt_issue.project_id,
               jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
                   'title', coalesce(v_theirs ->> 'title', v_issue ->> 'identifier', 'Untitled'),
                   'description', v_theirs -> 'description', 'status', v_theirs -> 'status',
                   'priority', v_theirs -> 'priority', 'tags', v_theirs -> 'labels',
                   'estimated_effort', v_theirs -> 'estimate',
                   'due_at', (v_theirs ->> 'due_date') || 'T00:00:00Z',
                   'assigned_to', v_issue #> '{assignee,name}')))) as t;

    return docket_private.insert_linear(
        v_task.task_id, adopt_issue.project_id, v_issue ->> 'id', rules ->> 'direction', '{}');
end;
$$;

comment on function docket_private.adopt_issue(uuid, jsonb, jsonb) is
    'Makes a task of an issue that Linear tells of, and links the two; null: issues of that team do not become tasks.';

-- Our fields that an event says it has changed.
create function docket_private.fields_changed(payload jsonb) returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select f.field
          from (values
              ('title', array['title']),
              ('description', array['description', 'descriptionData']),
              ('status', array['state', 'stateId']),
              ('priority', array['priority']),
              ('estimate', array['estimate']),
              ('labels', array['labels', 'labelIds']),
              ('due_date', array['dueDate'])) as f (field, keys)
         where payload ->> 'action' = 'create'
            or payload -> 'updatedFrom' ?| f.keys
            or payload ->> 'action' = 'remove' and f.field = 'status');
end;
$$;

comment on function docket_private.fields_changed(jsonb) is
    'The fields that an event of Linear''s says it has changed: all of a new issue, else those of updatedFrom.';

create function docket_private.take_in_linear(
    project_id uuid,
    payload    jsonb
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_action text  := payload ->> 'action';
    v_issue  jsonb := payload -> 'data';
    v_told   jsonb;
    v_link   docket.linear_sync;
begin
    if payload ->> 'type' is distinct from 'Issue' or v_issue ->> 'id' is null
       or v_action is null or v_action not in ('create', 'update', 'remove') then
        return null;
    end if;

    -- Two events of one issue that come at once: the second waits here for the first.
    perform docket_private.share_graph(take_in_linear.project_id);
    insert into docket_private.webhook_streams as s (project_id, repository)
    values (take_in_linear.project_id, 'linear')
        on conflict on constraint webhook_streams_pkey
        do update set deliveries = s.deliveries + 1;

    select s.* into v_link
      from docket.linear_sync as s
     where s.project_id = take_in_linear.project_id
       and s.issue_id   = v_issue ->> 'id';
    if not found then
        v_link := docket_private.adopt_issue(
            take_in_linear.project_id, payload,
            docket_private.linear_rules(take_in_linear.project_id));
        if v_link.linear_sync_id is null then
            return null;
        end if;
    end if;

    -- What an event has changed and does not have is empty now.
    v_told := coalesce((
                  select jsonb_object_agg(k.key, null)
                    from jsonb_object_keys(
                             case jsonb_typeof(payload -> 'updatedFrom')
                                 when 'object' then payload -> 'updatedFrom'
                                 else               '{}'
                             end) as k (key)), '{}')
              || jsonb_strip_nulls(jsonb_build_object('url', payload -> 'url'))
              || v_issue;

    v_link := docket_private.hold_linear(v_link.linear_sync_id, v_link.project_id);
    v_link := docket_private.learn_issue(
        v_link, v_told, coalesce(v_issue ->> 'updatedAt', payload ->> 'createdAt'),
        case v_action when 'remove' then 2 else 1 end,
        docket_private.fields_changed(payload), v_action = 'remove');
    v_link := docket_private.settle_linear(v_link);

    return jsonb_strip_nulls(jsonb_build_object(
        'linear_sync', v_link.linear_sync_id, 'task', v_link.task_id,
        'issue', coalesce(v_link.identifier, v_link.issue_id)));
end;
$$;

comment on function docket_private.take_in_linear(uuid, jsonb) is
    'Takes in an event of Linear''s, and returns what it was about; null: nothing that is kept here.';

create function docket_private.process_linear(
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
        v_outcome := docket_private.take_in_linear(delivery.project_id, process_linear.payload);
    exception
        when data_exception or integrity_constraint_violation or sqlstate 'PD422'
             or sqlstate 'PD413' then
            v_error := sqlerrm;
    end;

    return docket_private.settle_delivery(delivery, v_outcome, v_error);
end;
$$;

comment on function docket_private.process_linear(docket.webhook_deliveries, jsonb) is
    'Takes in what Linear delivered, and writes down what became of it.';

create function docket.ingest_linear(
    project_id  uuid,
    payload     jsonb,
    delivery_id text  default null,
    body        bytea default null
) returns docket.webhook_deliveries
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- The same event has the same content, whenever it is sent.
    v_key      text := coalesce(
        delivery_id,
        encode(sha256(convert_to(case jsonb_typeof(payload)
            when 'object' then (payload - 'webhookTimestamp')::text
        end, 'UTF8')), 'hex'));
    v_delivery docket.webhook_deliveries;
begin
    perform docket_private.require_project(ingest_linear.project_id);

    if jsonb_typeof(payload) is distinct from 'object'
       or coalesce(length(payload ->> 'type'), 0) not between 1 and 255
       or coalesce(length(v_key), 0) not between 1 and 255 then
        raise exception 'this is no delivery of Linear''s'
            using errcode = 'PD422',
                  hint    = 'payload is the object that was sent, with type and action; delivery_id is the header Linear-Delivery.';
    end if;

    -- A status may satisfy dependents: the graph's key comes before any row.
    perform docket_private.share_graph(ingest_linear.project_id);

    v_delivery := docket_private.keep_delivery(
        ingest_linear.project_id, 'linear', v_key, payload ->> 'type', payload, body);

    if v_delivery.times_processed > 0 and v_delivery.delivery_status <> 'failed' then
        return v_delivery;
    end if;

    return docket_private.process_linear(v_delivery, ingest_linear.payload);
end;
$$;

comment on function docket.ingest_linear(uuid, jsonb, text, bytea) is
'Takes in a webhook of Linear''s: issues that are created, changed or removed there.

`payload` is the object that was sent (others than issues are kept and ignored), `delivery_id` the
header Linear-Delivery (null: what was sent tells itself apart), `body` the bytes where they are to
be kept as they were. Whoever has the bytes verifies the signature before (pgdocket.webhooks in
Python). An issue that is a task (docket.link_linear_issue()) is taken over into it, field by field,
as direction and policies say; one that is none becomes one where the setting linear_teams has its
team. The same delivery again is only counted; events in whatever order have the same result: what
Linear changed later counts, a field that is absent is not told, unless the event says that it has
changed it. What a task can not take stays with the link as receive_error; what can not be read is
kept as failed, and can be replayed.
Returns the delivery. Raises PD404, PD403, PD413, PD422.';

revoke all on function docket_private.adopt_issue(uuid, jsonb, jsonb) from public;
revoke all on function docket_private.fields_changed(jsonb) from public;
revoke all on function docket_private.take_in_linear(uuid, jsonb) from public;
revoke all on function docket_private.process_linear(docket.webhook_deliveries, jsonb)
  from public;
revoke all on function docket.ingest_linear(uuid, jsonb, text, bytea) from public;
grant execute on function docket.ingest_linear(uuid, jsonb, text, bytea)
   to docket_admin, docket_app, docket_agent;

commit;
