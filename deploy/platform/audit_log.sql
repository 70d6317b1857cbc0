-- Deploy pgdocket:platform/audit_log to pg
-- requires: platform/partitions
-- requires: platform/principal

begin;
set local role docket_owner;

-- The journal. One row for each changed row of each table, with the changed columns only:
-- a task's history and the change stream are views over it, not further copies.
create sequence docket_private.audit_id_seq as bigint;

comment on sequence docket_private.audit_id_seq is
    'Numbers the rows of the journal; in the order of writing, not of commit.';

create domain docket.audit_operation as text
    constraint audit_operation_known
        check (value in ('insert', 'update', 'delete', 'truncate', 'drop'));

comment on domain docket.audit_operation is
    'insert, update and delete of a row, truncate of a table, drop of a partition that nobody has to keep any longer.';

-- Every write of the product pays for a row of it: what can be spared, is. The operation is known
-- to a domain: a CHECK of the table is read from the catalog again by each statement, which was a
-- quarter of an insertion. The principal is docket.principal(), written out for those who speak
-- for nobody else. One index finds a row's history; the other, the key, is the order of the change
-- stream and of the seals: that of transactions, since of the numbers before one some may still
-- be uncommitted, and of the transactions before the oldest that runs none is.
create table docket.audit_log (
    audit_id         bigint      not null default nextval('docket_private.audit_id_seq'),
    recorded_at      timestamptz not null default clock_timestamp(),
    transaction_at   timestamptz not null default transaction_timestamp(),
    transaction_id   xid8        not null default pg_current_xact_id(),
    project_id       uuid,
    table_name       text        not null,
    operation        docket.audit_operation not null,
    row_id           uuid,
    row_key          text,
    old_values       jsonb,
    new_values       jsonb,
    principal        text        not null default
        case
            when coalesce(current_setting('docket.actor', true), '') <> '' then docket.principal()
            else coalesce(nullif(current_setting('role'), 'none'), session_user)
        end,
    session_role     text        not null default session_user,
    reason           text        default nullif(current_setting('docket.reason', true), ''),
    request_id       text        default nullif(current_setting('docket.request_id', true), ''),
    client_address   inet        default inet_client_addr(),
    application_name text        default nullif(current_setting('application_name'), ''),

    constraint audit_log_pkey primary key (transaction_id, audit_id, recorded_at)
) partition by range (recorded_at);

create index audit_log_row_idx
    on docket.audit_log (row_id, audit_id);

comment on table docket.audit_log is
    'The journal: one row for each changed row, with the changed columns only, and who, when, from where and why.';
comment on column docket.audit_log.audit_id is
    'Its number, in the order of writing; commits may come in another order.';
comment on column docket.audit_log.recorded_at is
    'The wall clock at the change.';
comment on column docket.audit_log.transaction_at is
    'When the transaction began.';
comment on column docket.audit_log.transaction_id is
    'The transaction, so that a reader can tell what may still be uncommitted before it. It never wraps around.';
comment on column docket.audit_log.project_id is
    'The project of the row; null where the table has none.';
comment on column docket.audit_log.table_name is
    'The table, without its schema where that is docket.';
comment on column docket.audit_log.operation is
    'insert, update, delete or truncate; drop where a partition was dropped.';
comment on column docket.audit_log.row_id is
    'The row''s id, where its key is a uuid.';
comment on column docket.audit_log.row_key is
    'The row''s key, where that is no uuid.';
comment on column docket.audit_log.old_values is
    'Changed columns before (delete: all that were not null), each as PostgreSQL''s own text form of the value.';
comment on column docket.audit_log.new_values is
    'Changed columns after (insert: all that are not null), each as PostgreSQL''s own text form of the value.';
comment on column docket.audit_log.principal is
    'Who asked: docket.principal().';
comment on column docket.audit_log.session_role is
    'The role that logged in.';
comment on column docket.audit_log.reason is
    'The setting docket.reason at the change.';
