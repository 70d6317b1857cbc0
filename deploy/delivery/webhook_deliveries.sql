-- Deploy pgdocket:delivery/webhook_deliveries to pg
-- requires: platform/settings
-- requires: projects/require_project

begin;
set local role docket_owner;

create domain docket.delivery_status as text
    constraint delivery_status_known check (value in ('processed', 'ignored', 'failed'));

comment on domain docket.delivery_status is
    'What became of a delivery: processed, ignored (it says nothing that is kept here), or failed (it can be replayed).';

-- What a host sent, as it was sent, so that it can be taken in again. A delivery that comes twice
-- is known by its key.
create table docket.webhook_deliveries (
    webhook_delivery_id uuid                   not null,
    project_id          uuid                   not null,
    source              text                   not null,
    delivery_key        text                   not null,
    event               text                   not null,
    action              text,
    body                bytea                  not null,
    delivery_status     docket.delivery_status not null default 'ignored',
    error               text,
    outcome             jsonb                  not null default '{}',
    times_received      integer                not null default 1,
    times_processed     integer                not null default 0,
    processed_at        timestamptz,
    version             bigint                 not null default 1,
    created_at          timestamptz            not null default docket.clock(),
    updated_at          timestamptz            not null default docket.clock(),
    created_by          text                   not null default docket.principal(),
    updated_by          text                   not null default docket.principal(),

    constraint webhook_deliveries_pkey primary key (webhook_delivery_id, project_id),
    constraint webhook_deliveries_delivery_key unique (project_id, source, delivery_key),
    constraint webhook_deliveries_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint webhook_deliveries_texts_bounded
        check (length(source) between 1 and 63
               and length(delivery_key) between 1 and 255
               and length(event) between 1 and 255
               and length(action) <= 255
               and length(error) <= 10000),
    constraint webhook_deliveries_counts_not_negative
        check (times_received >= 1 and times_processed >= 0),
    constraint webhook_deliveries_failed_has_error
        check ((delivery_status = 'failed') = (error is not null)),
    constraint webhook_deliveries_outcome_is_object check (jsonb_typeof(outcome) = 'object')
);

create index webhook_deliveries_project_idx
    on docket.webhook_deliveries (project_id, webhook_delivery_id);

comment on table docket.webhook_deliveries is
    'What hosts of repositories and trackers sent, byte for byte, and what became of it.';
comment on column docket.webhook_deliveries.webhook_delivery_id is
    'The delivery.';
comment on column docket.webhook_deliveries.source is
    'Who sent it: github, linear.';
comment on column docket.webhook_deliveries.delivery_key is
    'The sender''s own id of it: the same again is the same delivery.';
comment on column docket.webhook_deliveries.event is
    'What happened, in the sender''s words.';
comment on column docket.webhook_deliveries.action is
    'What of it, in the sender''s words.';
comment on column docket.webhook_deliveries.body is
    'What was sent.';
comment on column docket.webhook_deliveries.delivery_status is
    'What became of it.';
comment on column docket.webhook_deliveries.error is
    'Why it could not be taken in.';
comment on column docket.webhook_deliveries.outcome is
    'What it was about: of GitHub''s pull_requests (ids), commit, ref; of Linear''s linear_sync and task (ids), issue.';
comment on column docket.webhook_deliveries.times_received is
    'How often it was sent.';
comment on column docket.webhook_deliveries.times_processed is
    'How often it was taken in.';
comment on column docket.webhook_deliveries.processed_at is
    'When it was taken in last.';

comment on constraint webhook_deliveries_texts_bounded on docket.webhook_deliveries is
    'source, delivery_key, event and action of a delivery have 1 to 255 characters';
comment on constraint webhook_deliveries_counts_not_negative on docket.webhook_deliveries is
    'a delivery was received at least once';
comment on constraint webhook_deliveries_failed_has_error on docket.webhook_deliveries is
    'a delivery has an error when, and only when, it failed';
comment on constraint webhook_deliveries_outcome_is_object on docket.webhook_deliveries is
    'outcome is a JSON object';

call docket_private.add_touch('docket.webhook_deliveries');
call docket_private.add_journal('docket.webhook_deliveries', 'webhook_delivery_id', '{body}');
call docket_private.add_isolation('docket.webhook_deliveries');

insert into docket.settings (setting_key, value, description)
values ('max_webhook_bytes', '26214400', 'The largest delivery of a webhook that is taken in, in bytes.'),
       ('webhook_delivery_days', '90', 'How long what hosts sent is kept, in days; null: for ever.');

create function docket.list_webhook_deliveries(
    project_id uuid,
    source     text    default null,
    event      text    default null,
    status     text    default null,
    after      uuid    default null,
    page_size  integer default 100
) returns table (
    webhook_delivery_id uuid,
    source              text,
    delivery_key        text,
    event               text,
    action              text,
    delivery_status     docket.delivery_status,
    error               text,
    outcome             jsonb,
    times_received      integer,
    times_processed     integer,
    body_bytes          integer,
    created_at          timestamptz,
    processed_at        timestamptz
)
language sql
stable
begin atomic
    select d.webhook_delivery_id, d.source, d.delivery_key, d.event, d.action, d.delivery_status,
           d.error, d.outcome, d.times_received, d.times_processed, octet_length(d.body),
           d.created_at, d.processed_at
      from docket.webhook_deliveries as d
     where d.project_id = list_webhook_deliveries.project_id
       and (list_webhook_deliveries.source is null or d.source = list_webhook_deliveries.source)
       and (list_webhook_deliveries.event is null or d.event = list_webhook_deliveries.event)
       and (list_webhook_deliveries.status is null
            or d.delivery_status = list_webhook_deliveries.status)
       and (list_webhook_deliveries.after is null
            or d.webhook_delivery_id > list_webhook_deliveries.after)
     order by d.webhook_delivery_id
     limit least(greatest(list_webhook_deliveries.page_size, 1), 1000);
