-- Revert pgdocket:observability/read_events from pg

begin;

drop function docket.stream(text, integer);
drop function docket.events_after(uuid, text, jsonb, integer);
drop function docket.list_events(
    uuid, uuid, uuid, text, text, timestamptz, timestamptz, text, integer);
drop function docket.to_cloudevent(uuid);
drop function docket.get_event(uuid);
drop function docket_private.event_filter(jsonb);
drop function docket_private.cloudevent(docket.events);

commit;
