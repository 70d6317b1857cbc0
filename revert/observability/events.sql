-- Revert pgdocket:observability/events from pg

begin;

delete from docket.settings where setting_key = 'event_source';

delete from docket.partition_policies where table_name = 'events';

drop function docket_private.forget_event_keys(bigint);
drop function docket.emit_events(uuid, jsonb, uuid);
drop function docket.emit_event(
    uuid, text, jsonb, text, uuid, uuid, text, text, timestamptz, uuid);
drop function docket_private.find_event(uuid);
drop function docket_private.store_events(uuid, jsonb, boolean);
drop function docket_private.cloudevent_problem(jsonb);
drop function docket_private.own_source(uuid);
drop function docket_private.event_key(text, text);
drop function docket_private.uuid_of(text);
drop table docket_private.event_keys;
drop table docket.events;

commit;
