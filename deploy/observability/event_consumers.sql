-- Deploy pgdocket:observability/event_consumers to pg
-- requires: observability/read_events
-- requires: platform/touch

begin;
set local role docket_owner;

-- A name under which events are consumed, by one or by many at once, and how far they have been
-- handed out to it. What is handed out is a page: it comes again, to whoever asks next, unless it
-- is acknowledged before its lease is over. So each event is handled at least once; and by one at
-- a time, as long as he is faster than his lease.
create table docket.event_consumers (
    consumer_id    uuid        not null default docket_private.new_id(),
    project_id     uuid        not null,
    consumer_name  text        not null,
    event_filter   jsonb       not null default '{}',
    since          timestamptz,
    transaction_id xid8        not null,
    event_no       bigint      not null,
    version        bigint      not null default 1,
    created_at     timestamptz not null default docket.clock(),
    updated_at     timestamptz not null default docket.clock(),
    created_by     text        not null default docket.principal(),
    updated_by     text        not null default docket.principal(),

    constraint event_consumers_pkey primary key (consumer_id, project_id),
    constraint event_consumers_name_key unique (project_id, consumer_name),
    constraint event_consumers_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint event_consumers_name_bounded check (length(consumer_name) between 1 and 255),
    constraint event_consumers_filter_is_object check (jsonb_typeof(event_filter) = 'object')
);

comment on table docket.event_consumers is
    'Names under which events are consumed, and how far they have come.';
comment on column docket.event_consumers.consumer_id is
    'The consumer.';
comment on column docket.event_consumers.consumer_name is
    'Its name.';
comment on column docket.event_consumers.event_filter is
    'Which events it gets, as in docket.events_after().';
comment on column docket.event_consumers.since is
    'From when on it gets them; null: not by time.';
comment on column docket.event_consumers.transaction_id is
    'Up to which transaction events were handed out to it...';
comment on column docket.event_consumers.event_no is
    '...and up to which number there.';
comment on constraint event_consumers_name_bounded on docket.event_consumers is
    'a consumer''s name has 1 to 255 characters';

call docket_private.add_touch('docket.event_consumers');
call docket_private.add_journal(
    'docket.event_consumers', 'consumer_id', update_columns => '{event_filter,since}');
call docket_private.add_isolation('docket.event_consumers');

create table docket.event_pages (
    page_id              uuid        not null,
    project_id           uuid        not null,
    consumer_id          uuid        not null,
    after_transaction_id xid8        not null,
    after_event_no       bigint      not null,
    until_transaction_id xid8        not null,
    until_event_no       bigint      not null,
    delivery_no          integer     not null default 1,
    lease_expires_at     timestamptz not null,
    created_by           text        not null default docket.principal(),

    constraint event_pages_pkey primary key (page_id, project_id),
    constraint event_pages_consumer_fkey
        foreign key (consumer_id, project_id) references docket.event_consumers on delete cascade,
    constraint event_pages_delivery_no_positive check (delivery_no > 0)
);

create index event_pages_consumer_idx
    on docket.event_pages (consumer_id, project_id, lease_expires_at);

comment on table docket.event_pages is
    'Pages of events that were handed out and not acknowledged yet.';
comment on column docket.event_pages.page_id is
    'The page, anew each time that it is handed out: the token that acknowledges it.';
comment on column docket.event_pages.consumer_id is
    'To which consumer.';
comment on column docket.event_pages.after_transaction_id is
    'After which transaction its events stand...';
comment on column docket.event_pages.after_event_no is
    '...and after which number there.';
comment on column docket.event_pages.until_transaction_id is
    'Up to which transaction...';
comment on column docket.event_pages.until_event_no is
    '...and up to which number there.';
comment on column docket.event_pages.delivery_no is
    'How often it was handed out.';
comment on column docket.event_pages.lease_expires_at is
    'Until when it is not handed out again.';

call docket_private.add_isolation('docket.event_pages');

