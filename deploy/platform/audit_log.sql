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

create function docket_private.principal_of_gateway() returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return docket.principal();
end;
$$;

comment on function docket_private.principal_of_gateway() is
    'docket.principal(), for where it is rarely needed: a call that is not written out in the statement.';

-- Every write of the product pays for a row of it: what can be spared, is. The operation is known
-- to a domain: a CHECK of the table is read from the catalog again by each statement, which was a
-- quarter of an insertion. The principal is docket.principal(), written out for those who speak
-- for nobody else, and behind a call for the others: each function in a default is made ready by
-- each statement, needed or not. One index finds a row's history; the other, the key, is the
-- order of the change stream and of the seals: that of transactions, since of the numbers before
-- one some may still be uncommitted, and of the transactions before the oldest that runs none is.
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
            when current_setting('docket.actor', true) is not null
                then docket_private.principal_of_gateway()
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

create function docket_private.masked(
    row_values     docket_ext.hstore,
    secret_columns text[],
    json_columns   text[]
) returns docket_ext.hstore
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_json text;
begin
    -- Most changes touch no column of type jsonb, and most values in them have no key at all; only
    -- for the others is anything worked out that may have to be masked.
    if masked.secret_columns = '{}' then
        if not masked.row_values operator(docket_ext.?|) masked.json_columns then
            return masked.row_values;
        end if;

        v_json := array_to_string(
            masked.row_values operator(docket_ext.->) masked.json_columns, ' ');
        if (v_json like '%": %' and v_json ~* docket_private.secret_pattern()) is not true then
            return masked.row_values;
        end if;
    end if;

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
-- and date style of the session that wrote them. Times are written in ISO 8601 and in UTC: to pin
-- both to the functions costs less than to ask whether the session has them anyway.
create function docket_private.journal_insert() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_secret constant text[] := tg_argv[3]::text[];
    v_json   constant text[] := tg_argv[4]::text[];
