-- Revert pgdocket:queue/retry_policies from pg

begin;

drop table docket.retry_policies;

commit;
