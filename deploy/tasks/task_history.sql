-- Deploy pgdocket:tasks/task_history to pg
-- requires: access/isolation
-- requires: tasks/tasks

begin;
set local role docket_owner;

create function docket.task_history(
    task_id   uuid,
    after     bigint  default 0,
    page_size integer default 100
) returns table (
    audit_id    bigint,
    recorded_at timestamptz,
    principal   text,
    operation   text,
    changes     jsonb,
    from_status text,
    to_status   text,
    reason      text,
    request_id  text
)
language sql
stable
begin atomic
    select l.audit_id, l.recorded_at, l.principal, l.operation,
           (select jsonb_object_agg(
                       k.column_name,
                       jsonb_build_array(
                           l.old_values -> k.column_name, l.new_values -> k.column_name))
              from jsonb_object_keys(coalesce(l.old_values, '{}') || coalesce(l.new_values, '{}'))
                   as k (column_name)),
           l.old_values ->> 'status',
           l.new_values ->> 'status',
           l.reason, l.request_id
      from docket.audit_log as l
     where l.row_id = task_history.task_id
       and l.table_name = 'tasks'
       and l.audit_id > task_history.after
     order by l.audit_id
     limit least(greatest(task_history.page_size, 1), 1000);
end;

comment on function docket.task_history(uuid, bigint, integer) is
'What has happened to a task, the oldest first: one row for each change, from the journal.

`after` is the audit_id of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns when, who, what ({column: [before, after]}, in PostgreSQL''s text form), the status before
and after where it moved, the reason and the request; from_status, to_status, reason and request_id
may be null. Raises nothing.';

revoke all on function docket.task_history(uuid, bigint, integer) from public;
grant execute on function docket.task_history(uuid, bigint, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
