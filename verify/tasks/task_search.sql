-- Verify pgdocket:tasks/task_search on pg

begin;

select task_id, project_id, title, language, search_vector, tags, affected_files, requirements,
       metadata
  from docket_private.task_search
 where false;

select 1 / (docket_private.task_vector('english', 'a title', '{}', null, null, null)
            @@ to_tsquery('english', 'titles'))::integer;

rollback;
