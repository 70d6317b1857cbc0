-- Verify pgdocket:platform/check_batch on pg

begin;

select
    'docket_private.check_batch(jsonb, text, text, text, text[], boolean, text)'::regprocedure;

rollback;