create function docket_private.find_consumer(
    project_id    uuid,
    consumer_name text,
    to_write      boolean
) returns docket.event_consumers
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_consumer docket.event_consumers;
begin
    if find_consumer.to_write then
        perform docket_private.require_project(find_consumer.project_id);

        -- One page is handed out at a time.
        select c.* into v_consumer
          from docket.event_consumers as c
         where c.project_id    = find_consumer.project_id
           and c.consumer_name = find_consumer.consumer_name
           for no key update;
    else
        select c.* into v_consumer
          from docket.event_consumers as c
         where c.project_id    = find_consumer.project_id
           and c.consumer_name = find_consumer.consumer_name;
    end if;

    if v_consumer.consumer_id is null then
        raise exception 'there is no consumer "%"',
                        coalesce(left(find_consumer.consumer_name, 100), 'null')
            using errcode = 'PD404',
                  hint    = 'docket.subscribe() makes one.';
    end if;

    return v_consumer;
end;
$$;

comment on function docket_private.find_consumer(uuid, text, boolean) is
    'A consumer by its name, locked where it is to be written. Raises PD404, PD403.';

create function docket.subscribe(
    project_id    uuid,
    consumer_name text,
    event_filter  jsonb       default null,
    after         text        default null,
    since         timestamptz default null,
    request_id    uuid        default null
) returns docket.event_consumers
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'subscribe');
    v_is_moved constant boolean := subscribe.after is not null or subscribe.since is not null;
    v_place    record;
    v_consumer docket.event_consumers;
begin
    if v_answer is null then
        perform docket_private.require_project(subscribe.project_id);

        -- Raises where there is something wrong with it.
        perform docket_private.event_filter(subscribe.event_filter);

        if num_nonnulls(subscribe.after, subscribe.since) > 1 then
            raise exception 'a consumer begins after a place or at a time, not both'
                using errcode = 'PD422';
        elsif length(subscribe.consumer_name) between 1 and 255 is not true then
            raise exception 'a consumer''s name has 1 to 255 characters'
                using errcode = 'PD422';
        end if;

        -- By time: after what no event of then or later stands before.
        select p.transaction_id, p.audit_id into v_place
          from docket_private.journal_place(coalesce(
                   subscribe.after,
                   (select e.transaction_id || ':' || (e.event_no - 1)
                      from docket.events as e
                     where e.project_id   = subscribe.project_id
                       and e.recorded_at >= subscribe.since
                     order by e.transaction_id, e.event_no
                     limit 1),
                   docket.changes_end())) as p;

        insert into docket.event_consumers as c (
            project_id, consumer_id, consumer_name, event_filter, since, transaction_id, event_no)
        values (subscribe.project_id, docket_private.new_id(subscribe.project_id),
                subscribe.consumer_name, coalesce(subscribe.event_filter, '{}'), subscribe.since,
                v_place.transaction_id, v_place.audit_id)
            on conflict on constraint event_consumers_name_key do update
           set event_filter   = coalesce(subscribe.event_filter, c.event_filter),
               since          = case when v_is_moved then subscribe.since else c.since end,
               transaction_id = case
                                    when v_is_moved then excluded.transaction_id
                                    else c.transaction_id
                                end,
               event_no       = case when v_is_moved then excluded.event_no else c.event_no end
        returning c.* into v_consumer;

        if v_is_moved then
            delete from docket.event_pages as g
             where g.consumer_id = v_consumer.consumer_id
               and g.project_id  = v_consumer.project_id;
        end if;

        perform docket_private.remember(request_id, 'true');
    end if;

    return docket_private.find_consumer(subscribe.project_id, subscribe.consumer_name, false);
end;
$$;

comment on function docket.subscribe(uuid, text, jsonb, text, timestamptz, uuid) is
'Makes a consumer of a project''s events, or changes the one of that name.

`consumer_name` is its name, `event_filter` which events it gets, as for events_after() (null: what
it was, at first all). It begins `after` a place (0:0: with the first event that is kept), or with
what was recorded `since` a time; a new one, without either, with what is recorded from now on. One
that is there goes on where it is; with either it is moved there, and pages that it was handed
before can not be acknowledged any more: so the past is replayed. The same `request_id` again
returns the consumer as it is then. Returns the consumer. Raises PD404, PD403, PD409, PD422.';

create function docket.unsubscribe(
    project_id    uuid,
    consumer_name text,
    request_id    uuid default null
) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'unsubscribe');
    v_is_gone boolean;
