-- Revert pgdocket:exchange/lint_project from pg

begin;

drop function docket.fix_project(uuid, text[], boolean, uuid);
drop function docket.lint_project(uuid, bigint, integer);
drop function docket_private.safe_fix(text, jsonb);
drop function docket_private.lint_findings(uuid);
drop function docket_private.common_priority(text);
drop function docket_private.common_status(text);
drop function docket_private.lint_kinds();

commit;
