-- Revert pgdocket:platform/audit_log from pg

begin;

drop trigger partition_policies_journal_insert on docket.partition_policies;
drop trigger partition_policies_journal_update on docket.partition_policies;
drop trigger partition_policies_journal_delete on docket.partition_policies;
drop trigger partition_policies_journal_truncate on docket.partition_policies;
drop trigger error_codes_journal_insert on docket.error_codes;
drop trigger error_codes_journal_update on docket.error_codes;
drop trigger error_codes_journal_delete on docket.error_codes;
drop trigger error_codes_journal_truncate on docket.error_codes;

delete from docket.partition_policies
 where table_name = 'audit_log';

drop procedure docket_private.add_journal(regclass, text, text[], text, text[], text[]);
drop function docket_private.journal_truncate();
drop function docket_private.journal_update();
drop function docket_private.journal_other_update();
drop function docket_private.write_update(text[], docket_ext.hstore, docket_ext.hstore);
drop function docket_private.journal_delete();
drop function docket_private.journal_insert();
drop function docket_private.masked(docket_ext.hstore, text[], text[]);
drop table docket.audit_log;
drop function docket_private.principal_of_gateway();
drop domain docket.audit_operation;
drop sequence docket_private.audit_id_seq;

commit;
