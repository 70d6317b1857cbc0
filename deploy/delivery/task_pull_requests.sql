-- Deploy pgdocket:delivery/task_pull_requests to pg
-- requires: delivery/pull_requests
-- requires: graph/readiness

begin;
set local role docket_owner;

-- Which pull requests bring the work of a task. A task is merged when at least one of them is and
-- none is still open: what was closed without being merged neither helps nor hinders.
--
-- Lock order: the graph's key, shared, because a merge may satisfy dependents, then the pull
-- request, then its tasks by id. Whoever changes the set of a pull request's tasks writes the
-- pull request, and whoever changes what a task's pull requests say writes the task, changed or
-- not: a snapshot that is older fails there (40001) instead of missing the other.
create table docket.task_pull_requests (
    task_id         uuid        not null,
    project_id      uuid        not null,
    pull_request_id uuid        not null,
    created_at      timestamptz not null default docket.clock(),
    created_by      text        not null default docket.principal(),

    constraint task_pull_requests_pkey primary key (task_id, project_id, pull_request_id),
    constraint task_pull_requests_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint task_pull_requests_pull_request_fkey
        foreign key (pull_request_id, project_id) references docket.pull_requests
        on delete cascade
);

create index task_pull_requests_pull_request_idx
    on docket.task_pull_requests (pull_request_id, project_id, task_id);

comment on table docket.task_pull_requests is
    'Which pull requests bring the work of which tasks.';
comment on column docket.task_pull_requests.task_id is
    'The task.';
comment on column docket.task_pull_requests.pull_request_id is
    'The pull request.';

call docket_private.add_journal('docket.task_pull_requests', 'task_id');
call docket_private.add_isolation('docket.task_pull_requests');

create function docket_private.settle_merges(
    project_id uuid,
    task_ids   uuid[]
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    perform docket_private.share_graph(settle_merges.project_id);
    perform
       from docket.tasks as t
      where t.task_id = any (settle_merges.task_ids)
        and t.project_id = settle_merges.project_id
      order by t.task_id
        for no key update;

    update docket.tasks as t
       set merged_at = (
               select case
                          when bool_and(p.status in ('merged', 'closed')) then max(p.merged_at)
                      end
                 from docket.task_pull_requests as l
                 join docket.pull_requests as p
                   on p.pull_request_id = l.pull_request_id
                  and p.project_id = l.project_id
                where l.task_id = t.task_id
                  and l.project_id = t.project_id)
     where t.task_id = any (settle_merges.task_ids)
       and t.project_id = settle_merges.project_id;
end;
$$;

comment on function docket_private.settle_merges(uuid, uuid[]) is
    'Tells tasks whether and when their pull requests were merged.';

create function docket_private.follow_merges() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_task_ids   uuid[];
begin
    -- Driven by the few that changed; each key is there once before and once after.
    for v_project_id, v_task_ids in
        select l.project_id, array_agg(distinct l.task_id)
          from (
              select u.pull_request_id, u.project_id
                from (select o.pull_request_id, o.project_id, o.status, o.merged_at
                        from original as o
                       union all
                      select n.pull_request_id, n.project_id, n.status, n.merged_at
                        from changed as n) as u
               group by u.pull_request_id, u.project_id
              having count(distinct u.status) > 1
                  or min(u.merged_at) is distinct from max(u.merged_at)
          ) as p
         cross join lateral (
                   select k.task_id, k.project_id
                     from docket.task_pull_requests as k
                    where k.pull_request_id = p.pull_request_id
                      and k.project_id = p.project_id
                   offset 0
               ) as l
         group by l.project_id
         order by l.project_id
    loop
        perform docket_private.settle_merges(v_project_id, v_task_ids);
    end loop;

    return null;
end;
$$;

comment on function docket_private.follow_merges() is
    'Follows pull requests that were merged, closed or opened again to their tasks.';

create trigger pull_requests_follow_update after update on docket.pull_requests
    referencing old table as original new table as changed
    for each statement execute function docket_private.follow_merges();

create function docket_private.follow_pull_request_links() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project_id uuid;
    v_task_ids   uuid[];
begin
    for v_project_id, v_task_ids in
        select m.project_id, array_agg(distinct m.task_id)
          from moved as m
         group by m.project_id
         order by m.project_id
    loop
        perform docket_private.settle_merges(v_project_id, v_task_ids);
    end loop;

    return null;
end;
$$;

comment on function docket_private.follow_pull_request_links() is
    'Settles the tasks that got or lost a pull request.';

create trigger task_pull_requests_follow_insert after insert on docket.task_pull_requests
    referencing new table as moved
    for each statement execute function docket_private.follow_pull_request_links();

create trigger task_pull_requests_follow_delete after delete on docket.task_pull_requests
    referencing old table as moved
    for each statement execute function docket_private.follow_pull_request_links();

-- The project of a task and a pull request, with the key and the pull request taken.
create function docket_private.lock_linked(
    task_id         uuid,
    pull_request_id uuid
) returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_project uuid := docket_private.project_of_task(lock_linked.task_id);
begin
    perform docket_private.require_project(v_project);
    perform docket_private.share_graph(v_project);

    update docket.pull_requests as p
       set version = p.version
     where p.pull_request_id = lock_linked.pull_request_id
       and p.project_id = v_project;

    if not found then
        raise exception 'pull request % does not exist',
                        coalesce(lock_linked.pull_request_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'A task and its pull requests belong to one project.';
    end if;

    return v_project;
end;
$$;

comment on function docket_private.lock_linked(uuid, uuid) is
    'Takes what linking a task with a pull request changes, and returns their project. Raises PD404, PD403.';

create function docket.link_pull_request(
    task_id         uuid,
    pull_request_id uuid,
    request_id      uuid default null
) returns docket.task_pull_requests
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'link_pull_request');
    v_project uuid;
    v_link    docket.task_pull_requests;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.task_pull_requests, v_answer);
    end if;

    v_project := docket_private.lock_linked(
        link_pull_request.task_id, link_pull_request.pull_request_id);

    insert into docket.task_pull_requests (task_id, project_id, pull_request_id)
    values (link_pull_request.task_id, v_project, link_pull_request.pull_request_id)
        on conflict on constraint task_pull_requests_pkey do nothing;

    select l.* into v_link
      from docket.task_pull_requests as l
     where l.task_id = link_pull_request.task_id
       and l.project_id = v_project
       and l.pull_request_id = link_pull_request.pull_request_id;

    perform docket_private.remember(request_id, to_jsonb(v_link));
    return v_link;
