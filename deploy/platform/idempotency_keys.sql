-- Deploy pgdocket:platform/idempotency_keys to pg
-- requires: platform/audit_log

begin;
set local role docket_owner;

-- What a write answered, by the id that its caller gave it: the same id again is given the
-- same answer, and nothing is done twice.
create table docket.idempotency_keys (
    principal     text        not null default docket.principal(),
    request_id    uuid        not null,
    function_name text        not null,
    answer        jsonb,
    created_at    timestamptz not null default docket.clock(),

    constraint idempotency_keys_pkey primary key (principal, request_id)
);

create index idempotency_keys_created_at_idx
    on docket.idempotency_keys (created_at);

comment on table docket.idempotency_keys is
    'The answers of writes that carried a request_id, kept for the setting idempotency_hours.';
comment on column docket.idempotency_keys.principal is
    'Who asked; one''s ids never meet another''s.';
comment on column docket.idempotency_keys.request_id is
    'The id that the caller chose.';
comment on column docket.idempotency_keys.function_name is
    'The function that was called.';
comment on column docket.idempotency_keys.answer is
    'What it answered.';

alter table docket.idempotency_keys enable row level security;
alter table docket.idempotency_keys force row level security;

create policy idempotency_keys_own on docket.idempotency_keys
    using (principal = (select docket.principal()) or (select docket_private.is_operator()));

create function docket_private.answer_to(
    first_call    docket.idempotency_keys,
    function_name text
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if first_call.function_name <> answer_to.function_name then
        raise exception 'request % was a call of %, not of %',
                        first_call.request_id, first_call.function_name, answer_to.function_name
            using errcode = 'PD409',
                  hint    = 'Use a new request_id for each call that you mean.';
    end if;

    return first_call.answer;
end;
$$;

comment on function docket_private.answer_to(docket.idempotency_keys, text) is
    'The first answer to a request. Raises PD409 when that was a call of another function.';

-- Takes the id before any work is done: of two calls with the same one, the second waits
-- here for the first to commit, and is then given its answer.
create function docket_private.replay(
    request_id    uuid,
    function_name text
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key docket.idempotency_keys;
begin
    if replay.request_id is null then
        return null;
    end if;

    -- What this call writes into the journal names its request.
    perform set_config('docket.request_id', replay.request_id::text, true);

    -- Again, where maintenance has forgotten it between the two statements.
    loop
        insert into docket.idempotency_keys as k (request_id, function_name)
        values (replay.request_id, replay.function_name)
            on conflict on constraint idempotency_keys_pkey do nothing;

        if found then
            return null;
        end if;

        select k.* into v_key
          from docket.idempotency_keys as k
         where k.principal  = docket.principal()
           and k.request_id = replay.request_id;

        exit when found;
    end loop;

    return docket_private.answer_to(v_key, replay.function_name);
end;
$$;

comment on function docket_private.replay(uuid, text) is
'Begins a write that may be a repeat.

Returns the first answer to `request_id`, or null when the work is still to be done.
Raises PD409 when the id was used for another function.';

create function docket_private.remember(
    request_id uuid,
    answer     jsonb
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if remember.request_id is not null then
        update docket.idempotency_keys as k
           set answer = remember.answer
         where k.principal  = docket.principal()
           and k.request_id = remember.request_id;
    end if;
end;
$$;

comment on function docket_private.remember(uuid, jsonb) is
    'Ends a write that may be repeated: keeps its answer.';

-- A claim that finds nothing is to write nothing, so it can't take its id by a row: of two with the
-- same one, the second waits at this lock for the first transaction to end. What it takes it keeps
-- itself, as the last thing that it does.
create function docket_private.recall(
    request_id    uuid,
    function_name text
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_principal constant text := docket.principal();
    v_key       docket.idempotency_keys;
begin
    -- What this call writes into the journal names its request.
    perform set_config('docket.request_id', recall.request_id::text, true),
            pg_advisory_xact_lock(
                hashtextextended(v_principal, uuid_hash_extended(recall.request_id, 3)));

    select k.* into v_key
      from docket.idempotency_keys as k
     where k.principal  = v_principal
       and k.request_id = recall.request_id;

    if not found then
        return null;
    end if;
    return docket_private.answer_to(v_key, recall.function_name);
end;
$$;

comment on function docket_private.recall(uuid, text) is
'Begins a claim that may be a repeat: as replay(), but writes nothing.

Returns the first answer to `request_id`, or null when the work is still to be done.
Raises PD409 when the id was used for another function.';

revoke all on function docket_private.answer_to(docket.idempotency_keys, text) from public;
revoke all on function docket_private.replay(uuid, text) from public;
revoke all on function docket_private.remember(uuid, jsonb) from public;
revoke all on function docket_private.recall(uuid, text) from public;

commit;