begin
    if v_answer is not null then
        return v_answer::boolean;
    end if;

    perform docket_private.require_project(unsubscribe.project_id);

    delete from docket.event_consumers as c
     where c.project_id    = unsubscribe.project_id
       and c.consumer_name = unsubscribe.consumer_name;

    v_is_gone := found;
    perform docket_private.remember(request_id, to_jsonb(v_is_gone));
    return v_is_gone;
end;
$$;

comment on function docket.unsubscribe(uuid, text, uuid) is
'Removes the consumer `consumer_name`, with what it has not acknowledged. The same `request_id` again
returns the first answer. Returns whether it was there. Raises PD404, PD403, PD409.';

-- All of them settled already, so that each statement that asks finds the same.
create function docket_private.events_between(
    consumer             docket.event_consumers,
    after_transaction_id xid8,
    after_event_no       bigint,
    until_transaction_id xid8,
    until_event_no       bigint,
    most_read            bigint,
    page_size            bigint
) returns setof docket.events
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_filter record;
begin
    select f.* into v_filter
      from docket_private.event_filter(events_between.consumer.event_filter) as f;

    return query
    select e.*
      from (
          select r.*
            from docket.events as r
           where r.project_id = events_between.consumer.project_id
             and (r.transaction_id, r.event_no)
                 > (events_between.after_transaction_id, events_between.after_event_no)
             and (r.transaction_id, r.event_no)
                 <= (events_between.until_transaction_id, events_between.until_event_no)
           order by r.transaction_id, r.event_no
           limit events_between.most_read
      ) as e
     where (events_between.consumer.since is null
            or e.recorded_at >= events_between.consumer.since)
       and (v_filter.type_pattern is null or e.event_type ~ v_filter.type_pattern)
       and (v_filter.source is null or e.source = v_filter.source)
       and (v_filter.subject is null or e.subject = v_filter.subject)
       and (v_filter.task_id is null or e.task_id = v_filter.task_id)
       and (v_filter.workflow_id is null or e.workflow_id = v_filter.workflow_id)
       and (v_filter.component is null or e.component = v_filter.component)
       and (v_filter.correlation_id is null or e.correlation_id = v_filter.correlation_id)
       and (v_filter.since is null or e.recorded_at >= v_filter.since)
     order by e.transaction_id, e.event_no
     limit events_between.page_size;
end;
$$;

comment on function docket_private.events_between(
    docket.event_consumers, xid8, bigint, xid8, bigint, bigint, bigint) is
    'What a consumer gets of the next so many events after one place and up to another, in their order.';

