-- Revert pgdocket:context/read_interactions from pg

begin;

drop function docket.agent_performance(uuid, timestamptz, timestamptz, text[], text);
drop function docket_private.read_grouping(text[], text);
drop function docket.export_interactions(uuid, uuid, integer);
drop function docket.conversation(uuid, text, uuid, integer, text);
drop function docket.list_interactions(
    uuid, uuid, text, text, text, text, boolean, timestamptz, timestamptz, uuid, integer);

commit;
