-- Deploy pgdocket:access/read_journal to pg
-- requires: access/isolation
-- requires: platform/error_codes

begin;
set local role docket_owner;

-- plpgsql: a SQL function that can not be inlined is planned anew by every statement that calls it.
create function docket_private.changed_columns(
    old_values jsonb,
    new_values jsonb
) returns jsonb
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_object_agg(
                   k.column_name,
                   jsonb_build_array(
                       changed_columns.old_values -> k.column_name,
                       changed_columns.new_values -> k.column_name))
          from jsonb_object_keys(
                   coalesce(changed_columns.old_values, '{}')
                   || coalesce(changed_columns.new_values, '{}')) as k (column_name));
end;
$$;

comment on function docket_private.changed_columns(jsonb, jsonb) is
    'What a row of the journal says of its columns: {column: [before, after]}; null where it says nothing.';

create function docket.history(
    table_name text,
    row_id     text,
    after      bigint  default 0,
    page_size  integer default 100
) returns table (
    audit_id         bigint,
    recorded_at      timestamptz,
    operation        text,
    changes          jsonb,
    principal        text,
    session_role     text,
    reason           text,
    request_id       text,
    client_address   text,
    application_name text
)
language sql
stable
begin atomic
    -- Two searches of the same index: rows whose key is no uuid have no row_id there.
    with found as (
        (select l.*
           from docket.audit_log as l
          where l.row_id = case
                               when history.row_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                               then history.row_id::uuid
                           end
            and l.table_name = history.table_name
            and l.audit_id > history.after
          order by l.audit_id
          limit least(greatest(history.page_size, 1), 1000))
          union all
        (select l.*
           from docket.audit_log as l
          where l.row_id is null
            and l.row_key = history.row_id
            and l.table_name = history.table_name
            and l.audit_id > history.after
          order by l.audit_id
          limit least(greatest(history.page_size, 1), 1000))
    )
    select f.audit_id, f.recorded_at, f.operation,
           docket_private.changed_columns(f.old_values, f.new_values),
           f.principal, f.session_role, f.reason, f.request_id, host(f.client_address),
           f.application_name
      from found as f
     order by f.audit_id
     limit least(greatest(history.page_size, 1), 1000);
end;

comment on function docket.history(text, text, bigint, integer) is
'What has happened to a row, the oldest first: one row for each change, from the journal.

`table_name` is a table of schema docket, `row_id` the id or the key of the row in the journal (the
task''s, for its dependencies), `after` the audit_id of the last row of the previous page,
`page_size` is in rows (1 to 1000). Returns when, what ({column: [before, after]}, in PostgreSQL''s
text form), who, why and from where; changes, reason, request_id, client_address and
application_name may be null. Raises nothing.';

-- A place in the change stream is the transaction and the number of the last row that was read.
create function docket_private.journal_place(
    place              text,
    out transaction_id xid8,
    out audit_id       bigint
)
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_place text := coalesce(journal_place.place, '0:0');
begin
    if v_place !~ '^[0-9]{1,18}:[0-9]{1,18}$' then
        raise exception '"%" is no place in the journal', left(v_place, 100)
            using errcode = 'PD422',
                  hint    = 'Give the place of the last row that was read; 0:0 is the beginning.';
    end if;

    transaction_id := split_part(v_place, ':', 1)::xid8;
    audit_id       := split_part(v_place, ':', 2)::bigint;
end;
$$;

comment on function docket_private.journal_place(text) is
    'A place in the change stream, as its transaction and number. Raises PD422.';

-- Only transactions before the oldest that still runs: all of these have ended, so nothing can
-- come to stand before what has been read. By number alone a row could: a transaction that took
-- a low number may commit after one with a higher.
create function docket.changes(
    after     text    default '0:0',
    page_size integer default 100
) returns table (
    place            text,
    audit_id         bigint,
    recorded_at      timestamptz,
    project_id       uuid,
    table_name       text,
    row_id           text,
    operation        text,
    changes          jsonb,
    principal        text,
    session_role     text,
    reason           text,
    request_id       text,
    application_name text
)
language sql
stable
begin atomic
    select l.transaction_id || ':' || l.audit_id, l.audit_id, l.recorded_at, l.project_id,
           l.table_name, coalesce(l.row_id::text, l.row_key), l.operation,
           docket_private.changed_columns(l.old_values, l.new_values),
           l.principal, l.session_role, l.reason, l.request_id, l.application_name
      from docket.audit_log as l
     where (l.transaction_id, l.audit_id) > (
               (docket_private.journal_place(changes.after)).transaction_id,
               (docket_private.journal_place(changes.after)).audit_id)
       and l.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     order by l.transaction_id, l.audit_id
     limit least(greatest(changes.page_size, 1), 1000);
end;

comment on function docket.changes(text, integer) is
'The change stream: every change of the projects that the caller sees, without a gap: what has once
been passed is never added to. It ends before the oldest transaction that still writes, in whatever
database of the server.

`after` is the place of the last row that was read (0:0: the beginning), `page_size` is in rows (1
to 1000). Transactions come in the order in which they began to write, each of them whole; where two
that overlapped changed the same row, the greater audit_id is the later change. Returns what
history() does, for all tables; project_id, row_id, changes, reason, request_id and application_name
may be null. Raises PD422 (no place in the journal).';

create function docket.changes_end() returns text
language sql
stable
begin atomic
    select pg_snapshot_xmin(pg_current_snapshot()) || ':0';
end;

comment on function docket.changes_end() is
'Where changes() ends at this moment. Who asks for it before a page, and gets a page that is not
full, may go on from here: so that what is hidden from him is not read again and again. Both of the
same server: a standby may be behind.

Returns the place. Raises nothing.';

revoke all on function docket_private.changed_columns(jsonb, jsonb) from public;
revoke all on function docket_private.journal_place(text) from public;
revoke all on function docket.history(text, text, bigint, integer) from public;
revoke all on function docket.changes(text, integer) from public;
revoke all on function docket.changes_end() from public;
grant execute on function
    docket_private.changed_columns(jsonb, jsonb),
    docket_private.journal_place(text),
    docket.history(text, text, bigint, integer),
    docket.changes(text, integer),
    docket.changes_end()
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
