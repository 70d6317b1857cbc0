-- Deploy pgdocket:graph/ready_tasks to pg
-- requires: graph/task_nodes

begin;
set local role docket_owner;

-- Exactly the tasks that can be claimed, or could when their time has come: pending, not
-- archived, with every gating dependency satisfied. Narrow, and with indexes of its own, so that
-- a claim never searches the tasks.
--
-- Derived from tasks, whose triggers keep it (graph/readiness), so without a foreign key: its
-- check would lock the very task that is about to be claimed.
create table docket.ready_tasks (
    task_id     uuid                 not null,
    project_id  uuid                 not null,
    priority    docket.task_priority not null,
    ready_since timestamptz          not null default docket.clock(),
    not_before  timestamptz,
    workflow_id uuid,

    constraint ready_tasks_pkey primary key (task_id, project_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

create index ready_tasks_claim_idx
    on docket.ready_tasks (project_id, priority desc, ready_since, task_id)
 where not_before is null;

create index ready_tasks_due_idx
    on docket.ready_tasks (project_id, not_before)
 where not_before is not null;

comment on table docket.ready_tasks is
    'The tasks that can be claimed now, or as soon as their time has come. Derived; kept by the database alone.';
comment on column docket.ready_tasks.task_id is
    'The task.';
comment on column docket.ready_tasks.priority is
    'The task''s priority, 10 the most urgent.';
comment on column docket.ready_tasks.ready_since is
    'When it became ready; what waited longest goes first.';
comment on column docket.ready_tasks.not_before is
    'It may be claimed from this time on; null: now.';
comment on column docket.ready_tasks.workflow_id is
    'The task''s workflow.';

call docket_private.add_isolation('docket.ready_tasks');

grant select on docket.ready_tasks
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
