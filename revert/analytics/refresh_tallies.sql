-- Revert pgdocket:analytics/refresh_tallies from pg

begin;
set local role docket_owner;

drop function docket.refresh_tallies();
drop function docket_private.refresh_tallies(boolean);
drop table docket.tallies;
delete from docket.settings where setting_key = 'tally_max_age_seconds';

commit;
