-- Revert pgdocket:platform/audit_seals from pg

begin;

drop function docket.verify_audit(text, bigint);
drop function docket.seal_audit(bigint);
drop function docket_private.require_operator();
drop function docket_private.add_seal(xid8, bigint, jsonb, text);
drop function docket_private.hash_of_seal(docket.audit_seals);
drop function docket_private.months_of_journal(xid8, bigint, xid8, bigint);
drop table docket.audit_seals;

commit;
