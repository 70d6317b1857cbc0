-- Revert pgdocket:access/isolation from pg

begin;

revoke select on docket.audit_log
  from docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
revoke execute on function docket_private.is_operator()
  from docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

drop policy audit_log_verify on docket.audit_log;
drop policy audit_log_insert on docket.audit_log;
drop policy audit_log_read on docket.audit_log;
alter table docket.audit_log_default no force row level security;
alter table docket.audit_log_default disable row level security;
alter table docket.audit_log no force row level security;
alter table docket.audit_log disable row level security;

drop procedure docket_private.add_isolation(regclass, boolean);
drop function docket_private.visible_projects();

commit;