comment on column docket.audit_log.request_id is
    'The setting docket.request_id at the change.';
comment on column docket.audit_log.client_address is
    'The client''s address; null over a unix socket.';
comment on column docket.audit_log.application_name is
    'What the client calls itself.';

create table docket.audit_log_default partition of docket.audit_log default;

comment on table docket.audit_log_default is
    'Rows of audit_log for which no month is there. The first row in it is an alarm.';

-- Called only where something is known to be secret: whole columns, or something under a key.
create function docket_private.masked(
    row_values     docket_ext.hstore,
    secret_columns text[],
    json_columns   text[]
) returns docket_ext.hstore
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return masked.row_values
           operator(docket_ext.||) coalesce(
               (select docket_ext.hstore(array_agg(s.column_name), array_agg(text '********'))
                  from unnest(masked.secret_columns) as s (column_name)
                 where docket_ext.defined(masked.row_values, s.column_name)),
               '')
           operator(docket_ext.||) coalesce(
               (select docket_ext.hstore(
                           array_agg(j.column_name),
                           array_agg(docket_private.without_secrets(j.value::jsonb)::text))
                  from docket_ext.each(docket_ext.slice(masked.row_values, masked.json_columns))
                       as j (column_name, value)),
               '');
end;
$$;

comment on function docket_private.masked(docket_ext.hstore, text[], text[]) is
    'A row with asterisks for its secret columns, and under the secret keys of its columns of type jsonb.';

-- The cheapest way that was measured to find out which columns changed is hstore's
-- difference, in C, and it knows any table. Values are kept in text form, as hstore has
-- them: the type's own input function reads them back without loss, whatever the time zone
-- and date style of the session that wrote them. Times are written in ISO 8601 and in UTC; where
-- the session does so anyway nothing is set, which would be a tenth of the journal's cost.
create function docket_private.writes_in_utc() returns boolean
language sql
stable
begin atomic
    select current_setting('timezone') in ('UTC', 'Etc/UTC', 'GMT')
       and starts_with(current_setting('datestyle'), 'ISO');
end;

comment on function docket_private.writes_in_utc() is
    'Whether the session writes times in ISO 8601 and in UTC.';

create function docket_private.in_utc(row_values record) returns docket_ext.hstore
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
begin
    return docket_ext.hstore(in_utc.row_values);
end;
$$;

comment on function docket_private.in_utc(record) is
    'A row as text by column, with times in ISO 8601 and in UTC, whatever the session''s settings.';

create function docket_private.journal_insert() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_json text[] := tg_argv[4]::text[];
begin
    insert into docket.audit_log (table_name, operation, project_id, row_id, row_key, new_values)
    select tg_argv[0],
           'insert',
           (written.h operator(docket_ext.->) 'project_id')::uuid,
           (written.h operator(docket_ext.->) tg_argv[1])::uuid,
           written.h operator(docket_ext.->) tg_argv[2],
           jsonb_strip_nulls(docket_ext.hstore_to_jsonb(
               case
                   when tg_argv[3] <> '{}'
                        or array_to_string(written.h operator(docket_ext.->) v_json, '')
                               like '%": %'
                           and array_to_string(written.h operator(docket_ext.->) v_json, '')
                               ~* (select docket_private.secret_pattern())
                       then docket_private.masked(written.h, tg_argv[3]::text[], v_json)
                   else written.h
               end))
      from inserted
     cross join lateral (
               select case
                          when docket_private.writes_in_utc() then docket_ext.hstore(inserted.*)
                          else docket_private.in_utc(inserted.*)
                      end as h
               offset 0
           ) as written;

    return null;
end;
$$;

comment on function docket_private.journal_insert() is
    'Writes the rows of an INSERT into the journal. Arguments: table, key column that is a uuid, key column that is none, secret columns, columns of type jsonb.';

