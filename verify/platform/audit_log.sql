-- Verify pgdocket:platform/audit_log on pg

begin;

select audit_id, recorded_at, transaction_at, transaction_id, project_id, table_name, operation,
       row_id, row_key, old_values, new_values, principal, session_role, reason, request_id,
       client_address, application_name
  from docket.audit_log
 where false;

-- This month and the next are there.
select 1 / (count(*) >= 3)::integer
  from pg_catalog.pg_inherits as i
 where i.inhparent = 'docket.audit_log'::regclass;

rollback;
