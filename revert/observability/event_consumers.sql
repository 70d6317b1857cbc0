-- Revert pgdocket:observability/event_consumers from pg

begin;

drop function docket.list_consumers(uuid, text, integer);
drop function docket_private.events_waiting(docket.event_consumers);
drop function docket.acknowledge_events(uuid, uuid);
drop function docket.next_events(uuid, text, integer, integer);
drop function docket_private.events_between(
    docket.event_consumers, xid8, bigint, xid8, bigint, bigint, bigint);
drop function docket.unsubscribe(uuid, text, uuid);
drop function docket.subscribe(uuid, text, jsonb, text, timestamptz, uuid);
drop function docket_private.find_consumer(uuid, text, boolean);
drop table docket.event_pages;
drop table docket.event_consumers;

commit;
