-- Verify pgdocket:platform/idempotency_keys on pg

begin;

select principal, request_id, function_name, answer, created_at
  from docket.idempotency_keys
 where false;
select 'docket_private.recall(uuid, text)'::regprocedure;

rollback;
