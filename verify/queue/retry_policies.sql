-- Verify pgdocket:queue/retry_policies on pg

begin;

select failure_class, max_attempts, backoff_seconds, backoff_factor, backoff_ceiling_seconds,
       jitter, final_status, description, version, created_at, updated_at, created_by, updated_by
  from docket.retry_policies
 where false;

rollback;
