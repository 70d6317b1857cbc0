-- Revert pgdocket:delivery/linear_sync from pg

begin;

delete from docket.settings as s
 where starts_with(s.setting_key, 'linear_');
drop table docket_private.linear_images;
drop table docket.linear_sync;
drop domain docket.sync_direction;

commit;
