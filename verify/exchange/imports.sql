-- Verify pgdocket:exchange/imports on pg

begin;

select import_id, project_id, source_name, content, content_hash, shape, byte_size, report,
       metadata, created_at, created_by
  from docket.imports
 where false;

select import_id, project_id, ordinal, tag, item_path, task_id, raw, raw_status, raw_priority
  from docket.import_items
 where false;

rollback;
