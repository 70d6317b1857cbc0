-- Deploy pgdocket:context/prune_contexts to pg
-- requires: context/context_types
-- requires: context/put_context

begin;
set local role docket_owner;

-- Versions that are kept whatever their type says, and for what: a prompt build that was made of
-- them, or a person who wants them.
create table docket.context_pins (
    task_id      uuid        not null,
    project_id   uuid        not null,
    context_type text        not null,
    version      integer     not null,
    pinned_for   text        not null,
    created_at   timestamptz not null default docket.clock(),
    created_by   text        not null default docket.principal(),

    constraint context_pins_pkey
        primary key (task_id, context_type, version, project_id, pinned_for),
    constraint context_pins_context_fkey
        foreign key (task_id, context_type, version, project_id)
        references docket.task_contexts on delete cascade,
    constraint context_pins_pinned_for_bounded check (length(pinned_for) between 1 and 255)
);

comment on table docket.context_pins is
    'Versions of contexts that are kept, and for what.';
comment on column docket.context_pins.task_id is
    'The task.';
comment on column docket.context_pins.context_type is
    'The type of the context.';
comment on column docket.context_pins.version is
    'The version that is kept.';
comment on column docket.context_pins.pinned_for is
    'What it is kept for.';

call docket_private.add_journal('docket.context_pins', 'task_id');
call docket_private.add_isolation('docket.context_pins');

-- Where maintenance goes on: steps that look at everything in turn, a part in each call.
create table docket_private.maintenance_rounds (
    step       text not null,
    next_after uuid not null default '00000000-0000-0000-0000-000000000000',

    constraint maintenance_rounds_pkey primary key (step)
);

comment on table docket_private.maintenance_rounds is
    'How far a step of maintenance has come on its round through all rows.';
comment on column docket_private.maintenance_rounds.step is
    'The step.';
comment on column docket_private.maintenance_rounds.next_after is
    'The last row that it has looked at; of contexts the task.';

alter table docket_private.maintenance_rounds enable row level security;
alter table docket_private.maintenance_rounds force row level security;
create policy maintenance_rounds_by_functions on docket_private.maintenance_rounds to docket_owner
    using (true);

insert into docket_private.maintenance_rounds (step)
values ('contexts');

-- First locked, then judged again: whoever pins a version in the meantime waits for its deletion,
-- or has been seen. What others hold is left to the next time. Planned for keys: of the contexts of
-- all tasks these are few.
create function docket_private.prune_tasks(
    task_ids uuid[],
    at_most  bigint,
    out versions  bigint,
    out byte_size bigint
) returns record
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_tasks    uuid[];
    v_types    text[];
    v_versions integer[];
begin
      with kinds as (
          select distinct c.project_id, c.context_type
            from docket.task_contexts as c
           where c.task_id = any (prune_tasks.task_ids)
      ), rules as materialized (
          select k.project_id, k.context_type, y.keep_versions, y.keep_days
            from kinds as k
           cross join lateral docket_private.context_type(k.project_id, k.context_type) as y
           where y.keep_versions is not null
              or y.keep_days is not null
      ), judged as (
          select c.task_id, c.project_id, c.context_type, c.version, r.keep_versions, r.keep_days,
                 row_number() over newest_first as place,
                 lag(c.created_at) over newest_first as replaced_at
            from rules as r
            join docket.task_contexts as c
              on c.task_id = any (prune_tasks.task_ids)
             and c.context_type = r.context_type
             and c.project_id = r.project_id
          window newest_first as (
                     partition by c.task_id, c.context_type order by c.version desc)
      ), due as materialized (
          select j.task_id, j.context_type, j.version
            from judged as j
           where j.place > greatest(coalesce(j.keep_versions, 1), 1)
             and (j.keep_days is null
                  or j.replaced_at < docket.clock() - make_interval(days => j.keep_days))
             and not exists (
                     select
                       from docket.context_pins as p
                      where p.task_id      = j.task_id
                        and p.context_type = j.context_type
                        and p.version      = j.version)
           order by j.task_id, j.context_type, j.version
           limit prune_tasks.at_most
      ), held as (
          select c.task_id, c.context_type, c.version
            from due as d
            join docket.task_contexts as c
              on c.task_id      = d.task_id
             and c.context_type = d.context_type
             and c.version      = d.version
             for update of c skip locked
      )
    select array_agg(h.task_id), array_agg(h.context_type), array_agg(h.version)
      into v_tasks, v_types, v_versions
      from held as h;

      with gone as (
          delete from docket.task_contexts as c
           using unnest(v_tasks, v_types, v_versions) as h (task_id, context_type, version)
           where c.task_id      = h.task_id
             and c.context_type = h.context_type
             and c.version      = h.version
             and not exists (
                     select
                       from docket.context_pins as p
                      where p.task_id      = c.task_id
                        and p.context_type = c.context_type
                        and p.version      = c.version)
          returning c.byte_size
      )
    select count(*), coalesce(sum(g.byte_size), 0)::bigint
      into prune_tasks.versions, prune_tasks.byte_size
      from gone as g;
end;
$$;

comment on function docket_private.prune_tasks(uuid[], bigint) is
    'Removes at most so many versions of the contexts of these tasks that their types keep no longer.';

create function docket.prune_contexts(
    project_id   uuid,
    max_versions integer default 10000
) returns table (
    versions  bigint,
    byte_size bigint
)
language plpgsql
rows 1
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.require_project(prune_contexts.project_id);

    return query
    select p.versions, p.byte_size
      from docket_private.prune_tasks(
               array(
                   select t.task_id
                     from docket.tasks as t
                    where t.project_id = prune_contexts.project_id),
               greatest(prune_contexts.max_versions, 0)) as p;
