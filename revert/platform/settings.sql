-- Revert pgdocket:platform/settings from pg

begin;

drop function docket_private.without_secrets(jsonb);
drop function docket_private.hide(jsonb, text[]);
drop function docket_private.secret_pattern();
drop function docket.secret_keys();
drop function docket_private.setting(text, jsonb);
drop table docket.settings;

commit;
