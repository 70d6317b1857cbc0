-- Deploy pgdocket:tasks/task_as_of to pg
-- requires: tasks/task_history

begin;
set local role docket_owner;

-- Backwards: the task as it is, or as it was when it was purged, and every change since then
-- undone. Retention takes the oldest part of the journal, which this does not read. Security
-- definer, because a client may not enter the schema of hstore; what he may not see is hidden from
-- it all the same; from an auditor, whose verify_audit() reads everything, by what is said here.
create function docket.task_as_of(
    task_id uuid,
    at      timestamptz
) returns docket.tasks
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_values  docket_ext.hstore;
    v_undone  docket_ext.hstore;
    v_born_at timestamptz;
    v_gone_at timestamptz;
begin
    v_values := (
        select docket_ext.hstore(t.*)
          from docket.tasks as t
         where t.task_id = task_as_of.task_id);

    if v_values is null then
        select docket_ext.hstore(array_agg(v.key), array_agg(v.value)), max(l.recorded_at)
          into v_values, v_gone_at
          from (select l.*
                  from docket.audit_log as l
                 where l.row_id     = task_as_of.task_id
                   and l.table_name = 'tasks'
                   and l.operation  = 'delete'
                   and ((select docket_private.is_operator())
                        or l.project_id = any (
                               (select docket_private.visible_projects())::uuid[]))
                 order by l.audit_id desc
                 limit 1) as l
         cross join jsonb_each_text(l.old_values) as v (key, value);
    end if;

    -- The first change of a column since then says what it was.
    select docket_ext.hstore(array_agg(u.key), array_agg(u.value))
      into v_undone
      from (select distinct on (v.key) v.key, v.value
              from docket.audit_log as l
             cross join jsonb_each_text(l.old_values) as v (key, value)
             where l.row_id      = task_as_of.task_id
               and l.table_name  = 'tasks'
               and l.operation   = 'update'
               and l.recorded_at > task_as_of.at
               and ((select docket_private.is_operator())
                    or l.project_id = any ((select docket_private.visible_projects())::uuid[]))
             order by v.key, l.audit_id) as u;

    v_born_at := (v_values operator(docket_ext.->) 'created_at')::timestamptz;
    if (v_born_at <= task_as_of.at and task_as_of.at < coalesce(v_gone_at, 'infinity')) is not true
    then
        raise exception 'task % did not exist at %',
                        coalesce(task_as_of.task_id::text, 'null'),
                        coalesce(task_as_of.at::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.task_history() says when it was made.';
    end if;

    return docket_ext.populate_record(
        null::docket.tasks,
        case
            when v_undone is null then v_values
            else v_values operator(docket_ext.||) v_undone
        end);
end;
$$;

comment on function docket.task_as_of(uuid, timestamptz) is
'A task as it was at a time, by the clock at each change; from the journal, so also one that has
been purged since.

`at` is the time. Returns the task, with every field. Raises PD404 (did not exist then, or is not to
be seen).';

create function docket.who_changed(
    task_id     uuid,
    column_name text,
    after       bigint  default null,
    page_size   integer default 100
) returns table (
    audit_id         bigint,
    recorded_at      timestamptz,
    principal        text,
    session_role     text,
    old_value        text,
    new_value        text,
    reason           text,
    request_id       text,
    client_address   text,
    application_name text
)
language sql
stable
begin atomic
    select l.audit_id, l.recorded_at, l.principal, l.session_role,
           l.old_values ->> who_changed.column_name, l.new_values ->> who_changed.column_name,
           l.reason, l.request_id, host(l.client_address), l.application_name
      from docket.audit_log as l
     where l.row_id     = who_changed.task_id
       and l.table_name = 'tasks'
       and (l.old_values ? who_changed.column_name or l.new_values ? who_changed.column_name)
       and (who_changed.after is null or l.audit_id < who_changed.after)
     order by l.audit_id desc
     limit least(greatest(who_changed.page_size, 1), 1000);
end;

comment on function docket.who_changed(uuid, text, bigint, integer) is
'Who has changed a column of a task, the latest first, from the journal.

`column_name` is the column, `after` the audit_id of the last row of the previous page, `page_size`
is in rows (1 to 1000). Returns when, who, what it was before and after (in PostgreSQL''s text
form), why and from where; old_value, new_value, reason, request_id, client_address and
application_name may be null. Raises nothing.';

revoke all on function docket.task_as_of(uuid, timestamptz) from public;
revoke all on function docket.who_changed(uuid, text, bigint, integer) from public;
grant execute on function
    docket.task_as_of(uuid, timestamptz),
    docket.who_changed(uuid, text, bigint, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
