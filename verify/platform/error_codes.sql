-- Verify pgdocket:platform/error_codes on pg

begin;

select error_code, name, exit_code, http_status, description, facts
  from docket.error_codes
 where false;

select 1 / (count(*) >= 15)::integer
  from docket.error_codes;

rollback;
