-- Revert pgdocket:knowledge/templates from pg

begin;

drop table docket.template_usage_history;
drop table docket.template_versions;
drop table docket.templates;
drop function docket_private.keep_template();
drop domain docket.template_kind;

commit;