end;
$$;

comment on function docket.link_pull_request(uuid, uuid, uuid) is
'Says that pull request `pull_request_id` brings work of task `task_id`. What is there already stays.

A task is merged (merged_at) when at least one of its pull requests is and none is draft or open;
dependencies that ask for merged wait for that. The same `request_id` again returns the first
answer. Returns the link. Raises PD404, PD403.';

create function docket.unlink_pull_request(
    task_id         uuid,
    pull_request_id uuid,
    request_id      uuid default null
) returns docket.task_pull_requests
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'unlink_pull_request');
    v_project uuid;
    v_link    docket.task_pull_requests;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.task_pull_requests, v_answer);
    end if;

    v_project := docket_private.lock_linked(
        unlink_pull_request.task_id, unlink_pull_request.pull_request_id);

    delete from docket.task_pull_requests as l
     where l.task_id = unlink_pull_request.task_id
       and l.project_id = v_project
       and l.pull_request_id = unlink_pull_request.pull_request_id
    returning l.* into v_link;

    if not found then
        raise exception 'pull request % is none of the task',
                        unlink_pull_request.pull_request_id
            using errcode = 'PD404',
                  hint    = 'docket.list_task_pull_requests() lists those of a task.';
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_link));
    return v_link;
end;
$$;

comment on function docket.unlink_pull_request(uuid, uuid, uuid) is
'Says that pull request `pull_request_id` has nothing to do with task `task_id` any more; whether the
task is merged is left to the others.

The same `request_id` again returns the first answer. Returns what the link was. Raises PD404,
PD403.';

create function docket.list_task_pull_requests(
    task_id   uuid,
    after     uuid    default null,
    page_size integer default 100
) returns setof docket.pull_requests
language sql
stable
begin atomic
    select p.*
      from docket.task_pull_requests as l
      join docket.pull_requests as p
        on p.pull_request_id = l.pull_request_id
       and p.project_id = l.project_id
     where l.task_id = list_task_pull_requests.task_id
       and (list_task_pull_requests.after is null
            or l.pull_request_id > list_task_pull_requests.after)
     order by p.pull_request_id
     limit least(greatest(list_task_pull_requests.page_size, 1), 1000);
end;

comment on function docket.list_task_pull_requests(uuid, uuid, integer) is
'The pull requests of task `task_id`, the first recorded first.

`after` is the id of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns pull requests; none for a task that may not be seen. Raises nothing.';

create function docket.list_pull_request_tasks(
    pull_request_id uuid,
    after           uuid    default null,
    page_size       integer default 100
) returns setof docket.tasks
language sql
stable
begin atomic
    select t.*
      from docket.task_pull_requests as l
      join docket.tasks as t
        on t.task_id = l.task_id
       and t.project_id = l.project_id
     where l.pull_request_id = list_pull_request_tasks.pull_request_id
       and (list_pull_request_tasks.after is null
            or l.task_id > list_pull_request_tasks.after)
     order by t.task_id
     limit least(greatest(list_pull_request_tasks.page_size, 1), 1000);
end;

comment on function docket.list_pull_request_tasks(uuid, uuid, integer) is
'The tasks whose work pull request `pull_request_id` brings, the first made first.

`after` is the id of the last row of the previous page, `page_size` is in rows (1 to 1000).
Returns tasks; none for a pull request that may not be seen. Raises nothing.';

revoke all on function docket_private.settle_merges(uuid, uuid[]) from public;
revoke all on function docket_private.follow_merges() from public;
revoke all on function docket_private.follow_pull_request_links() from public;
revoke all on function docket_private.lock_linked(uuid, uuid) from public;
revoke all on function docket.link_pull_request(uuid, uuid, uuid) from public;
revoke all on function docket.unlink_pull_request(uuid, uuid, uuid) from public;
revoke all on function docket.list_task_pull_requests(uuid, uuid, integer) from public;
revoke all on function docket.list_pull_request_tasks(uuid, uuid, integer) from public;
grant execute on function
    docket.link_pull_request(uuid, uuid, uuid),
    docket.unlink_pull_request(uuid, uuid, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.list_task_pull_requests(uuid, uuid, integer),
    docket.list_pull_request_tasks(uuid, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.task_pull_requests
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
