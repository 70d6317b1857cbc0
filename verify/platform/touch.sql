-- Verify pgdocket:platform/touch on pg

begin;

select 'docket_private.touch()'::regprocedure, 'docket_private.add_touch(regclass)'::regprocedure;

rollback;
