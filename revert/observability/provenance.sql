-- Revert pgdocket:observability/provenance from pg

begin;

drop function docket.in_toto_statement(uuid, uuid, uuid);
drop function docket.provenance(uuid, uuid, uuid);

commit;
