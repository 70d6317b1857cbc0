-- Deploy pgdocket:platform/drop_partitions to pg
-- requires: platform/audit_seals
-- requires: platform/partitions

begin;
set local role docket_owner;

create function docket_private.partitions_of(table_name text)
returns table (
    partition_name text,
    lower_bound    timestamptz,
    upper_bound    timestamptz
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
begin
    return query
    select c.relname::text,
           substring(b.bounds from 'FROM \(''([^'']+)''')::timestamptz,
           substring(b.bounds from 'TO \(''([^'']+)''')::timestamptz
      from pg_catalog.pg_inherits as i
      join pg_catalog.pg_class as c on c.oid = i.inhrelid
     cross join lateral pg_get_expr(c.relpartbound, c.oid) as b (bounds)
     where i.inhparent = to_regclass(format('docket.%I', partitions_of.table_name))
       and b.bounds <> 'DEFAULT'
     order by 2;
end;
$$;

comment on function docket_private.partitions_of(text) is
    'The partitions of a table of schema docket and their bounds, the oldest first; without the default.';

-- A month of the journal has to be sealed to its last row, and still be what was sealed: after the
-- drop nobody can find that out any more.
create function docket_private.seal_drop(
    lower_bound timestamptz,
    upper_bound timestamptz
) returns docket.audit_seals
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_month text := to_char(seal_drop.lower_bound at time zone 'UTC', 'YYYY-MM');
    v_rows  bigint;
    v_hash  text;
    v_last  docket.audit_seals;
    v_same  boolean;
begin
    -- As in seal_audit(): a chain has one end.
    lock table docket.audit_seals in share row exclusive mode;

    select s.* into v_last from docket.audit_seals as s order by s.seal_id desc limit 1;
    if exists (
        select
          from docket.audit_log as l
         where l.recorded_at >= seal_drop.lower_bound
           and l.recorded_at < seal_drop.upper_bound
           and (l.transaction_id, l.audit_id) > (
                   coalesce(v_last.end_transaction_id, '0'), coalesce(v_last.end_audit_id, 0)))
    then
        return null;
    end if;

    with ranges as (
        select s.*,
               lag(s.end_transaction_id, 1, '0') over w as after_transaction_id,
               lag(s.end_audit_id, 1, 0) over w as after_audit_id
          from docket.audit_seals as s
        window w as (order by s.seal_id)
    ), sealed as (
        select r.seal_id,
               r.months -> v_month as written,
               docket_private.months_of_journal(
                   r.after_transaction_id, r.after_audit_id,
                   r.end_transaction_id, r.end_audit_id) -> v_month as found
          from ranges as r
         where r.months ? v_month
           and r.dropped_month is null
    )
    select coalesce(sum((s.written ->> 'rows')::bigint), 0),
           encode(sha256(coalesce(
               string_agg(decode(s.written ->> 'hash', 'hex'), '' order by s.seal_id), '')), 'hex'),
           coalesce(bool_and(s.written is not distinct from s.found), true)
      into v_rows, v_hash, v_same
      from sealed as s;

    if not v_same then
        raise exception 'the journal of % is not what was sealed, and is not dropped', v_month
            using errcode = 'PD409',
                  hint    = 'docket.verify_audit() says where it begins to differ.';
    end if;

    return docket_private.add_seal(
        coalesce(v_last.end_transaction_id, '0'),
        coalesce(v_last.end_audit_id, 0),
        jsonb_build_object(v_month, jsonb_build_object('rows', v_rows, 'hash', v_hash)),
        v_month);
end;
$$;

comment on function docket_private.seal_drop(timestamptz, timestamptz) is
    'Seals that a month of the journal is dropped, and returns the seal; null while not all of it is sealed. Raises PD409 when it is not what was sealed.';

create function docket_private.drop_partition(
    table_name     text,
    partition_name text,
    lower_bound    timestamptz,
    upper_bound    timestamptz
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seal docket.audit_seals;
    v_rows bigint;
begin
    -- Who has written to this month, and has not committed, is waited for; nobody comes after him.
    -- What is read from here on is all that there will be. Names take no parameters: format().
    execute format('lock table docket.%I in share mode', drop_partition.partition_name);

    if drop_partition.table_name = 'audit_log' then
        v_seal := docket_private.seal_drop(
            drop_partition.lower_bound, drop_partition.upper_bound);
        if v_seal.seal_id is null then
            return false;
        end if;
        v_rows := v_seal.row_count;
    else
        -- Through the parent, whose policies let an operator see.
        execute format('select count(*) from docket.%I as t where t.%I >= $1 and t.%2$I < $2',
                       drop_partition.table_name,
                       docket_private.partition_key(drop_partition.table_name))
           into v_rows
          using drop_partition.lower_bound, drop_partition.upper_bound;
    end if;

    insert into docket.audit_log (table_name, operation, row_key, old_values)
    values (drop_partition.table_name, 'drop', drop_partition.partition_name,
            jsonb_strip_nulls(jsonb_build_object(
                'from', drop_partition.lower_bound at time zone 'UTC',
                'to', drop_partition.upper_bound at time zone 'UTC',
                'rows', v_rows::text,
                'hash', v_seal.months -> v_seal.dropped_month -> 'hash',
                'seal_id', v_seal.seal_id::text)));

    -- Last, since it locks the whole table against everybody.
    execute format('drop table docket.%I', drop_partition.partition_name);
    return true;
end;
$$;

comment on function docket_private.drop_partition(text, text, timestamptz, timestamptz) is
    'Drops one partition and says so in the journal; false when it is one of the journal that is not sealed yet.';

create function docket_private.drop_expired_partition(
    out dropped    bigint,
    out problem    text,
    out error_code text
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_row record;
begin
    perform docket_private.require_operator();
    dropped := 0;

    -- A loop, because each drop stands or falls by itself; it ends with the first that stands.
    for v_row in
        select distinct on (p.table_name)
               p.table_name, f.partition_name, f.lower_bound, f.upper_bound
          from docket.partition_policies as p
         cross join lateral docket_private.partitions_of(p.table_name) as f
         where f.upper_bound <= docket.clock() - p.retention
         order by p.table_name, f.lower_bound
    loop
        begin
            -- Whoever says at this moment that the rows are to be kept is waited for, and heard;
            -- who says so later waits.
            perform
               from docket.partition_policies as p
              where p.table_name = v_row.table_name
                and v_row.upper_bound <= docket.clock() - p.retention
                for share;

            if found and docket_private.drop_partition(
                   v_row.table_name, v_row.partition_name, v_row.lower_bound, v_row.upper_bound)
            then
                dropped := 1;
                return;
            end if;
        exception
            when others then
                problem    := format('%s: %s', v_row.partition_name, sqlerrm);
                error_code := sqlstate;
        end;
    end loop;
end;
$$;

comment on function docket_private.drop_expired_partition() is
'Drops one partition that the policies keep no longer: the oldest of the first table that has one. A
month of the journal goes only once it is sealed, with the hash of its rows in a seal of its own.

From then on the table is locked against everybody: end the transaction. It waits for locks for as
long as lock_timeout says, and who comes after it waits as long: have the caller set one.
Returns how many it dropped, none or one, and of the last that could not be dropped why. Raises
PD403.';

create function docket.set_retention(
    table_name text,
    retention  interval
) returns docket.partition_policies
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_policy docket.partition_policies;
begin
    perform docket_private.require_operator();

    if set_retention.retention <= interval '0' then
        raise exception 'rows are kept for a time, not for %', set_retention.retention
            using errcode = 'PD422';
    end if;

    update docket.partition_policies as p
       set retention = set_retention.retention
     where p.table_name = set_retention.table_name
    returning p.* into v_policy;

    if not found then
        raise exception 'there is no table "%" that grows by the month',
                        left(set_retention.table_name, 100)
            using errcode = 'PD404';
    end if;

    return v_policy;
end;
$$;

comment on function docket.set_retention(text, interval) is
'Sets how long the rows of a table that grows by the month are kept.

`table_name` is the table, `retention` the time (null: for ever); what is older than that goes by
whole months, in a maintenance run. Returns the policy. Raises PD403 (not an operator), PD404,
PD422.';

revoke all on function docket_private.partitions_of(text) from public;
revoke all on function docket_private.seal_drop(timestamptz, timestamptz) from public;
revoke all on function docket_private.drop_partition(text, text, timestamptz, timestamptz)
  from public;
revoke all on function docket_private.drop_expired_partition() from public;
revoke all on function docket.set_retention(text, interval) from public;
grant execute on function docket.set_retention(text, interval) to docket_admin;

commit;
