-- Verify pgdocket:tasks/vocabulary on pg

begin;

select from_status, to_status, description
  from docket.task_transitions
 where false;

select 1 / (docket_private.read_status('in-progress') = 'in_progress')::integer,
       1 / (docket_private.read_priority('"high"') = 8)::integer,
       1 / (docket.priority_label(8::smallint) = 'high')::integer;

rollback;
