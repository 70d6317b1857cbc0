-- Verify pgdocket:platform/settings on pg

begin;

select setting_key, value, description, version, created_at, updated_at, created_by, updated_by
  from docket.settings
 where false;

select 1 / (docket_private.setting('lease_seconds', '{"lease_seconds": 7}') = '7')::integer;

select 1 / (docket_private.without_secrets('{"a": [{"Token": 1}]}')
            = '{"a": [{"Token": "********"}]}')::integer;
select 1 / has_function_privilege('docket_reader', 'docket.secret_keys()', 'execute')::integer;

rollback;
