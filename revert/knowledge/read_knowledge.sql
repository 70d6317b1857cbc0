-- Revert pgdocket:knowledge/read_knowledge from pg

begin;

drop function docket.search_knowledge(uuid, text, text[], text[], integer);
drop function docket_private.find_knowledge(uuid, text);
drop function docket_private.knowledge_languages(uuid);
drop function docket.list_knowledge(
    uuid, text, text[], timestamptz, boolean, text, integer);
drop function docket.get_knowledge(uuid, text, bigint);

commit;
