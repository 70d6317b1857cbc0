-- Deploy pgdocket:graph/task_nodes to pg
-- requires: graph/task_dependencies

begin;
set local role docket_owner;

-- The guard of a project's graph, and the highest rank given out in it.
create table docket_private.project_graphs (
    project_id uuid   not null,
    version    bigint not null default 0,
    top        bigint not null default 0,

    constraint project_graphs_pkey primary key (project_id),
    constraint project_graphs_project_fkey
        foreign key (project_id) references docket.projects on delete cascade
);

comment on table docket_private.project_graphs is
    'The guard of each project''s graph: whoever changes the shape updates its row before looking.';
comment on column docket_private.project_graphs.version is
    'How many transactions have changed the shape.';
comment on column docket_private.project_graphs.top is
    'No node of the project has a higher rank.';

-- What the graph knows of a task, apart from the task, so that neither write disturbs the
-- other: one row for each task that ever had a gating dependency. Neither rank nor unmet is in
-- an index, so that counting down is a heap-only update.
--
-- Derived, so without a foreign key, which would cost a look-up and a lock of the task per row;
-- the trigger that follows deleted tasks clears their nodes away.
create table docket_private.task_nodes (
    project_id uuid    not null,
    task_id    uuid    not null,
    rank       bigint  not null,
    unmet      integer not null,

    constraint task_nodes_pkey primary key (project_id, task_id),
    constraint task_nodes_unmet_not_negative check (unmet >= 0)
) with (fillfactor = 70);

comment on table docket_private.task_nodes is
    'Rank and counter of each task that ever had a gating dependency. Derived from task_dependencies and tasks.';
comment on column docket_private.task_nodes.task_id is
    'The task.';
comment on column docket_private.task_nodes.rank is
    'Higher than the rank of each task that it waits for; ties mean nothing.';
comment on column docket_private.task_nodes.unmet is
    'How many of its gating dependencies are not satisfied.';

-- Both tables are reached by their full key, taken from rows of tasks or task_dependencies that
-- row-level security has let through; filtering them again would cost more than the look-up.
alter table docket_private.project_graphs enable row level security;
alter table docket_private.project_graphs force row level security;
create policy project_graphs_by_functions on docket_private.project_graphs
    to docket_owner using (true);

call docket_private.add_isolation('docket_private.task_nodes', functions_see_all => true);

create function docket_private.guard_project() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into docket_private.project_graphs (project_id)
    values (new.project_id);

    return null;
end;
$$;

comment on function docket_private.guard_project() is
    'Gives a new project its guard: born with the project, it is seen by whoever sees the project.';

create trigger projects_guard after insert on docket.projects
    for each row execute function docket_private.guard_project();

insert into docket_private.project_graphs (project_id)
select p.project_id
  from docket_private.organization_projects as p;

create function docket_private.graph_key(project_id uuid) returns bigint
language sql
immutable
parallel safe
begin atomic
    select uuid_hash_extended(graph_key.project_id, 0);
end;

comment on function docket_private.graph_key(uuid) is
    'The advisory lock that stands for the graph of a project.';

-- Lock order, for everyone: the key of the graph, then tasks, then nodes by (rank, task_id),
-- then ready rows. The caller's next statement is the first that may look at the graph: the
-- statement that locks still sees what was there before it waited.
create function docket_private.lock_graph(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(docket_private.graph_key(lock_graph.project_id));

    -- The key makes sessions follow each other; this write is what refuses (40001) a snapshot
    -- that is older than the latest change, which a key can not. Once in a transaction is
    -- enough: then the row is its own.
    update docket_private.project_graphs as g
       set version = g.version + 1
     where g.project_id = lock_graph.project_id
       and g.xmin <> pg_current_xact_id()::xid;
end;
$$;

comment on function docket_private.lock_graph(uuid) is
'Takes the graph of a project for changing its shape: gating dependencies, parents.

Waits for all who hold it, and keeps it to the end of the transaction.';

create function docket_private.share_graph(project_id uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock_shared(docket_private.graph_key(share_graph.project_id));

    -- A snapshot that is kept for the transaction does not see what changed before the key was
    -- had. Locking the guard finds out (40001).
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        perform
           from docket_private.project_graphs as g
          where g.project_id = share_graph.project_id
            for share;
    end if;
end;
$$;

comment on function docket_private.share_graph(uuid) is
'Holds the shape of a project''s graph still, together with others, to the end of the transaction.

For changes of tasks that count for readiness: status, archiving, priority, time. A claim alone
does without it.';

revoke all on function docket_private.guard_project() from public;
revoke all on function docket_private.graph_key(uuid) from public;
revoke all on function docket_private.lock_graph(uuid) from public;
revoke all on function docket_private.share_graph(uuid) from public;

commit;
