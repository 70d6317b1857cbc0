-- Revert pgdocket:analytics/compare_to_baseline from pg

begin;
set local role docket_owner;

drop function docket.compare_to_baseline(
    uuid, timestamptz, timestamptz, timestamptz, timestamptz);
delete from docket.settings where setting_key = 'baseline';

commit;