create function docket.next_events(
    project_id    uuid,
    consumer_name text,
    page_size     integer default 100,
    lease_seconds integer default 60
) returns table (
    page_id     uuid,
    delivery_no integer,
    place       text,
    event_id    uuid,
    event_type  text,
    recorded_at timestamptz,
    cloudevent  jsonb
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most_read  constant bigint  := 100000;
    v_most_pages constant bigint  := 100;
    v_page_size  constant integer := least(greatest(next_events.page_size, 1), 1000);
    v_consumer   docket.event_consumers;
    v_page       docket.event_pages;
    v_settled    xid8;
    v_events     docket.events[];
begin
    if next_events.lease_seconds between 1 and 86400 is not true then
        raise exception 'lease_seconds is 1 to 86400'
            using errcode = 'PD422';
    end if;

    v_consumer := docket_private.find_consumer(
        next_events.project_id, next_events.consumer_name, true);

    -- What was handed out and not acknowledged in time comes first. Where nothing is left of it,
    -- since its month was dropped, there is nothing to acknowledge.
    loop
        delete from docket.event_pages as g
         where (g.page_id, g.project_id) = (
                   select o.page_id, o.project_id
                     from docket.event_pages as o
                    where o.consumer_id = v_consumer.consumer_id
                      and o.project_id  = v_consumer.project_id
                      and o.lease_expires_at <= docket.clock()
                    order by o.after_transaction_id, o.after_event_no
                    limit 1)
        returning g.* into v_page;
        exit when not found;

        v_events := array(
            select e
              from docket_private.events_between(
                       v_consumer, v_page.after_transaction_id, v_page.after_event_no,
                       v_page.until_transaction_id, v_page.until_event_no, null, null) as e);
        exit when v_events <> '{}';
    end loop;

    if v_page.page_id is null then
        if (
            select count(*) >= v_most_pages
              from docket.event_pages as g
             where g.consumer_id = v_consumer.consumer_id
               and g.project_id  = v_consumer.project_id)
        then
            return;
        end if;

        -- Only transactions before the oldest that still writes, as in docket.changes(): nothing
        -- comes to stand before what has been handed out.
        v_settled := pg_snapshot_xmin(pg_current_snapshot());
        v_events  := array(
            select e
              from docket_private.events_between(
                       v_consumer, v_consumer.transaction_id, v_consumer.event_no, v_settled, 0,
                       v_most_read, v_page_size) as e);

        v_page.after_transaction_id := v_consumer.transaction_id;
        v_page.after_event_no       := v_consumer.event_no;

        if cardinality(v_events) = v_page_size then
            v_page.until_transaction_id := v_events[v_page_size].transaction_id;
            v_page.until_event_no       := v_events[v_page_size].event_no;
        else
            -- As far as was read: what it does not get is not read again.
            select r.transaction_id, r.event_no
              into v_page.until_transaction_id, v_page.until_event_no
              from (
                  select e.transaction_id, e.event_no
                    from docket.events as e
                   where e.project_id = v_consumer.project_id
                     and (e.transaction_id, e.event_no)
                         > (v_consumer.transaction_id, v_consumer.event_no)
                     and e.transaction_id < v_settled
                   order by e.transaction_id, e.event_no
                   limit v_most_read
              ) as r
             order by r.transaction_id desc, r.event_no desc
             limit 1;

            if not found then
                return;
            end if;
        end if;

        update docket.event_consumers as c
           set transaction_id = v_page.until_transaction_id,
               event_no       = v_page.until_event_no
         where c.consumer_id = v_consumer.consumer_id
           and c.project_id  = v_consumer.project_id;

        if v_events = '{}' then
            return;
        end if;
    end if;

    insert into docket.event_pages as g (
        page_id, project_id, consumer_id, after_transaction_id, after_event_no,
        until_transaction_id, until_event_no, delivery_no, lease_expires_at)
    values (docket_private.new_id(v_consumer.project_id), v_consumer.project_id,
            v_consumer.consumer_id, v_page.after_transaction_id, v_page.after_event_no,
            v_page.until_transaction_id, v_page.until_event_no,
            coalesce(v_page.delivery_no, 0) + 1,
            docket.clock() + make_interval(secs => next_events.lease_seconds))
    returning g.* into v_page;

    return query
    select v_page.page_id, v_page.delivery_no, e.transaction_id || ':' || e.event_no, e.event_id,
           e.event_type, e.recorded_at, docket_private.cloudevent(e)
      from unnest(v_events) as e
     order by e.transaction_id, e.event_no;
end;
$$;

comment on function docket.next_events(uuid, text, integer, integer) is
'Hands out the next page of events to whoever consumes under a name, without a gap and in order.

`consumer_name` is the consumer that subscribe() made, `page_size` is in rows (1 to 1000),
`lease_seconds` how long (1 to 86400) the page is nobody else''s: after that it is handed out again,
with a new page_id, unless acknowledge_events() was called. So an event is handled at least once,
and many may consume under one name at once: each gets pages of his own (up to 100 at a time). Who
needs the strict order consumes alone. Of many events that the consumer does not get, one call reads
100000. Returns the events, each as a CloudEvent; delivery_no counts how often the page was handed
out. Nothing: ask again after docket_events (LISTEN). Raises PD404, PD403, PD422.';

create function docket.acknowledge_events(
    page_id    uuid,
    request_id uuid default null
) returns docket.event_consumers
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'acknowledge_events');
    v_page     docket.event_pages;
    v_consumer docket.event_consumers;
