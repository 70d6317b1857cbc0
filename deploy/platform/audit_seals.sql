-- Deploy pgdocket:platform/audit_seals to pg
-- requires: platform/audit_log
-- requires: platform/error_codes

begin;
set local role docket_owner;

-- The journal made tamper-evident without a lock per write. A seal closes a range of transactions
-- of which none can write any more, keeps a hash over its rows, and is chained to the seal before.
-- Whoever changes, removes, adds or moves a row in a range has to make its seal anew and with it
-- all that follow; the last hash, kept outside, shows that. Rows are hashed by month, so that a
-- range is still proven when one of its months has been dropped, which is a seal itself.
create table docket.audit_seals (
    seal_id            bigint      not null,
    end_transaction_id xid8        not null,
    end_audit_id       bigint      not null,
    row_count          bigint      not null,
    months             jsonb       not null,
    dropped_month      text,
    previous_hash      text,
    seal_hash          text        not null,
    sealed_at          timestamptz not null default clock_timestamp(),
    sealed_by          text        not null default docket.principal(),

    constraint audit_seals_pkey primary key (seal_id)
);

comment on table docket.audit_seals is
    'The seals of the journal, a chain: each closes a range of it, or says that a month of it was dropped.';
comment on column docket.audit_seals.seal_id is
    'Its number; from 1, without a gap.';
comment on column docket.audit_seals.end_transaction_id is
    'With end_audit_id, the last place that it closes; it begins behind the place where the seal before ends.';
comment on column docket.audit_seals.end_audit_id is
    'The number in that transaction; 0: all transactions before it, and nothing of it.';
comment on column docket.audit_seals.row_count is
    'How many rows it closes; of a dropped month, how many were dropped.';
comment on column docket.audit_seals.months is
    'The rows by month (UTC): {"2026-11": {"rows": how many, "hash": their SHA-256}}.';
comment on column docket.audit_seals.dropped_month is
    'The month that was dropped, where it is about that.';
comment on column docket.audit_seals.previous_hash is
    'The hash of the seal before; null for the first.';
comment on column docket.audit_seals.seal_hash is
    'SHA-256 over all the other columns.';
comment on column docket.audit_seals.sealed_at is
    'When it was made.';
comment on column docket.audit_seals.sealed_by is
    'Who made it.';

-- Written by the functions, changed by nobody.
alter table docket.audit_seals enable row level security;
alter table docket.audit_seals force row level security;
create policy audit_seals_read on docket.audit_seals for select
    using (true);
create policy audit_seals_insert on docket.audit_seals for insert to docket_owner
    with check (true);