end;
$$;

comment on function docket.prune_contexts(uuid, integer) is
'Removes versions of a project''s contexts that their types keep no longer, for good: those that are
not among the newest `keep_versions`, and were replaced more than `keep_days` days ago. The latest
version stays, and so does what is pinned. The journal keeps their hashes.

`max_versions` is how many at most; maintenance does the same, for some tasks at a time.
Returns one row: how many versions it removed, and their bytes. Raises PD404, PD403.';

create function docket_private.prune_next_contexts(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_after    uuid;
    v_tasks    uuid[];
    v_versions bigint;
begin
    perform docket_private.require_operator();

    if not exists (
        select
          from docket.context_types as y
         where y.keep_versions is not null
            or y.keep_days is not null
    ) then
        return 0;
    end if;

    v_after := (
        select r.next_after
          from docket_private.maintenance_rounds as r
         where r.step = 'contexts'
           for update skip locked);
    if v_after is null then
        return 0;
    end if;

    v_tasks := array(
        select t.task_id
          from docket.tasks as t
         where t.task_id > v_after
         order by t.task_id
         limit 1000);

    select p.versions into v_versions
      from docket_private.prune_tasks(v_tasks, prune_next_contexts.at_most) as p;

    -- With as many as were asked for there may be more of the same tasks.
    if v_versions < prune_next_contexts.at_most then
        update docket_private.maintenance_rounds as r
           set next_after = case
                                when cardinality(v_tasks) < 1000
                                then '00000000-0000-0000-0000-000000000000'
                                else v_tasks[cardinality(v_tasks)]
                            end
         where r.step = 'contexts';
    end if;

    return v_versions;
end;
$$;

comment on function docket_private.prune_next_contexts(bigint) is
    'A step of maintenance: prunes the contexts of the next thousand tasks of all projects, at most so many versions. Returns how many. Raises PD403.';

create function docket.pin_context(
    task_id      uuid,
    context_type text,
    version      integer,
    pinned_for   text,
    request_id   uuid default null
) returns docket.context_pins
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'pin_context');
    v_project uuid;
    v_pin     docket.context_pins;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.context_pins, v_answer);
    end if;

    v_project := docket_private.project_of_task(pin_context.task_id);
    perform docket_private.require_project(v_project);

    if coalesce(length(pin_context.pinned_for), 0) not between 1 and 255
       or coalesce(length(pin_context.context_type), 0) not between 1 and 255 then
        raise exception 'a version of a type is pinned for something, each in 1 to 255 characters'
            using errcode = 'PD422';
    end if;

    begin
        insert into docket.context_pins as p (
            task_id, project_id, context_type, version, pinned_for)
        values (pin_context.task_id, v_project, pin_context.context_type,
                coalesce(pin_context.version, 0), pin_context.pinned_for)
            on conflict on constraint context_pins_pkey
            do update set pinned_for = excluded.pinned_for
        returning p.* into v_pin;
    exception
        when foreign_key_violation then
            raise exception 'the task has no version % of context "%"',
                            coalesce(pin_context.version::text, 'null'),
                            left(pin_context.context_type, 100)
                using errcode = 'PD404';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_pin));
    return v_pin;
end;
$$;

comment on function docket.pin_context(uuid, text, integer, text, uuid) is
'Keeps a version of a context, whatever its type says of keeping.

`context_type` and `version` name it, `pinned_for` says for what; a version may be pinned for
several things. The same `request_id` again returns the first answer.
Returns the pin. Raises PD404, PD403, PD422.';

create function docket.unpin_context(
    task_id      uuid,
    context_type text,
    version      integer,
    pinned_for   text,
    request_id   uuid default null
) returns docket.context_pins
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'unpin_context');
    v_project uuid;
    v_pin     docket.context_pins;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.context_pins, v_answer);
    end if;

    v_project := docket_private.project_of_task(unpin_context.task_id);
    perform docket_private.require_project(v_project);

    delete from docket.context_pins as p
     where p.task_id      = unpin_context.task_id
       and p.context_type = unpin_context.context_type
       and p.version      = unpin_context.version
       and p.project_id   = v_project
       and p.pinned_for   = unpin_context.pinned_for
    returning p.* into v_pin;

    if not found then
        raise exception 'that version is not pinned for this'
            using errcode = 'PD404';
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_pin));
    return v_pin;
end;
$$;

comment on function docket.unpin_context(uuid, text, integer, text, uuid) is
'Lets go of a version of a context that was pinned.

`context_type`, `version` and `pinned_for` as when it was pinned. The same `request_id` again
returns the first answer. Returns the pin that there was. Raises PD404, PD403.';

revoke all on function docket_private.prune_tasks(uuid[], bigint) from public;
revoke all on function docket.prune_contexts(uuid, integer) from public;
revoke all on function docket_private.prune_next_contexts(bigint) from public;
revoke all on function docket.pin_context(uuid, text, integer, text, uuid) from public;
revoke all on function docket.unpin_context(uuid, text, integer, text, uuid) from public;
grant select on docket.context_pins
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function
    docket.prune_contexts(uuid, integer),
    docket.pin_context(uuid, text, integer, text, uuid),
    docket.unpin_context(uuid, text, integer, text, uuid)
   to docket_admin, docket_app;

commit;
