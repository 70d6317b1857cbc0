-- Deploy pgdocket:platform/partitions to pg
-- requires: platform/clock
-- requires: platform/schemas

begin;
set local role docket_owner;

create table docket.partition_policies (
    table_name   text    not null,
    months_ahead integer not null default 3,
    retention    interval,

    constraint partition_policies_pkey primary key (table_name),
    constraint partition_policies_months_ahead_bounded check (months_ahead between 1 and 24),
    constraint partition_policies_retention_positive check (retention > interval '0')
);

comment on table docket.partition_policies is
    'Which tables of schema docket grow by the month, how far ahead their partitions are made and how long they are kept.';
comment on column docket.partition_policies.table_name is
    'A table of schema docket, partitioned by range of one timestamptz column.';
comment on column docket.partition_policies.months_ahead is
    'How many months after the present one have their partition already.';
comment on column docket.partition_policies.retention is
    'How long rows are kept; null: for ever.';

create function docket_private.partition_key(table_name text) returns name
language sql
stable
begin atomic
    select a.attname
      from pg_catalog.pg_partitioned_table as p
      join pg_catalog.pg_attribute as a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
     where p.partrelid = to_regclass(format('docket.%I', partition_key.table_name));
end;

comment on function docket_private.partition_key(text) is
    'The column by which a table of schema docket is partitioned.';

-- Made apart and attached: attaching blocks no reader and no writer of the parent. It does block
-- those who write to a table that the parent's foreign keys name, until the transaction ends.
create function docket_private.add_partition(
    table_name     text,
    partition_name text,
    lower_bound    timestamp,
    upper_bound    timestamp
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key   name := docket_private.partition_key(table_name);
    v_lower text := to_char(lower_bound, 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
    v_upper text := to_char(upper_bound, 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
begin
    -- format(), because DDL takes no parameters.
    execute format('create table docket.%I (like docket.%I including all)',
                   add_partition.partition_name, add_partition.table_name);
    execute format('alter table docket.%I enable row level security',
                   add_partition.partition_name);
    execute format('alter table docket.%I force row level security', add_partition.partition_name);
    execute format('comment on table docket.%I is %L', add_partition.partition_name,
                   format('One month of %s.', add_partition.table_name));

    -- Strays of that month, which would be in its way, move from the default partition. Their
    -- policies hide them from their owner too, and are lifted for him in this transaction.
    if pg_relation_size(format('docket.%I', add_partition.table_name || '_default')::regclass) > 0
    then
        execute format('alter table docket.%I no force row level security',
                       add_partition.table_name || '_default');
        execute format('alter table docket.%I no force row level security',
                       add_partition.partition_name);
        execute format(
            'with strays as ('
            'delete from docket.%1$I as d where d.%3$I >= %4$L and d.%3$I < %5$L '
            'returning d.*) '
            'insert into docket.%2$I select s.* from strays as s',
            add_partition.table_name || '_default', add_partition.partition_name, v_key,
            v_lower, v_upper);
        execute format('alter table docket.%I force row level security',
                       add_partition.table_name || '_default');
        execute format('alter table docket.%I force row level security',
                       add_partition.partition_name);
    end if;

    execute format(
        'alter table docket.%I attach partition docket.%I for values from (%L) to (%L)',
        add_partition.table_name, add_partition.partition_name, v_lower, v_upper);
end;
$$;

comment on function docket_private.add_partition(text, text, timestamp, timestamp) is
    'Gives a table of schema docket one more partition, from the first bound (UTC) to before the second, with the rows of it that strayed into the default partition.';

create function docket_private.make_partitions(
    at_most        bigint default null,
    out made       bigint,
    out problem    text,
    out error_code text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_row     record;
    v_blocked text[] := '{}';
begin
    -- One at a time: two would make the same partition. No advisory lock, which any login could
    -- hold for ever: clients may read this table, and no lock of a reader's is in the way.
    lock table docket.partition_policies in share row exclusive mode;
    made := 0;

    -- A loop, because each table stands or falls by itself: one that can not be had is left to the
    -- next run, months before it is needed.
    for v_row in
        select p.table_name,
               wanted.month as lower_bound,
               wanted.month + interval '1 month' as upper_bound,
               p.table_name || to_char(wanted.month, '"_"YYYY"_"MM') as partition_name
          from docket.partition_policies as p
         cross join lateral generate_series(
                   date_trunc('month', docket.clock() at time zone 'UTC'),
                   date_trunc('month', docket.clock() at time zone 'UTC')
                   + make_interval(months => p.months_ahead),
                   interval '1 month') as wanted (month)
         where to_regclass(format(
                   'docket.%I', p.table_name || to_char(wanted.month, '"_"YYYY"_"MM'))) is null
         order by p.table_name, wanted.month
    loop
        exit when made >= make_partitions.at_most;
        continue when v_row.table_name = any (v_blocked);

        begin
            perform docket_private.add_partition(
                v_row.table_name, v_row.partition_name, v_row.lower_bound, v_row.upper_bound);
            made := made + 1;
        exception
            when others then
                v_blocked  := v_blocked || v_row.table_name;
                problem    := format('%s: %s', v_row.partition_name, sqlerrm);
                error_code := sqlstate;
        end;
    end loop;
end;
$$;

comment on function docket_private.make_partitions(bigint) is
'Makes the monthly partitions (UTC) that the policies ask for and that are not there yet, at most so
many.

Waits for locks for as long as lock_timeout says, and who comes after it waits as long. Returns how
many it made, and of the last that could not be made why.';

create function docket_private.ensure_partitions() returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_result record;
begin
    select m.* into v_result from docket_private.make_partitions() as m;

    if v_result.problem is not null then
        raise exception '%', v_result.problem using errcode = v_result.error_code;
    end if;

    return v_result.made;
end;
$$;

comment on function docket_private.ensure_partitions() is
'Makes all the monthly partitions (UTC) that the policies ask for and that are not there yet; the
deploy does.

Returns how many it made. Raises what kept one from being made.';

revoke all on function docket_private.partition_key(text) from public;
revoke all on function docket_private.add_partition(text, text, timestamp, timestamp) from public;
revoke all on function docket_private.make_partitions(bigint) from public;
revoke all on function docket_private.ensure_partitions() from public;
grant select on docket.partition_policies to docket_admin, docket_maintenance;

commit;