-- A row is hashed in the binary form of its columns, each with its type and its length: that says
-- no two rows in the same way, depends on no setting but the encoding, and takes three fifths of
-- the time of its text. The columns are named: one that a later version adds must not change what
-- was hashed before. And it is hashed by itself: many may be longer than a text can be.
create function docket_private.months_of_journal(
    after_transaction_id xid8,
    after_audit_id       bigint,
    end_transaction_id   xid8,
    end_audit_id         bigint
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set client_encoding = 'UTF8'
set timezone = 'UTC'
as $$
begin
    return (
        with hashed as (
            select to_char(l.recorded_at, 'YYYY-MM') as month,
                   l.transaction_id,
                   l.audit_id,
                   sha256(record_send(row(
                       l.audit_id, l.recorded_at, l.transaction_at, l.transaction_id, l.project_id,
                       l.table_name, l.operation::text, l.row_id, l.row_key, l.old_values,
                       l.new_values, l.principal, l.session_role, l.reason, l.request_id,
                       l.client_address, l.application_name))) as hash
              from docket.audit_log as l
             where (l.transaction_id, l.audit_id) > (
                       months_of_journal.after_transaction_id, months_of_journal.after_audit_id)
               and (l.transaction_id, l.audit_id) <= (
                       months_of_journal.end_transaction_id, months_of_journal.end_audit_id)
        ), by_month as (
            select h.month,
                   count(*) as row_count,
                   sha256(string_agg(h.hash, '' order by h.transaction_id, h.audit_id)) as hash
              from hashed as h
             group by h.month
        )
        select coalesce(
                   jsonb_object_agg(
                       m.month,
                       jsonb_build_object('rows', m.row_count, 'hash', encode(m.hash, 'hex'))),
                   '{}')
          from by_month as m);
end;
$$;

comment on function docket_private.months_of_journal(xid8, bigint, xid8, bigint) is
    'The rows of a range of the journal, by month: how many, and their SHA-256.';

create function docket_private.hash_of_seal(seal docket.audit_seals) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set client_encoding = 'UTF8'
as $$
declare
    v_seal constant docket.audit_seals := hash_of_seal.seal;
begin
    return encode(
        sha256(record_send(row(
            v_seal.seal_id, v_seal.end_transaction_id, v_seal.end_audit_id, v_seal.row_count,
            v_seal.months, v_seal.dropped_month, v_seal.previous_hash, v_seal.sealed_at,
            v_seal.sealed_by))),
        'hex');
end;
$$;

comment on function docket_private.hash_of_seal(docket.audit_seals) is
    'What the hash of a seal has to be: SHA-256 over its other columns.';

create function docket_private.add_seal(
    end_transaction_id xid8,
    end_audit_id       bigint,
    months             jsonb,
    dropped_month      text default null
) returns docket.audit_seals
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seal docket.audit_seals;
begin
    select s.seal_id + 1, s.seal_hash
      into v_seal.seal_id, v_seal.previous_hash
      from docket.audit_seals as s
     order by s.seal_id desc
     limit 1;

    v_seal.seal_id            := coalesce(v_seal.seal_id, 1);
    v_seal.end_transaction_id := add_seal.end_transaction_id;
    v_seal.end_audit_id       := add_seal.end_audit_id;
    v_seal.months             := add_seal.months;
    v_seal.dropped_month      := add_seal.dropped_month;
    v_seal.sealed_at          := docket.clock();
    v_seal.sealed_by          := docket.principal();
    v_seal.row_count          := (
        select coalesce(sum((m.value ->> 'rows')::bigint), 0)
          from jsonb_each(add_seal.months) as m);
    v_seal.seal_hash          := docket_private.hash_of_seal(v_seal);

    insert into docket.audit_seals values (v_seal.*);

    return v_seal;
end;
$$;

comment on function docket_private.add_seal(xid8, bigint, jsonb, text) is
    'Adds a seal to the chain, whose end the caller has locked.';

create function docket_private.require_operator() returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if not docket_private.is_operator() then
        raise exception '% may not do this', docket.principal()
            using errcode = 'PD403',
                  hint    = 'It takes a member of docket_admin or docket_maintenance.';
    end if;
end;
$$;

comment on function docket_private.require_operator() is
    'Lets operators pass, and nobody else. Raises PD403.';

create function docket.seal_audit(
    max_rows bigint default 1000000
) returns table (
    seals     bigint,
    row_count bigint,
    head      text
)
language plpgsql
rows 1
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows_of_a_seal constant bigint := 100000;
    v_snapshot       pg_snapshot;
    v_last           docket.audit_seals;
    v_end_id         xid8;
    v_end_number     bigint;
    v_months         jsonb;
begin
    perform docket_private.require_operator();

    if (seal_audit.max_rows < 1) is not false then
        raise exception 'max_rows must be at least 1, not %',
                        coalesce(seal_audit.max_rows::text, 'null')
            using errcode = 'PD422';
    end if;

    -- One at a time: a chain has one end. Who writes into the journal never comes here.
    lock table docket.audit_seals in share row exclusive mode;

    select s.* into v_last from docket.audit_seals as s order by s.seal_id desc limit 1;
    v_snapshot := pg_current_snapshot();
    seals      := 0;
    row_count  := 0;
    head       := v_last.seal_hash;

    if v_last.end_transaction_id > pg_snapshot_xmax(v_snapshot) then
        raise exception 'the journal ends at transaction %, which this server has not come to yet',
                        v_last.end_transaction_id
            using errcode = 'PD409',
                  hint    = 'A restored database counts from another number: see pg_resetwal -x and -e.';
    end if;

    -- A loop, because each seal names the one before. Nothing is sealed from the oldest transaction
    -- on that still runs: it, and those after it, may still write.
    while row_count < seal_audit.max_rows loop
        select l.transaction_id, l.audit_id into v_end_id, v_end_number
          from docket.audit_log as l
         where (l.transaction_id, l.audit_id) > (
                   coalesce(v_last.end_transaction_id, '0'), coalesce(v_last.end_audit_id, 0))
           and l.transaction_id < pg_snapshot_xmin(v_snapshot)
         order by l.transaction_id, l.audit_id
        offset least(v_rows_of_a_seal, seal_audit.max_rows - row_count) - 1
         limit 1;

        -- The last range is closed up to the oldest transaction, so that nothing can be put there.
        if not found then
            v_end_id     := pg_snapshot_xmin(v_snapshot);
            v_end_number := 0;
        end if;

        v_months := docket_private.months_of_journal(
            coalesce(v_last.end_transaction_id, '0'), coalesce(v_last.end_audit_id, 0),
            v_end_id, v_end_number);
        exit when v_months = '{}';

        v_last    := docket_private.add_seal(v_end_id, v_end_number, v_months);
        seals     := seals + 1;
        row_count := row_count + v_last.row_count;
        head      := v_last.seal_hash;
    end loop;

    return next;
end;
$$;

comment on function docket.seal_audit(bigint) is
'Seals the rows of the journal that no transaction can add to any more, in ranges of at most 100,000
rows. It keeps no writer waiting. Who keeps the head outside of the database can have verify_audit()
find out later whether anything was changed, whoever it was.

`max_rows` is how many rows one call seals; when it has sealed as many, there may be more.
Returns one row: how many seals it made over how many rows, and the head, the hash of the last seal;
head may be null, as long as nothing is sealed. Raises PD403 (not an operator), PD409 (the database
was restored into another cluster), PD422.';

create function docket.verify_audit(
    expected_head text   default null,
    after         bigint default 0
) returns table (
    is_intact   boolean,
    seals       bigint,
    row_count   bigint,
    head        text,
    broken_seal bigint,
    begin_place text,
    end_place   text,
    problem     text
)
language plpgsql
stable
rows 1
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last   docket.audit_seals;
    v_seal   docket.audit_seals;
    v_months jsonb;
    v_kept   jsonb;
    v_gone   docket.audit_seals[];
begin
    if not docket_private.is_auditor() then
        raise exception '% may not verify the journal', docket.principal()
            using errcode = 'PD403',
                  hint    = 'It takes a member of docket_auditor, docket_admin or docket_maintenance.';
    end if;

    select s.* into v_last from docket.audit_seals as s where s.seal_id = verify_audit.after;
    v_last.seal_id            := verify_audit.after;
    v_last.end_transaction_id := coalesce(v_last.end_transaction_id, '0');
    v_last.end_audit_id       := coalesce(v_last.end_audit_id, 0);
    seals                     := 0;
    row_count                 := 0;

    -- Asked once: for each seal anew it would be all the seals behind it, every time.
    v_gone := array(
        select s from docket.audit_seals as s where s.dropped_month is not null);

    -- A loop, because each seal is judged by the one before, and the first that is broken counts.
    for v_seal in
        select s.*
          from docket.audit_seals as s
         where s.seal_id > verify_audit.after
         order by s.seal_id
    loop
        -- What was dropped after it was sealed is not there any more.
        v_kept := v_seal.months - array(
            select g.dropped_month
              from unnest(v_gone) as g
             where g.seal_id > v_seal.seal_id);

        if v_seal.seal_id <> v_last.seal_id + 1 then
            problem := 'the seal is missing';
        elsif v_seal.previous_hash is distinct from v_last.seal_hash then
            problem := 'the seal does not follow from the one before it';
        elsif v_seal.seal_hash <> docket_private.hash_of_seal(v_seal) then
            problem := 'the seal itself was changed';
        elsif v_seal.dropped_month is null then
            v_months := docket_private.months_of_journal(
                v_last.end_transaction_id, v_last.end_audit_id,
                v_seal.end_transaction_id, v_seal.end_audit_id);
            problem := (
                select format(
                           'the rows of %s are not those that were sealed: now %s, then %s',
                           k.month,
                           coalesce(v_months -> k.month ->> 'rows', '0'),
                           coalesce(v_kept -> k.month ->> 'rows', '0'))
                  from jsonb_object_keys(v_months || v_kept) as k (month)
                 where v_months -> k.month is distinct from v_kept -> k.month
                 order by k.month
                 limit 1);
        end if;

        exit when problem is not null;

        v_last    := v_seal;
        seals     := seals + 1;
        row_count := row_count + v_seal.row_count;
    end loop;

    head := v_last.seal_hash;

    if problem is null and verify_audit.expected_head is not null and not exists (
        select
          from docket.audit_seals as s
         where s.seal_hash = verify_audit.expected_head)
    then
        problem := 'the expected head is not there: seals were cut off, or made anew';
        v_seal  := null;
    end if;

    is_intact := problem is null;
    if not is_intact then
        broken_seal := v_last.seal_id + 1;
        begin_place := v_last.end_transaction_id || ':' || v_last.end_audit_id;
        end_place   := v_seal.end_transaction_id || ':' || v_seal.end_audit_id;
    end if;
    return next;
end;
$$;

comment on function docket.verify_audit(text, bigint) is
'Whether the journal is what was sealed: finds rows that were changed, removed, added or moved to
another place in a sealed range, and seals that were changed or are missing.

`expected_head` is the hash that somebody has kept outside of the database: it shows that the newest
seals were cut off, or made anew; `after` is a seal that was verified before, to go on from.
Returns one row: whether all is intact; how many seals, over how many rows, are, and the hash of
the last of them; and of the first that is broken its number, the places where its range begins and
ends, as in changes(), and what is wrong. head, broken_seal, begin_place, end_place and problem may
be null. It tells of all projects, and so no more than that; auditors may ask it too.
Raises PD403 (no operator, and no auditor).';

revoke all on function docket_private.months_of_journal(xid8, bigint, xid8, bigint) from public;
revoke all on function docket_private.hash_of_seal(docket.audit_seals) from public;
revoke all on function docket_private.add_seal(xid8, bigint, jsonb, text) from public;
revoke all on function docket_private.require_operator() from public;
revoke all on function docket.seal_audit(bigint) from public;
revoke all on function docket.verify_audit(text, bigint) from public;
grant select on docket.audit_seals to docket_admin, docket_auditor, docket_maintenance;
grant execute on function docket.seal_audit(bigint)
   to docket_admin, docket_maintenance;
grant execute on function docket.verify_audit(text, bigint)
   to docket_admin, docket_auditor, docket_maintenance;

commit;
