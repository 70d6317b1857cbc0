-- Deploy pgdocket:context/read_contexts to pg
-- requires: context/json_patch
-- requires: context/task_contexts

begin;
set local role docket_owner;

create function docket.get_context(
    task_id      uuid,
    context_type text,
    version      integer     default null,
    at           timestamptz default null,
    attempt_id   uuid        default null
) returns setof docket.task_contexts
language sql
stable
rows 1
begin atomic
    -- From the end of the key backwards, to the first that is meant.
    select latest.*
      from (
          select c.*
            from docket.task_contexts as c
           where c.task_id      = get_context.task_id
             and c.context_type = get_context.context_type
             and c.version between coalesce(get_context.version, 1)
                               and coalesce(get_context.version, 2147483647)
             and (get_context.at is null or c.created_at <= get_context.at)
             and (get_context.attempt_id is null
                  or c.created_at <= (
                         select coalesce(a.ended_at, 'infinity')
                           from docket.task_attempts as a
                          where a.attempt_id = get_context.attempt_id
                            and a.task_id    = get_context.task_id))
           order by c.version desc
           limit 1
      ) as latest
     where not latest.is_tombstone
        or get_context.version is not null;
end;

comment on function docket.get_context(uuid, text, integer, timestamptz, uuid) is
'One type of a task''s context: the latest version, or the one that was meant.

`context_type` is the type, `version` names a version, `at` asks for the one that was the latest
at a time, `attempt_id` for the one that was when an attempt ended (while it runs: the latest).
Returns no row when there is none, or it was deleted; a version that is named is returned whatever
it says. Reading is not counted: see record_context_use(). Raises nothing.';

create function docket.context_version(
    task_id      uuid,
    context_type text
) returns table (
    version      integer,
    content_hash bytea
)
language sql
stable
rows 1
begin atomic
    select c.version, c.content_hash
      from docket.get_context(context_version.task_id, context_version.context_type) as c;
end;

comment on function docket.context_version(uuid, text) is
'Which version of a context is the latest, for whoever has read it before and asks whether it is still
that one.

`context_type` is the type. Returns the version and the SHA-256 of its content; no row when there is
none, or it was deleted. Raises nothing.';

create function docket.latest_contexts(
    task_id   uuid,
    after     text    default null,
    page_size integer default 100
) returns setof docket.task_contexts
language sql
stable
begin atomic
    -- From type to type, each at its end, however many versions lie between, until enough of them
    -- are found that are there. It begins at no row, so that the table is named twice only: each
    -- time, row-level security asks who is asking.
    with recursive latest as (
        select null::uuid as task_id, null::uuid as project_id,
               coalesce(latest_contexts.after, '') as context_type, null::integer as version,
               null::jsonb as data, null::text as content_type, null::bytea as content_hash,
               null::bigint as byte_size, null::boolean as is_escaped, true as is_tombstone,
               null::uuid as attempt_id, null::timestamptz as created_at,
               null::text as created_by, 0 as found
         union all
        select n.*, l.found + case when n.is_tombstone then 0 else 1 end
          from latest as l
         cross join lateral (
                   select c.context_type
                     from docket.task_contexts as c
                    where c.task_id = latest_contexts.task_id
                      and c.context_type > l.context_type
                    order by c.context_type
                    limit 1
               ) as y
         cross join lateral (
                   select c.*
                     from docket.task_contexts as c
                    where c.task_id      = latest_contexts.task_id
                      and c.context_type = y.context_type
                    order by c.version desc
                    limit 1
               ) as n
         where l.found < least(greatest(latest_contexts.page_size, 1), 1000)
    )
    select l.task_id, l.project_id, l.context_type, l.version, l.data, l.content_type,
           l.content_hash, l.byte_size, l.is_escaped, l.is_tombstone, l.attempt_id, l.created_at,
           l.created_by
      from latest as l
     where not l.is_tombstone
     order by l.context_type;
end;

comment on function docket.latest_contexts(uuid, text, integer) is
'The latest version of each type of a task''s context that is not deleted, by type.

`after` is the type of the last row of the page before, `page_size` is in rows (1 to 1000).
Returns versions; raises nothing.';

create function docket.context_history(
    task_id      uuid,
    context_type text,
    after        integer default 0,
    page_size    integer default 100
) returns setof docket.task_contexts
language sql
stable
begin atomic
    select c.*
      from docket.task_contexts as c
     where c.task_id      = context_history.task_id
       and c.context_type = context_history.context_type
       and c.version > context_history.after
     order by c.version
     limit least(greatest(context_history.page_size, 1), 1000);
end;

comment on function docket.context_history(uuid, text, integer, integer) is
'Every version of one type of a task''s context, the first first, with author and time; a deletion
is one of them (is_tombstone).

`after` is the version of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns versions; raises nothing.';

create function docket.diff_contexts(
    task_id      uuid,
    context_type text,
    from_version integer,
    to_version   integer default null
) returns table (
    path      text,
    operation text,
    before    jsonb,
    after     jsonb
)
language sql
stable
begin atomic
    with latest as (
        -- Where the context was deleted since, that is what it has come to.
        select c.data
          from docket.task_contexts as c
         where c.task_id      = diff_contexts.task_id
           and c.context_type = diff_contexts.context_type
           and c.version between coalesce(diff_contexts.to_version, 1)
                             and coalesce(diff_contexts.to_version, 2147483647)
         order by c.version desc
         limit 1
    )
    select d.path, d.operation, d.before, d.after
      from latest as l
     cross join docket.get_context(
               diff_contexts.task_id, diff_contexts.context_type,
               coalesce(diff_contexts.from_version, 0)) as f
     cross join lateral docket_private.json_differences(f.data, l.data) as d;
end;

comment on function docket.diff_contexts(uuid, text, integer, integer) is
'What differs between two versions of a context.

`context_type` is the type, `from_version` the one version, `to_version` the other (null: the
latest).
Returns a row for each place that differs: its path (a JSON pointer), the operation (add, remove,
replace), and what was there and what is; before and after may be null. In this order the rows are
the operations of a JSON patch that makes the one version of the other (after is its value). No
row where nothing differs, or a version is missing. Raises nothing.';

revoke all on function docket.get_context(uuid, text, integer, timestamptz, uuid) from public;
revoke all on function docket.context_version(uuid, text) from public;
revoke all on function docket.latest_contexts(uuid, text, integer) from public;
revoke all on function docket.context_history(uuid, text, integer, integer) from public;
revoke all on function docket.diff_contexts(uuid, text, integer, integer) from public;
grant execute on function
    docket.get_context(uuid, text, integer, timestamptz, uuid),
    docket.context_version(uuid, text),
    docket.latest_contexts(uuid, text, integer),
    docket.context_history(uuid, text, integer, integer),
    docket.diff_contexts(uuid, text, integer, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