end;

comment on function docket.list_webhook_deliveries(uuid, text, text, text, uuid, integer) is
'What was sent to project `project_id`, the first first, without the bodies: by one `source` (github,
linear), of one `event`, with one `status` (processed, ignored, failed), where these are given.

`after` is the id of the last row of the previous page, `page_size` is in rows (1 to 1000). action,
error and processed_at may be null. Returns deliveries; raises nothing.';

-- Of two that come at once, the second waits here for the first.
create function docket_private.keep_delivery(
    project_id   uuid,
    source       text,
    delivery_key text,
    event        text,
    payload      jsonb,
    body         bytea
) returns docket.webhook_deliveries
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most     bigint := (docket_private.setting('max_webhook_bytes') #>> '{}')::bigint;
    v_body     bytea  := coalesce(keep_delivery.body, convert_to(payload::text, 'UTF8'));
    v_delivery docket.webhook_deliveries;
begin
    if octet_length(v_body) > v_most then
        raise exception 'a delivery has % bytes', octet_length(v_body)
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_webhook_bytes).', v_most);
    end if;

    insert into docket.webhook_deliveries as d (
        webhook_delivery_id, project_id, source, delivery_key, event, action, body)
    values (
        docket_private.new_id(keep_delivery.project_id), keep_delivery.project_id,
        keep_delivery.source, keep_delivery.delivery_key, keep_delivery.event,
        left(payload ->> 'action', 255), v_body)
        on conflict on constraint webhook_deliveries_delivery_key
        do update set times_received = d.times_received + 1
    returning d.* into v_delivery;

    return v_delivery;
end;
$$;

comment on function docket_private.keep_delivery(uuid, text, text, text, jsonb, bytea) is
    'Stores what was delivered, or counts it where it is known. Raises PD413.';

create function docket_private.settle_delivery(
    delivery docket.webhook_deliveries,
    outcome  jsonb,
    error    text
) returns docket.webhook_deliveries
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_delivery docket.webhook_deliveries;
begin
    update docket.webhook_deliveries as d
       set delivery_status = case
                                 when settle_delivery.error is not null   then 'failed'
                                 when settle_delivery.outcome is not null then 'processed'
                                 else                                          'ignored'
                             end,
           error           = left(settle_delivery.error, 10000),
           outcome         = coalesce(settle_delivery.outcome, '{}'),
           times_processed = d.times_processed + 1,
           processed_at    = docket.clock()
     where d.webhook_delivery_id = delivery.webhook_delivery_id
       and d.project_id          = delivery.project_id
    returning d.* into strict v_delivery;

    return v_delivery;
end;
$$;

comment on function docket_private.settle_delivery(docket.webhook_deliveries, jsonb, text) is
    'Writes down what became of a delivery: what it was about (null: nothing that is kept here), or why it could not be taken in.';

-- Ids are in the order of time: none is looked at that comes after so many which stay.
create function docket_private.forget_deliveries(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_days  jsonb := docket_private.setting('webhook_delivery_days');
    v_count bigint;
begin
    perform docket_private.require_operator();

    if jsonb_typeof(v_days) <> 'number' then
        return 0;
    end if;

      with first as materialized (
          select d.webhook_delivery_id, d.project_id, d.created_at
            from docket.webhook_deliveries as d
           order by d.webhook_delivery_id
           limit forget_deliveries.at_most
      ), old as (
          select d.webhook_delivery_id, d.project_id
            from first as f
            join docket.webhook_deliveries as d
              on d.webhook_delivery_id = f.webhook_delivery_id
             and d.project_id = f.project_id
           where f.created_at < docket.clock() - make_interval(days => v_days::integer)
             for update of d skip locked
      ), gone as (
          delete from docket.webhook_deliveries as d
           using old
           where d.webhook_delivery_id = old.webhook_delivery_id
             and d.project_id          = old.project_id
          returning 1
      )
    select count(*) into v_count from gone;

    return v_count;
end;
$$;

comment on function docket_private.forget_deliveries(bigint) is
    'A step of maintenance: forgets at most so many deliveries that are older than the setting webhook_delivery_days. Returns how many. Raises PD403.';

revoke all on function docket_private.keep_delivery(uuid, text, text, text, jsonb, bytea)
  from public;
revoke all on function docket_private.settle_delivery(docket.webhook_deliveries, jsonb, text)
  from public;
revoke all on function docket_private.forget_deliveries(bigint) from public;
revoke all on function docket.list_webhook_deliveries(uuid, text, text, text, uuid, integer)
  from public;
grant execute on function
    docket.list_webhook_deliveries(uuid, text, text, text, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.webhook_deliveries
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