create function docket_private.journal_delete() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_json text[] := tg_argv[4]::text[];
begin
    insert into docket.audit_log (table_name, operation, project_id, row_id, row_key, old_values)
    select tg_argv[0],
           'delete',
           (gone.h operator(docket_ext.->) 'project_id')::uuid,
           (gone.h operator(docket_ext.->) tg_argv[1])::uuid,
           gone.h operator(docket_ext.->) tg_argv[2],
           jsonb_strip_nulls(docket_ext.hstore_to_jsonb(
               case
                   when tg_argv[3] <> '{}'
                        or array_to_string(gone.h operator(docket_ext.->) v_json, '')
                               like '%": %'
                           and array_to_string(gone.h operator(docket_ext.->) v_json, '')
                               ~* (select docket_private.secret_pattern())
                       then docket_private.masked(gone.h, tg_argv[3]::text[], v_json)
                   else gone.h
               end))
      from deleted
     cross join lateral (
               select case
                          when docket_private.writes_in_utc() then docket_ext.hstore(deleted.*)
                          else docket_private.in_utc(deleted.*)
                      end as h
               offset 0
           ) as gone;

    return null;
end;
$$;

comment on function docket_private.journal_delete() is
    'Writes the rows of a DELETE into the journal. Arguments as for journal_insert().';

-- By row, because the old and the new row must meet: joining two transition tables costs more.
create function docket_private.journal_update() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old     docket_ext.hstore;
    v_new     docket_ext.hstore;
    v_former  docket_ext.hstore;
    v_changed docket_ext.hstore;
    v_text    text;
begin
    if docket_private.writes_in_utc() then
        v_old := docket_ext.hstore(old);
        v_new := docket_ext.hstore(new);
    else
        v_old := docket_private.in_utc(old);
        v_new := docket_private.in_utc(new);
    end if;

    -- Most changes touch no column of type jsonb, and most values in them have no key at all; only
    -- for the others is anything worked out that may have to be masked.
    if tg_argv[3] <> '{}'
       or (v_new operator(docket_ext.-) v_old) operator(docket_ext.?|) tg_argv[4]::text[] then
        v_former  := v_old operator(docket_ext.-) v_new;
        v_changed := v_new operator(docket_ext.-) v_old;
        v_text    := array_to_string(
                         (v_former operator(docket_ext.->) tg_argv[4]::text[])
                         || (v_changed operator(docket_ext.->) tg_argv[4]::text[]), ' ');

        if tg_argv[3] <> '{}'
           or (v_text like '%": %' and v_text ~* docket_private.secret_pattern()) then
            v_former  := docket_private.masked(v_former, tg_argv[3]::text[], tg_argv[4]::text[]);
            v_changed := docket_private.masked(v_changed, tg_argv[3]::text[], tg_argv[4]::text[]);
        end if;
    end if;

    insert into docket.audit_log (table_name, operation, project_id, row_id, row_key,
                                  old_values, new_values)
    values (tg_argv[0],
            'update',
            (v_new operator(docket_ext.->) 'project_id')::uuid,
            (v_new operator(docket_ext.->) tg_argv[1])::uuid,
            v_new operator(docket_ext.->) tg_argv[2],
            docket_ext.hstore_to_jsonb(coalesce(v_former, v_old operator(docket_ext.-) v_new)),
            docket_ext.hstore_to_jsonb(coalesce(v_changed, v_new operator(docket_ext.-) v_old)));

    return null;
end;
$$;

comment on function docket_private.journal_update() is
    'Writes one changed row, its changed columns only, into the journal. Arguments as for journal_insert().';

create function docket_private.journal_truncate() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into docket.audit_log (table_name, operation)
    values (tg_argv[0], 'truncate');

    return null;
end;
$$;

comment on function docket_private.journal_truncate() is
    'Writes a TRUNCATE into the journal.';

