-- Revert pgdocket:delivery/record_validations from pg

begin;

drop function docket.record_validation(
    uuid, text, text, text, numeric, numeric, integer, integer, integer, integer, jsonb, jsonb,
    uuid, text, uuid, uuid, timestamptz, timestamptz, bigint, jsonb, uuid);
drop function docket.record_validations(jsonb, uuid);
drop function docket_private.check_validations(jsonb);

commit;
