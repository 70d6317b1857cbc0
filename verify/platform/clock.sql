-- Verify pgdocket:platform/clock on pg

begin;

select 1 / (docket.clock() between now() - interval '1 day' and now() + interval '1 day')::integer;

rollback;
