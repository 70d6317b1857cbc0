-- Deploy pgdocket:context/context_statistics to pg
-- requires: context/put_context
-- requires: context/read_contexts

begin;
set local role docket_owner;

-- Who only reads writes nothing, and may do so on a standby: so a use is counted when it is said to
-- be one, by whoever builds a prompt, or works with what he has read.
create table docket.context_uses (
    task_id      uuid        not null,
    project_id   uuid        not null,
    context_type text        not null,
    uses         bigint      not null default 1,
    last_used_at timestamptz not null default docket.clock(),

    constraint context_uses_pkey primary key (task_id, project_id, context_type),
    constraint context_uses_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade
) with (fillfactor = 80);

comment on table docket.context_uses is
    'How often each context of a task was used.';
comment on column docket.context_uses.task_id is
    'The task.';
comment on column docket.context_uses.context_type is
    'The type of the context.';
comment on column docket.context_uses.uses is
    'How often it was used.';
comment on column docket.context_uses.last_used_at is
    'When it was used last.';

call docket_private.add_isolation('docket.context_uses');

create function docket_private.count_context_uses(
    project_id    uuid,
    task_id       uuid,
    context_types text[]
) returns setof docket.context_uses
language sql
volatile
begin atomic
    -- In the order of the types, for those who count at the same time.
    insert into docket.context_uses as u (task_id, project_id, context_type)
    select count_context_uses.task_id, count_context_uses.project_id, t.context_type
      from (
          select distinct n.context_type
            from unnest(count_context_uses.context_types) as n (context_type)
      ) as t
     order by t.context_type
        on conflict on constraint context_uses_pkey
        do update set uses         = u.uses + 1,
                      last_used_at = excluded.last_used_at
    returning u.*;
end;

comment on function docket_private.count_context_uses(uuid, uuid, text[]) is
    'Counts a use of each of these contexts of a task.';

create function docket.record_context_use(
    task_id       uuid,
    context_types text[] default null,
    request_id    uuid   default null
) returns setof docket.context_uses
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'record_context_use');
    v_project uuid;
    v_types   text[];
begin
    v_project := docket_private.project_of_task(record_context_use.task_id);
    perform docket_private.require_project(v_project);

    if v_answer is null then
        v_types := array(
            select c.context_type
              from docket.latest_contexts(
                       record_context_use.task_id, page_size => 1000) as c
             where record_context_use.context_types is null
                or c.context_type = any (record_context_use.context_types));
        perform docket_private.count_context_uses(
            v_project, record_context_use.task_id, v_types);
        perform docket_private.remember(record_context_use.request_id, to_jsonb(v_types));
    else
        v_types := array(select jsonb_array_elements_text(v_answer));
    end if;

    return query
    select u.*
      from docket.context_uses as u
     where u.task_id      = record_context_use.task_id
       and u.project_id   = v_project
       and u.context_type = any (v_types)
     order by u.context_type;
end;
$$;

comment on function docket.record_context_use(uuid, text[], uuid) is
'Counts that contexts of a task were used. Reading alone is not counted: it writes nothing.

`context_types` are the types (null: all that the task has, up to 1,000); what it does not have is
passed over. The same `request_id` again counts nothing.
Returns how often each was used, and when last. Raises PD404, PD403.';

create function docket.context_statistics(
    project_id uuid,
    task_id    uuid default null
) returns table (
    context_type    text,
    tasks           bigint,
    versions        bigint,
    byte_size       bigint,
    stored_bytes    bigint,
    uses            bigint,
    last_written_at timestamptz,
    last_used_at    timestamptz
)
language sql
stable
begin atomic
    with written as (
        select c.context_type,
               count(distinct c.task_id) as tasks,
               count(*) as versions,
               sum(c.byte_size)::bigint as byte_size,
               sum(pg_column_size(c.data) + coalesce(pg_column_size(k.content), 0))::bigint
                   as stored_bytes,
               max(c.created_at) as last_written_at
          from docket.task_contexts as c
          left join docket.context_contents as k
            on k.task_id      = c.task_id
           and k.context_type = c.context_type
           and k.version      = c.version
           and k.project_id   = c.project_id
         where c.project_id = context_statistics.project_id
           and (context_statistics.task_id is null or c.task_id = context_statistics.task_id)
         group by c.context_type
    ), used as (
        select u.context_type, sum(u.uses)::bigint as uses, max(u.last_used_at) as last_used_at
          from docket.context_uses as u
         where u.project_id = context_statistics.project_id
           and (context_statistics.task_id is null or u.task_id = context_statistics.task_id)
         group by u.context_type
    )
    select w.context_type, w.tasks, w.versions, w.byte_size, w.stored_bytes,
           coalesce(u.uses, 0), w.last_written_at, u.last_used_at
      from written as w
      left join used as u on u.context_type = w.context_type
     order by w.context_type;
end;

comment on function docket.context_statistics(uuid, uuid) is
'What a project''s contexts, or those of one of its tasks (`task_id`), come to, by type: tasks,
versions (deletions count), bytes as they were given and as they are stored (compressed), uses as
record_context_use() has counted them.

Returns a row for each type; last_used_at may be null. Raises nothing.';

revoke all on function docket_private.count_context_uses(uuid, uuid, text[]) from public;
revoke all on function docket.record_context_use(uuid, text[], uuid) from public;
revoke all on function docket.context_statistics(uuid, uuid) from public;
grant select on docket.context_uses
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function docket.record_context_use(uuid, text[], uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function docket.context_statistics(uuid, uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