create procedure docket_private.add_journal(
    target         regclass,
    key_column     text,
    secret_columns text[] default '{}',
    update_when    text   default 'old.* is distinct from new.*',
    update_columns text[] default '{}',
    operations     text[] default '{insert,update,delete,truncate}'
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table  name := (select c.relname
                        from pg_catalog.pg_class as c
                       where c.oid = add_journal.target);
    v_schema name := (select n.nspname
                        from pg_catalog.pg_class as c
                        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
                       where c.oid = add_journal.target);
    v_is_id  boolean := (select a.atttypid = 'uuid'::regtype
                           from pg_catalog.pg_attribute as a
                          where a.attrelid = add_journal.target
                            and a.attname = add_journal.key_column);
    v_args   text;
begin
    -- The statement that moves a row from one partition to the next is no INSERT and no DELETE, and
    -- fires no trigger of theirs: what it does would be missing.
    if (select c.relkind = 'p' from pg_catalog.pg_class as c where c.oid = add_journal.target) then
        raise exception 'the rows of a partitioned table can not be journaled by statement'
            using errcode = '0A000';
    end if;

    v_args := format('%L, %L, %L, %L, %L',
                     case v_schema when 'docket' then v_table else v_schema || '.' || v_table end,
                     case when v_is_id then add_journal.key_column else '' end,
                     case when v_is_id then '' else add_journal.key_column end,
                     add_journal.secret_columns,
                     array(
                         select a.attname
                           from pg_catalog.pg_attribute as a
                           join pg_catalog.pg_type as y on y.oid = a.atttypid
                          where a.attrelid = add_journal.target
                            and 'jsonb'::regtype in (y.oid, y.typbasetype)
                            and a.attname <> all (add_journal.secret_columns)
                          order by a.attnum));

    -- DDL takes no parameters: hence format().
    if 'insert' = any (add_journal.operations) then
        execute format(
            'create trigger %I after insert on %s referencing new table as inserted '
            'for each statement execute function docket_private.journal_insert(%s)',
            v_table || '_journal_insert', add_journal.target, v_args);
    end if;
    if 'update' = any (add_journal.operations) then
        execute format(
            'create trigger %I after update %s on %s for each row when (%s) '
            'execute function docket_private.journal_update(%s)',
            v_table || '_journal_update',
            (select 'of ' || string_agg(quote_ident(c.name), ', ' order by c.ordinality)
               from unnest(add_journal.update_columns) with ordinality as c (name, ordinality)),
            add_journal.target, add_journal.update_when, v_args);
    end if;
    if 'delete' = any (add_journal.operations) then
        execute format(
            'create trigger %I after delete on %s referencing old table as deleted '
            'for each statement execute function docket_private.journal_delete(%s)',
            v_table || '_journal_delete', add_journal.target, v_args);
    end if;
    if 'truncate' = any (add_journal.operations) then
        execute format(
            'create trigger %I after truncate on %s '
            'for each statement execute function docket_private.journal_truncate(%s)',
            v_table || '_journal_truncate', add_journal.target, v_args);
    end if;
end;
$$;

comment on procedure docket_private.add_journal(regclass, text, text[], text, text[], text[]) is
'Makes every change of a table''s rows a row of the journal.

`target` is the table, `key_column` the column that finds a row, `secret_columns` are masked (in
columns of type jsonb, what stands under a secret key always is),
`update_when` is the condition under which an update counts, `update_columns` are those one of which
it has to name (none: any), `operations` those that the triggers write down: the rest is written by
the statements themselves.';

revoke all on function docket_private.writes_in_utc() from public;
revoke all on function docket_private.in_utc(record) from public;
revoke all on function docket_private.journal_insert() from public;
revoke all on function docket_private.journal_update() from public;
revoke all on function docket_private.journal_delete() from public;
revoke all on function docket_private.journal_truncate() from public;
revoke all on function docket_private.masked(docket_ext.hstore, text[], text[]) from public;
revoke all on procedure docket_private.add_journal(regclass, text, text[], text, text[], text[])
  from public;

insert into docket.partition_policies (table_name)
values ('audit_log');

do $$ begin perform docket_private.ensure_partitions(); end $$;

call docket_private.add_journal('docket.error_codes', 'error_code');
call docket_private.add_journal('docket.partition_policies', 'table_name');

commit;
