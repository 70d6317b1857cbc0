-- Revert pgdocket:observability/component_communications from pg

begin;

delete from docket.partition_policies where table_name = 'component_communications';

drop function docket.list_communications(
    uuid, text, text, text, timestamptz, timestamptz, uuid, integer);
drop function docket.record_communication(
    uuid, text, text, text, jsonb, text, bigint, text, text, uuid);
drop table docket.component_communications;
drop domain docket.communication_status;

commit;
