-- Verify pgdocket:queue/retry_failed on pg

begin;

select 'docket_private.forgive_attempts(uuid, uuid[])'::regprocedure;
select 'docket.retry_failed(uuid, text, uuid, text[], integer, uuid)'::regprocedure;
select 1 / has_function_privilege(
           'docket_app', 'docket.retry_failed(uuid, text, uuid, text[], integer, uuid)',
           'execute')::integer;

rollback;
