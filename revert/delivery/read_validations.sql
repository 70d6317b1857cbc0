-- Revert pgdocket:delivery/read_validations from pg

begin;

drop function docket.validation_score(uuid);
drop function docket.validation_trend(uuid, text, uuid, integer);
drop function docket.list_validations(
    uuid, uuid, text, text, uuid, uuid, text, timestamptz, timestamptz, uuid, integer);

delete from docket.settings as s
 where s.setting_key = 'validation_weights';

commit;
