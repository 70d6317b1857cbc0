-- Deploy pgdocket:observability/component_communications to pg
-- requires: observability/components
-- requires: platform/drop_partitions

begin;
set local role docket_owner;

create domain docket.communication_status as text
    constraint communication_status_known
        check (value in ('sent', 'delivered', 'failed', 'timed_out'));

comment on domain docket.communication_status is
    'What became of a message: sent, delivered, failed or timed_out.';

-- By their names, and not by what is registered: a peer may be of somebody else's.
create table docket.component_communications (
    communication_id uuid                        not null,
    project_id       uuid                        not null,
    from_component   text                        not null,
    to_component     text                        not null,
    message_type     text                        not null,
    payload          jsonb,
    status           docket.communication_status not null,
    latency_ms       bigint,
    error            text,
    correlation_id   text,
    created_at       timestamptz                 not null default docket.clock(),
    created_by       text                        not null default docket.principal(),

    constraint component_communications_pkey
        primary key (communication_id, project_id, created_at),
    constraint component_communications_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint component_communications_id_has_its_time
        check (created_at = docket_private.time_of_id(communication_id)),
    constraint component_communications_names_bounded
        check (length(from_component) between 1 and 255
               and length(to_component) between 1 and 255
               and length(message_type) between 1 and 255
               and length(correlation_id) between 1 and 255
               and length(error) between 1 and 10000),
    constraint component_communications_latency_not_negative check (latency_ms >= 0),
    constraint component_communications_payload_bounded
        check (octet_length(payload::text) <= 65536)
) partition by range (created_at);

create index component_communications_time_idx
    on docket.component_communications (project_id, created_at, communication_id);

create index component_communications_correlation_idx
    on docket.component_communications (correlation_id, project_id)
    where correlation_id is not null;

comment on table docket.component_communications is
    'What components said to each other, one row for each message. Rows are added, never changed.';
comment on column docket.component_communications.communication_id is
    'The message.';
comment on column docket.component_communications.from_component is
    'Who sent it.';
comment on column docket.component_communications.to_component is
    'To whom.';
comment on column docket.component_communications.message_type is
    'What kind of message it is: a call, an event... any word.';
comment on column docket.component_communications.payload is
    'What it said, with asterisks under secret keys.';
comment on column docket.component_communications.status is
    'What became of it.';
comment on column docket.component_communications.latency_ms is
    'How long it took, in milliseconds.';
comment on column docket.component_communications.error is
    'What went wrong.';
comment on column docket.component_communications.correlation_id is
    'What it has in common with other messages and events of the same story.';
comment on constraint component_communications_names_bounded on docket.component_communications is
    'the components, the message_type and the correlation_id of a message have 1 to 255 characters, its error 1 to 10000';
comment on constraint component_communications_latency_not_negative
    on docket.component_communications is
    'latency_ms is not negative';
comment on constraint component_communications_payload_bounded
    on docket.component_communications is
    'a payload has up to 65536 bytes';

create table docket.component_communications_default
    partition of docket.component_communications default;

comment on table docket.component_communications_default is
    'Rows of component_communications for which no month is there. The first row in it is an alarm.';

alter table docket.component_communications_default enable row level security;
alter table docket.component_communications_default force row level security;

call docket_private.add_isolation('docket.component_communications');

insert into docket.partition_policies (table_name)
values ('component_communications');

do $$ begin perform docket_private.ensure_partitions(); end $$;

create function docket.record_communication(
    project_id     uuid,
    from_component text,
    to_component   text,
    message_type   text,
    payload        jsonb  default null,
    status         text   default 'delivered',
    latency_ms     bigint default null,
    error          text   default null,
    correlation_id text   default null,
    request_id     uuid   default null
) returns docket.component_communications
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb       := docket_private.replay(request_id, 'record_communication');
    v_now        timestamptz := docket.clock();
    v_message    docket.component_communications;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.component_communications, v_answer);
    end if;

    perform docket_private.require_project(record_communication.project_id);

    begin
        insert into docket.component_communications as c (
            communication_id, project_id, from_component, to_component, message_type, payload,
            status, latency_ms, error, correlation_id, created_at)
        values (
            docket_private.id_at(record_communication.project_id, v_now),
            record_communication.project_id, record_communication.from_component,
            record_communication.to_component, record_communication.message_type,
            docket_private.without_secrets(record_communication.payload),
            coalesce(lower(record_communication.status), 'delivered'),
            record_communication.latency_ms, record_communication.error,
            record_communication.correlation_id, v_now)
        returning c.* into v_message;
    exception
        when check_violation or not_null_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the message is refused: %',
                            coalesce(
                                docket_private.constraint_text(
                                    'component_communications', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422',
                      hint    = 'Its status is sent, delivered, failed or timed_out.';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_message));
    return v_message;
end;
$$;

comment on function docket.record_communication(
    uuid, text, text, text, jsonb, text, bigint, text, text, uuid) is
'Records what one component said to another.

`from_component` and `to_component` are their names, registered or not; `message_type` is any word,
`payload` any JSON of up to 65536 bytes, with asterisks under secret keys; `status` is sent,
delivered, failed or timed_out, `latency_ms` how long it took, in milliseconds, `error` what went
wrong, `correlation_id` what it has in common with others of the same story. The same `request_id`
again returns the first answer. Returns the message. Raises PD404, PD403, PD422.';

create function docket.list_communications(
    project_id     uuid,
    component      text        default null,
    status         text        default null,
    correlation_id text        default null,
    since          timestamptz default null,
    until          timestamptz default null,
    after          uuid        default null,
    page_size      integer     default 100
) returns setof docket.component_communications
language sql
stable
begin atomic
    select c.*
      from docket.component_communications as c
     where c.project_id = list_communications.project_id
       and (list_communications.component is null
            or list_communications.component in (c.from_component, c.to_component))
       and (list_communications.status is null
            or c.status = lower(list_communications.status))
       and (list_communications.correlation_id is null
            or c.correlation_id = list_communications.correlation_id)
       and (list_communications.since is null or c.created_at >= list_communications.since)
       and (list_communications.until is null or c.created_at < list_communications.until)
       and (list_communications.after is null
            or (c.created_at, c.communication_id) < (
                   docket_private.time_of_id(list_communications.after),
                   list_communications.after))
     order by c.created_at desc, c.communication_id desc
     limit least(greatest(list_communications.page_size, 1), 1000);
end;

comment on function docket.list_communications(
    uuid, text, text, text, timestamptz, timestamptz, uuid, integer) is
'What components of a project said to each other, the newest first.

`component` is one of the two, `status` what became of the message, `correlation_id` its story,
`since` and `until` are when (from the first to before the second). `after` is the id of the last
message of the previous page, `page_size` is in rows (1 to 1000). Returns messages; raises
nothing.';

revoke all on function docket.record_communication(
    uuid, text, text, text, jsonb, text, bigint, text, text, uuid) from public;
revoke all on function docket.list_communications(
    uuid, text, text, text, timestamptz, timestamptz, uuid, integer) from public;
grant execute on function docket.record_communication(
        uuid, text, text, text, jsonb, text, bigint, text, text, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.list_communications(
        uuid, text, text, text, timestamptz, timestamptz, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.component_communications
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
