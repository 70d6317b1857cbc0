-- Revert pgdocket:platform/update_setting from pg

begin;

drop function docket.update_setting(text, jsonb);

commit;