begin
    insert into docket.audit_log (table_name, operation, project_id, row_id, row_key, new_values)
    select tg_argv[0],
           'insert',
           (written.h operator(docket_ext.->) 'project_id')::uuid,
           (written.h operator(docket_ext.->) tg_argv[1])::uuid,
           written.h operator(docket_ext.->) tg_argv[2],
           jsonb_strip_nulls(docket_ext.hstore_to_jsonb(
               docket_private.masked(written.h, v_secret, v_json)))
      from inserted
     cross join lateral (
               select docket_ext.hstore(inserted.*) as h
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
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_secret constant text[] := tg_argv[3]::text[];
    v_json   constant text[] := tg_argv[4]::text[];
begin
    insert into docket.audit_log (table_name, operation, project_id, row_id, row_key, old_values)
    select tg_argv[0],
           'delete',
           (gone.h operator(docket_ext.->) 'project_id')::uuid,
           (gone.h operator(docket_ext.->) tg_argv[1])::uuid,
           gone.h operator(docket_ext.->) tg_argv[2],
           jsonb_strip_nulls(docket_ext.hstore_to_jsonb(
               docket_private.masked(gone.h, v_secret, v_json)))
      from deleted
     cross join lateral (
               select docket_ext.hstore(deleted.*) as h
               offset 0
           ) as gone;

    return null;
end;
$$;

comment on function docket_private.journal_delete() is
    'Writes the rows of a DELETE into the journal. Arguments as for journal_insert().';

create function docket_private.write_update(
    arguments  text[],
    old_values docket_ext.hstore,
    new_values docket_ext.hstore
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into docket.audit_log (table_name, operation, project_id, row_id, row_key,
                                  old_values, new_values)
    select write_update.arguments[0],
           'update',
           (write_update.new_values operator(docket_ext.->) 'project_id')::uuid,
           (write_update.new_values operator(docket_ext.->) write_update.arguments[1])::uuid,
           write_update.new_values operator(docket_ext.->) write_update.arguments[2],
           docket_ext.hstore_to_jsonb(docket_private.masked(
               write_update.old_values operator(docket_ext.-) write_update.new_values,
               write_update.arguments[3]::text[], write_update.arguments[4]::text[])),
           docket_ext.hstore_to_jsonb(docket_private.masked(
               write_update.new_values operator(docket_ext.-) write_update.old_values,
               write_update.arguments[3]::text[], write_update.arguments[4]::text[]))
     where write_update.new_values operator(docket_ext.<>) write_update.old_values;
end;
$$;

comment on function docket_private.write_update(text[], docket_ext.hstore, docket_ext.hstore) is
    'Writes one changed row into the journal: of any table, and whatever in it has to be masked. Arguments as for journal_insert(), from 0.';

-- By row, because the old and the new row must meet: joining two transition tables costs more. One
-- statement and no variable: in a session that changes one row and commits, each expression of
-- stored code and each function in a statement is made ready anew, which takes longer than to run
-- it. So what is seldom needed stands behind a call, and it is found here whether anything has
-- changed: a condition of the trigger would be read from the catalog by each statement.
create function docket_private.journal_update() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
begin
    insert into docket.audit_log (table_name, operation, project_id, row_id,
                                  old_values, new_values)
    select tg_argv[0],
           'update',
           new.project_id,
           (r.after operator(docket_ext.->) tg_argv[1])::uuid,
           docket_ext.hstore_to_jsonb(r.before operator(docket_ext.-) r.after),
           docket_ext.hstore_to_jsonb(r.after operator(docket_ext.-) r.before)
      from (
          select docket_ext.hstore(old) as before,
                 docket_ext.hstore(new) as after
          offset 0
      ) as r
     where r.after operator(docket_ext.<>) r.before
       and not (r.after operator(docket_ext.-) r.before) operator(docket_ext.?|) tg_argv[4]::text[];

    -- Nothing has changed, or a column of type jsonb has, in which there may be a secret.
    if not found then
        perform docket_private.write_update(
            tg_argv, docket_ext.hstore(old), docket_ext.hstore(new));
    end if;

    return null;
end;
$$;

comment on function docket_private.journal_update() is
    'Writes one changed row, its changed columns only, into the journal: of a table with a project_id, whose key is a uuid, and with no column that is secret as a whole. Arguments as for journal_insert().';

create function docket_private.journal_other_update() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
begin
    perform docket_private.write_update(tg_argv, docket_ext.hstore(old), docket_ext.hstore(new));
    return null;
end;
$$;

comment on function docket_private.journal_other_update() is
    'journal_update() for any table.';

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
    update_when    text   default null,
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
    v_has_project boolean := exists (
        select
          from pg_catalog.pg_attribute as a
         where a.attrelid = add_journal.target
           and a.attname = 'project_id');
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
            'create trigger %I after update %s on %s for each row %s '
            'execute function docket_private.%I(%s)',
            v_table || '_journal_update',
            (select 'of ' || string_agg(quote_ident(c.name), ', ' order by c.ordinality)
               from unnest(add_journal.update_columns) with ordinality as c (name, ordinality)),
            add_journal.target, 'when (' || add_journal.update_when || ')',
            case when v_is_id and v_has_project and add_journal.secret_columns = '{}'
                then 'journal_update' else 'journal_other_update' end,
            v_args);
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
`update_when` is the condition under which an update counts (none: any that changes something),
`update_columns` are those one of which
it has to name (none: any), `operations` those that the triggers write down: the rest is written by
the statements themselves.';

revoke all on function docket_private.principal_of_gateway() from public;
revoke all on function docket_private.journal_insert() from public;
revoke all on function docket_private.journal_update() from public;
revoke all on function docket_private.journal_other_update() from public;
revoke all on function docket_private.write_update(text[], docket_ext.hstore, docket_ext.hstore)
  from public;
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
