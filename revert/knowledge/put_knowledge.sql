-- Revert pgdocket:knowledge/put_knowledge from pg

begin;

drop function docket.archive_knowledge(uuid, uuid);
drop function docket.put_knowledge(
    uuid, text, text, text, text, text[], jsonb, timestamptz, text, jsonb, bigint, uuid);
drop function docket_private.check_document_size(text);

commit;