begin
    if v_answer is not null then
        select c.* into v_consumer
          from docket.event_consumers as c
         where c.consumer_id = (v_answer ->> 'consumer_id')::uuid;
        return v_consumer;
    end if;

    delete from docket.event_pages as g
     where g.page_id = acknowledge_events.page_id
    returning g.* into v_page;

    if not found then
        raise exception 'page % is not handed out',
                        coalesce(acknowledge_events.page_id::text, 'null')
            using errcode = 'PDLSE',
                  hint    = 'It was acknowledged already, or handed out again after its lease, with a new page_id.';
    end if;

    perform docket_private.require_project(v_page.project_id);

    select c.* into v_consumer
      from docket.event_consumers as c
     where c.consumer_id = v_page.consumer_id
       and c.project_id  = v_page.project_id;

    perform docket_private.remember(
        request_id, jsonb_build_object('consumer_id', v_consumer.consumer_id));
    return v_consumer;
end;
$$;

comment on function docket.acknowledge_events(uuid, uuid) is
'Says that the events of page `page_id`, of next_events(), are handled: they do not come again. A
page whose lease is over can be acknowledged until it is handed out again. The same `request_id`
again returns the consumer as it is then. Returns the consumer. Raises PD403, PD409, PDLSE (it is
not handed out).';

create function docket_private.events_waiting(consumer docket.event_consumers) returns bigint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
          with next_few as (
              select e.event_no
                from docket.events as e
               where e.project_id = consumer.project_id
                 and (e.transaction_id, e.event_no) > (consumer.transaction_id, consumer.event_no)
               order by e.transaction_id, e.event_no
               limit 10000
          )
        select count(*) from next_few);
end;
$$;

comment on function docket_private.events_waiting(docket.event_consumers) is
    'How many events of its project come after what a consumer was handed; up to 10000.';

create function docket.list_consumers(
    project_id uuid,
    after      text    default '',
    page_size  integer default 100
) returns table (
    consumer_name   text,
    event_filter    jsonb,
    since           timestamptz,
    place           text,
    waiting         bigint,
    pages_out       bigint,
    pages_overdue   bigint,
    most_deliveries integer,
    created_at      timestamptz,
    created_by      text
)
language sql
stable
begin atomic
    select c.consumer_name, c.event_filter, c.since, c.transaction_id || ':' || c.event_no,
           docket_private.events_waiting(c), g.pages_out, g.pages_overdue, g.most_deliveries,
           c.created_at, c.created_by
      from docket.event_consumers as c
     cross join lateral (
               select count(*) as pages_out,
                      count(*) filter (where o.lease_expires_at <= docket.clock())
                          as pages_overdue,
                      max(o.delivery_no) as most_deliveries
                 from docket.event_pages as o
                where o.consumer_id = c.consumer_id
                  and o.project_id = c.project_id
           ) as g
     where c.project_id = list_consumers.project_id
       and c.consumer_name > list_consumers.after
     order by c.consumer_name
     limit least(greatest(list_consumers.page_size, 1), 1000);
end;

comment on function docket.list_consumers(uuid, text, integer) is
'The consumers of a project''s events, by name.

`after` is the name of the last consumer of the previous page, `page_size` is in rows (1 to 1000).
Returns for each how far it has been handed out (place), how many events of the project come after
that (waiting, up to 10000), how many pages it has not acknowledged, how many of these are overdue
and how often the worst of them was handed out; since and most_deliveries may be null. Raises
nothing.';

revoke all on function docket_private.find_consumer(uuid, text, boolean) from public;
revoke all on function docket.subscribe(uuid, text, jsonb, text, timestamptz, uuid) from public;
revoke all on function docket.unsubscribe(uuid, text, uuid) from public;
revoke all on function docket_private.events_between(
    docket.event_consumers, xid8, bigint, xid8, bigint, bigint, bigint) from public;
revoke all on function docket.next_events(uuid, text, integer, integer) from public;
revoke all on function docket.acknowledge_events(uuid, uuid) from public;
revoke all on function docket_private.events_waiting(docket.event_consumers) from public;
revoke all on function docket.list_consumers(uuid, text, integer) from public;
grant execute on function
    docket.subscribe(uuid, text, jsonb, text, timestamptz, uuid),
    docket.unsubscribe(uuid, text, uuid),
    docket.next_events(uuid, text, integer, integer),
    docket.acknowledge_events(uuid, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket_private.events_waiting(docket.event_consumers),
    docket.list_consumers(uuid, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.event_consumers, docket.event_pages
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
