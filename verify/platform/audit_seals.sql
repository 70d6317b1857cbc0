-- Verify pgdocket:platform/audit_seals on pg

begin;

select seal_id, end_transaction_id, end_audit_id, row_count, months, dropped_month, previous_hash,
       seal_hash, sealed_at, sealed_by
  from docket.audit_seals
 where false;
select 'docket_private.months_of_journal(xid8, bigint, xid8, bigint)'::regprocedure;
select 'docket_private.hash_of_seal(docket.audit_seals)'::regprocedure;
select 'docket_private.add_seal(xid8, bigint, jsonb, text)'::regprocedure;
select 'docket_private.require_operator()'::regprocedure;
select 'docket.seal_audit(bigint)'::regprocedure;
select 'docket.verify_audit(text, bigint)'::regprocedure;
select 1 / has_function_privilege('docket_maintenance', 'docket.seal_audit(bigint)', 'execute')::integer;
select 1 / has_function_privilege('docket_maintenance', 'docket.verify_audit(text, bigint)', 'execute')::integer;

rollback;
