-- Verify pgdocket:delivery/linear_sync on pg

begin;

select linear_sync_id, project_id, task_id, issue_id, identifier, url, direction, policies, issue,
       conflicts, receive_error, send_error, failures, next_attempt_at, removed_at, received_at,
       sent_at, version, created_at, updated_at, created_by, updated_by
  from docket.linear_sync
 where false;

select linear_sync_id, project_id, told, changed, synced, examined_version, linear_change_id,
       sending, lease_expires_at
  from docket_private.linear_images
 where false;

select 1 / (count(*) = 8)::integer
  from docket.settings
 where starts_with(setting_key, 'linear_');

select 1 / has_table_privilege('docket_reader', 'docket.linear_sync', 'select')::integer;

rollback;
