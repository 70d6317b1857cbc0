-- Revert pgdocket:platform/settings from pg

begin;

drop function docket_private.setting(text, jsonb);
drop table docket.settings;

commit;
