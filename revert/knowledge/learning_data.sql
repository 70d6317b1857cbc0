-- Revert pgdocket:knowledge/learning_data from pg

begin;

drop function docket.list_evidence(uuid, uuid, integer);
drop function docket.learned(uuid, text, text, text[], numeric, integer);
drop function docket_private.find_learned(uuid, text);
drop function docket.record_learning(
    uuid, text, boolean, text, text, text[], jsonb, numeric, uuid, uuid, text, uuid);
drop function docket_private.half_life(uuid);
drop function docket_private.decay(timestamptz, timestamptz, numeric);
drop table docket.learning_evidence;
drop table docket_private.learning_search;
drop table docket.learning_data;
drop function docket_private.index_learning();

delete from docket.settings
 where setting_key = 'learning_half_life_days';

commit;
